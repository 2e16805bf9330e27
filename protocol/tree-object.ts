import { encode } from './cbor.ts';
import { BitDustError } from './errors.ts';
import { compareBytes, concatBytes } from './hash.ts';
import { LIMITS } from './limits.ts';
import { array, bytes, decodeAs, int, map, oneOf, optional } from './shape.ts';

/** One entry of a directory object. Names and targets are bytes: not every name is UTF-8. */
export interface TreeEntry {
  readonly name: Uint8Array;
  readonly kind: 'file' | 'folder' | 'link';
  readonly mode: number;
  /** Nanoseconds since 1970. */
  readonly mtimeNs: bigint;
  readonly size: number;
  /** Chunk ids of a file's content in order, or of a folder's own tree objects. */
  readonly chunks: readonly Uint8Array[];
  /** Plaintext length of each chunk of a file, so that a range is found without reading what is before it; empty for others. */
  readonly lengths: readonly number[];
  /** Zero runs left out of `chunks`: offset and length, in order. */
  readonly holes: readonly (readonly [number, number])[];
  readonly target: Uint8Array | null;
  readonly changedWhileRead: boolean;
}

const NS_PER_SECOND = 1_000_000_000n;
const KINDS = ['file', 'folder', 'link'] as const;
const HOLES_PER_PART_MAX = 16_384;

const entryShape = map({
  n: bytes({ min: 1, max: LIMITS.nameBytesMax.value }),
  k: int(0, 2),
  m: int(0, 0o7777),
  /** Whole seconds, rounded down, then nanoseconds. */
  t: int(Number.MIN_SAFE_INTEGER),
  f: optional(int(1, 999_999_999)),
  z: optional(int(1)),
  c: optional(bytes({ min: 32, max: LIMITS.treeChunksPerEntryMax.value * 32 })),
  /** Plaintext lengths of the chunks; left out where there is one chunk, since the size says it. */
  s: optional(array(int(1), LIMITS.treeChunksPerEntryMax.value, 1)),
  h: optional(array(int(), HOLES_PER_PART_MAX * 2, 2)),
  l: optional(bytes({ min: 1, max: LIMITS.linkTargetBytesMax.value })),
  r: optional(oneOf(true)),
  /** Goes on from the last entry of the object before. */
  p: optional(oneOf(true)),
});

const objectShape = map({ e: array(entryShape, LIMITS.treeEntriesMax.value), v: oneOf(1) });

type EntryWire = ReturnType<typeof entryShape.check>;

function invalid(message: string): never {
  throw new BitDustError('TREE_INVALID', message);
}

function flooredSeconds(ns: bigint): bigint {
  return ns < 0n && ns % NS_PER_SECOND !== 0n ? ns / NS_PER_SECOND - 1n : ns / NS_PER_SECOND;
}

function isSafeName(name: Uint8Array): boolean {
  if (name.length === 0 || name.length > LIMITS.nameBytesMax.value) return false;
  if (name.includes(0x2f) || name.includes(0)) return false;
  return !(name[0] === 0x2e && (name.length === 1 || (name.length === 2 && name[1] === 0x2e)));
}

/** One entry as one or several wire parts, each with a bounded number of chunk ids and holes. */
function partsOf(entry: TreeEntry): EntryWire[] {
  const seconds = flooredSeconds(entry.mtimeNs);
  const nanos = Number(entry.mtimeNs - seconds * NS_PER_SECOND);
  const head = {
    n: entry.name,
    k: KINDS.indexOf(entry.kind),
    m: entry.mode,
    t: Number(seconds),
    ...(nanos === 0 ? {} : { f: nanos }),
    ...(entry.size === 0 ? {} : { z: entry.size }),
    ...(entry.target === null ? {} : { l: entry.target }),
    ...(entry.changedWhileRead ? { r: true as const } : {}),
  };
  const chunksMax = LIMITS.treeChunksPerEntryMax.value;
  const count = Math.max(
    1,
    Math.ceil(entry.chunks.length / chunksMax),
    Math.ceil(entry.holes.length / HOLES_PER_PART_MAX),
  );
  return Array.from({ length: count }, (_, part) => {
    const chunks = entry.chunks.slice(part * chunksMax, (part + 1) * chunksMax);
    const lengths = entry.lengths.length < 2 ? [] : entry.lengths.slice(part * chunksMax, (part + 1) * chunksMax);
    const holes = entry.holes.slice(part * HOLES_PER_PART_MAX, (part + 1) * HOLES_PER_PART_MAX);
    return {
      ...head,
      ...(chunks.length === 0 ? {} : { c: concatBytes(...chunks) }),
      ...(lengths.length === 0 ? {} : { s: [...lengths] }),
      ...(holes.length === 0 ? {} : { h: holes.flat() }),
      ...(part === 0 ? {} : { p: true as const }),
    };
  });
}

