import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import type { Fingerprint, SkippedPath } from '../../ports/pipeline.ts';
import { createKeyedHash } from '../../protocol/blake3.ts';
import { type Chunker, createChunker } from '../../protocol/fastcdc/chunker.ts';
import { toHex } from '../../protocol/hash.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { absolutePath, type ByteName, errnoOf } from './byte-names.ts';
import { isFresh, sameFingerprint } from './scan.ts';
import { zeroBytesAt } from './zero-runs.ts';

/** Where reading goes on: which file, from which byte, how often it was begun, and how it was then. */
export interface ReadCursor {
  readonly file: number;
  readonly offset: number;
  readonly attempt: number;
  readonly begun: Fingerprint | null;
}

export interface ReadInput {
  readonly root: string;
  readonly paths: readonly ByteName[];
  readonly cursor: ReadCursor;
  readonly window: ArrayBuffer;
  readonly gear: Uint8Array;
  readonly dedup: Uint8Array;
}

/** A file that was read to its end, or could not be. */
export interface ReadDone {
  readonly file: number;
  readonly fingerprint: Fingerprint;
  readonly changed: boolean;
  readonly failure: Omit<SkippedPath, 'path'> | null;
}

/** One window of plaintext, its chunks as columns, and what became of the files. */
export interface ReadAnswer {
  readonly window: ArrayBuffer;
  readonly ids: Uint8Array;
  readonly starts: Uint32Array;
  readonly lengths: Uint32Array;
  readonly files: Uint32Array;
  readonly offsets: Float64Array;
  readonly holes: readonly (readonly [file: number, offset: number, length: number])[];
  readonly done: readonly ReadDone[];
  /** Files begun anew because they changed: what was given of them before does not count. */
  readonly restarted: readonly number[];
  readonly cursor: ReadCursor | null;
  readonly bytesRead: number;
}

/** A job reads no more than this, so that a file of zeros does not keep a worker for minutes. */
const JOB_BYTES_MAX = 256 * 1024 * 1024;
/** NOFOLLOW: it was a file when scanned. NONBLOCK: a pipe put in its place must not stop the worker. */
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const UNREAD: Fingerprint = { size: 0, mtimeNs: 0n, ctimeNs: 0n, inode: 0n };

interface ChunkRow {
  readonly file: number;
  readonly offset: number;
  readonly start: number;
  readonly length: number;
}

/** What a job has gathered so far. */
class Window {
  readonly bytes: Uint8Array;
  filled = 0;
  bytesRead = 0;
  readonly chunks: ChunkRow[] = [];
  readonly holes: [number, number, number][] = [];

  constructor(buffer: ArrayBuffer) {
    this.bytes = new Uint8Array(buffer);
  }

  /** Forgets what was gathered of a file. */
  drop(file: number): void {
    const first = this.chunks.findIndex((chunk) => chunk.file === file);
    if (first >= 0) {
      this.filled = this.chunks[first]!.start;
      this.chunks.length = first;
    }
    while (this.holes.at(-1)?.[0] === file) this.holes.pop();
  }

  addHole(file: number, offset: number, length: number): void {
    const last = this.holes.at(-1);
    if (last?.[0] === file && last[1] + last[2] === offset) last[2] += length;
    else this.holes.push([file, offset, length]);
  }
}

const kept = new Map<string, Chunker>();
const hashes = new Map<string, (bytes: Uint8Array) => Uint8Array>();
const KEPT_MAX = 8;

function remembered<Value>(map: Map<string, Value>, secret: Uint8Array, make: () => Value): Value {
  const name = toHex(secret);
  const found = map.get(name);
  if (found !== undefined) return found;
  if (map.size >= KEPT_MAX) map.clear();
  const made = make();
  map.set(name, made);
  return made;
}

function fingerprintOf(fd: number): Fingerprint | undefined {
  const stats = fstatSync(fd, { bigint: true });
  if (!stats.isFile()) return undefined;
  return { size: Number(stats.size), mtimeNs: stats.mtimeNs, ctimeNs: stats.ctimeNs, inode: stats.ino };
}

interface Reading {
  readonly fd: number;
  readonly file: number;
  readonly window: Window;
  readonly chunker: Chunker;
  readonly size: number;
  offset: number;
  /** Bytes behind `filled` that are read already. */
  ahead: number;
}

/** Reads on until the largest chunk is there, the window is full or the file ends. True at its end. */
function readAhead(reading: Reading): boolean {
  const { window, fd } = reading;
  const wanted = Math.min(window.bytes.length - window.filled, LIMITS.chunkBytesMax.value);
  while (reading.ahead < wanted) {
    const position = reading.offset + reading.ahead;
    if (position >= reading.size) return true;
    const read = readSync(fd, window.bytes, window.filled + reading.ahead, wanted - reading.ahead, position);
    if (read === 0) return true;
    reading.ahead += read;
    window.bytesRead += read;
  }
  return reading.offset + reading.ahead >= reading.size;
}

function skipHole(reading: Reading, length: number): void {
  const { window, file } = reading;
  window.addHole(file, reading.offset, length);
  window.bytes.copyWithin(window.filled, window.filled + length, window.filled + reading.ahead);
  reading.offset += length;
  reading.ahead -= length;
}