function weightOf(part: EntryWire): number {
  return (
    64 +
    part.n.length +
    (part.c?.length ?? 0) +
    (part.s?.length ?? 0) * 5 +
    (part.h?.length ?? 0) * 9 +
    (part.l?.length ?? 0)
  );
}

/** Objects are cut before this size, so that one changed file writes little again; a single long entry may pass it. */
const OBJECT_BYTES_AIM = 512 * 1024;

/**
 * Writes a folder: one object, or several when it has more than 1,024 entries or long chunk lists. Entries are put in the
 * order of their names. Throws `TREE_INVALID` for names no folder can hold or that stand twice.
 */
export function encodeTree(entries: readonly TreeEntry[]): readonly Uint8Array[] {
  const sorted = entries.toSorted((a, b) => compareBytes(a.name, b.name));
  const objects: EntryWire[][] = [[]];
  let weight = 0;
  sorted.forEach((entry, index) => {
    const before = sorted[index - 1];
    if (before !== undefined && compareBytes(before.name, entry.name) === 0) invalid('a name stands twice');
    checkEntry(entry);
    for (const part of partsOf(entry)) {
      const current = objects[objects.length - 1]!;
      const added = weightOf(part);
      const full = current.length >= LIMITS.treeEntriesMax.value || weight + added > OBJECT_BYTES_AIM;
      if (current.length > 0 && (full || part.p === true)) {
        objects.push([part]);
        weight = added;
      } else {
        current.push(part);
        weight += added;
      }
    }
  });
  return objects.map((e) => encode({ e, v: 1 }));
}

function checkHoles(entry: TreeEntry): void {
  let end = 0;
  for (const [offset, length] of entry.holes) {
    if (length < 1 || offset < end || offset + length > entry.size)
      invalid('the holes are not in order inside the file');
    end = offset + length;
  }
}

function checkEntry(entry: TreeEntry): void {
  if (!isSafeName(entry.name)) invalid('a name is empty, too long, or would lead elsewhere');
  if (entry.kind === 'link' ? entry.target === null : entry.target !== null) invalid('only links have a target');
  if (entry.kind !== 'file' && entry.holes.length > 0) invalid('only files have holes');
  if (entry.kind === 'link' && entry.chunks.length > 0) invalid('a link has no chunks');
  checkHoles(entry);
  checkLengths(entry);
}

function checkLengths({ kind, size, chunks, lengths, holes }: TreeEntry): void {
  if (kind !== 'file') {
    if (lengths.length > 0) invalid('only chunks of files have lengths');
    return;
  }
  const filled = lengths.reduce((sum, length) => sum + length, 0) + holes.reduce((sum, [, length]) => sum + length, 0);
  if (lengths.length !== chunks.length || filled !== size) invalid('chunks and holes do not make up the file');
}

function entryFrom(parts: readonly EntryWire[]): TreeEntry {
  const [first] = parts;
  const chunks: Uint8Array[] = [];
  const lengths: number[] = [];
  const holes: [number, number][] = [];
  for (const { c, s, h } of parts) {
    if ((c?.length ?? 0) % 32 !== 0 || (h?.length ?? 0) % 2 !== 0) invalid('chunk ids or holes are cut short');
    lengths.push(...(s ?? []));
    for (let at = 0; c !== undefined && at < c.length; at += 32) chunks.push(c.slice(at, at + 32));
    for (let at = 0; h !== undefined && at < h.length; at += 2) holes.push([h[at]!, h[at + 1]!]);
  }
  const size = first!.z ?? 0;
  if (lengths.length === 0 && first!.k === 0 && chunks.length === 1) {
    lengths.push(size - holes.reduce((sum, [, length]) => sum + length, 0));
  }
  const entry: TreeEntry = {
    name: first!.n,
    kind: KINDS[first!.k]!,
    mode: first!.m,
    mtimeNs: BigInt(first!.t) * NS_PER_SECOND + BigInt(first!.f ?? 0),
    size,
    chunks,
    lengths,
    holes,
    target: first!.l ?? null,
    changedWhileRead: first!.r === true,
  };
  checkEntry(entry);
  return entry;
}

/** Reads the objects of one folder, in their order. Throws `ENCODING_INVALID` or `TREE_INVALID`. */
export function decodeTree(objects: readonly Uint8Array[]): readonly TreeEntry[] {
  const groups: EntryWire[][] = [];
  for (const object of objects) {
    const bounds = { bytesMax: LIMITS.treeObjectBytesMax.value, itemsMax: 131_072, depthMax: 4, name: 'tree object' };
    for (const part of decodeAs(objectShape, object, bounds).e) {
      const last = groups[groups.length - 1];
      if (part.p === true) {
        if (last === undefined || compareBytes(last[0]!.n, part.n) !== 0)
          invalid('an entry goes on that did not begin');
        last.push(part);
      } else {
        if (last !== undefined && compareBytes(last[0]!.n, part.n) >= 0) invalid('the names are not in order');
        groups.push([part]);
      }
    }
  }
  return groups.map(entryFrom);
}