/** Takes the next chunk or hole. `full` when the window cannot decide the next cut. */
function takeNext(reading: Reading): 'more' | 'end' | 'full' {
  const { window, chunker, file } = reading;
  const atEnd = readAhead(reading);
  if (reading.ahead === 0) return atEnd ? 'end' : 'full';
  const data = window.bytes.subarray(window.filled, window.filled + reading.ahead);
  const zeros = zeroBytesAt(data, reading.offset);
  if (zeros?.at === 0) {
    skipHole(reading, zeros.length);
    return 'more';
  }
  const segment = zeros === undefined ? data : data.subarray(0, zeros.at);
  const closed = atEnd || zeros !== undefined;
  const length = closed ? chunker.cut(segment) : chunker.cutOpen(segment);
  if (length === undefined) return 'full';
  window.chunks.push({ file, offset: reading.offset, start: window.filled, length });
  window.filled += length;
  reading.offset += length;
  reading.ahead -= length;
  return 'more';
}

type Outcome = { readonly done: ReadDone } | { readonly again: ReadCursor; readonly restarted: boolean };

function finish(reading: Reading, cursor: ReadCursor, begun: Fingerprint): Outcome {
  const { fd, file } = reading;
  const after = fingerprintOf(fd) ?? UNREAD;
  const changed = !sameFingerprint(begun, after);
  const attempt = cursor.attempt + 1;
  if (changed && attempt < LIMITS.readAttemptsMax.value) {
    return { again: { file, offset: 0, attempt, begun: null }, restarted: true };
  }
  // A fingerprint taken so soon after a write proves nothing; with this one the file is read again next time.
  const fingerprint = isFresh(after.mtimeNs, Date.now()) ? { ...after, ctimeNs: 0n } : after;
  return { done: { file, fingerprint: { ...fingerprint, size: reading.offset }, changed, failure: null } };
}

function readOpen(fd: number, cursor: ReadCursor, window: Window, chunker: Chunker): Outcome {
  const now = fingerprintOf(fd);
  const { file, offset } = cursor;
  if (now === undefined) {
    const failure = { code: 'FILE_KIND_UNSUPPORTED', message: 'no longer a file' } as const;
    return { done: { file, fingerprint: UNREAD, changed: false, failure } };
  }
  const begun = cursor.begun ?? now;
  const reading: Reading = { fd, file, window, chunker, size: now.size, offset, ahead: 0 };
  for (;;) {
    const next = takeNext(reading);
    if (next === 'end') return finish(reading, cursor, begun);
    if (next === 'full' || window.bytesRead >= JOB_BYTES_MAX) {
      return { again: { ...cursor, offset: reading.offset, begun }, restarted: false };
    }
  }
}

function readFile(input: ReadInput, cursor: ReadCursor, window: Window, chunker: Chunker): Outcome {
  const { file } = cursor;
  let fd: number | undefined;
  try {
    fd = openSync(absolutePath(input.root, input.paths[file]!), OPEN_FLAGS);
    return readOpen(fd, cursor, window, chunker);
  } catch (error) {
    window.drop(file);
    const code = errnoOf(error) === 'ENOENT' ? 'FILE_VANISHED' : 'FILE_UNREADABLE';
    const failure = { code, message: errnoOf(error) ?? String(error) } as const;
    return { done: { file, fingerprint: UNREAD, changed: false, failure } };
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function columns(window: Window, dedup: Uint8Array) {
  const { chunks, bytes } = window;
  const keyedHash = remembered(hashes, dedup, () => createKeyedHash(dedup));
  const ids = new Uint8Array(chunks.length * 32);
  for (const [index, { start, length }] of chunks.entries()) {
    ids.set(keyedHash(bytes.subarray(start, start + length)), index * 32);
  }
  return {
    ids,
    starts: Uint32Array.from(chunks, ({ start }) => start),
    lengths: Uint32Array.from(chunks, ({ length }) => length),
    files: Uint32Array.from(chunks, ({ file }) => file),
    offsets: Float64Array.from(chunks, ({ offset }) => offset),
  };
}

/**
 * Reads files one after the other into a window of plaintext and cuts them into chunks with ids, until the window is full.
 * A file is looked at before and after: one that changed meanwhile is begun anew, twice at most.
 */
export function readFiles(input: ReadInput): ReadAnswer {
  const window = new Window(input.window);
  const chunker = remembered(kept, input.gear, () => createChunker(input.gear));
  const done: ReadDone[] = [];
  const restarted: number[] = [];
  let cursor: ReadCursor | null = input.cursor;
  while (cursor !== null && cursor.file < input.paths.length) {
    const outcome: Outcome = readFile(input, cursor, window, chunker);
    if ('done' in outcome) {
      done.push(outcome.done);
      cursor = { file: cursor.file + 1, offset: 0, attempt: 0, begun: null };
      continue;
    }
    cursor = outcome.again;
    if (!outcome.restarted) break;
    window.drop(cursor.file);
    restarted.push(cursor.file);
  }
  if (cursor !== null && cursor.file >= input.paths.length) cursor = null;
  const { holes, bytesRead } = window;
  return { window: input.window, ...columns(window, input.dedup), holes, done, restarted, cursor, bytesRead };
}
