import { createHash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  futimesSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { BitDustError } from '../../protocol/errors.ts';
import { absolutePath, type ByteName, errnoOf, joinNames } from './byte-names.ts';
import { type OpenRow, openRow } from './decode-jobs.ts';

/** An entry to be written, as it travels between threads. */
export interface OutputRow {
  readonly path: ByteName;
  readonly kind: 'file' | 'folder' | 'link';
  readonly mode: number;
  readonly mtimeNs: bigint;
  readonly size: number;
  readonly target: ByteName | null;
}

interface Place {
  readonly folder: string;
  readonly task: string;
  readonly force: boolean;
}

const PRIVATE_FOLDER = 0o700;
const PRIVATE_FILE = 0o600;

function unsafe(path: ByteName): never {
  throw new BitDustError('PATH_UNSAFE', undefined, { details: { path } });
}

/** Names of a path; refuses what could lead out of the target. The target itself is the empty path. */
function namesOf(path: ByteName): readonly ByteName[] {
  if (path === '') return [];
  const names = path.split('/');
  if (names.some((name) => name === '' || name === '.' || name === '..' || name.includes('\0'))) unsafe(path);
  return names;
}

function kindAt(path: Buffer): 'file' | 'folder' | 'other' | undefined {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return undefined;
  if (stats.isDirectory()) return 'folder';
  return stats.isFile() ? 'file' : 'other';
}

/** Every folder of the way is a real one: links that stand in the target are not walked through. */
function ensureFolder(place: Place, path: ByteName, ready: Set<ByteName>): void {
  if (ready.has(path)) return;
  const names = namesOf(path);
  if (names.length > 0) ensureFolder(place, names.slice(0, -1).join('/'), ready);
  const absolute = absolutePath(place.folder, path);
  if (path === '') mkdirSync(absolute, { recursive: true });
  else if (kindAt(absolute) === undefined) mkdirSync(absolute, { mode: PRIVATE_FOLDER });
  if (path !== '' && kindAt(absolute) !== 'folder') unsafe(path);
  ready.add(path);
}

function parentOf(path: ByteName): ByteName {
  return path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
}

/** Name of the file aside, in the same folder: the same for every run of the task. */
function aside(place: Place, path: ByteName): Buffer {
  const name = createHash('sha256').update(`${place.task}\0`).update(path, 'latin1').digest('hex').slice(0, 24);
  return absolutePath(place.folder, joinNames(parentOf(path), `.bitdust-${name}`));
}

function refuseExisting(place: Place, path: ByteName): void {
  const kind = kindAt(absolutePath(place.folder, path));
  if (kind === undefined || (place.force && kind !== 'folder')) return;
  throw new BitDustError('RESTORE_EXISTS', undefined, { details: { path } });
}

function prepareFile(place: Place, entry: OutputRow, ready: Set<ByteName>): boolean {
  if (namesOf(entry.path).length === 0) unsafe(entry.path);
  ensureFolder(place, parentOf(entry.path), ready);
  refuseExisting(place, entry.path);
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
  const path = aside(place, entry.path);
  const existed = kindAt(path) !== undefined;
  const fd = openSync(path, flags, PRIVATE_FILE);
  try {
    if (fstatSync(fd).size !== entry.size) ftruncateSync(fd, entry.size);
  } finally {
    closeSync(fd);
  }
  return existed;
}

/** Makes folders and, aside, files of full size that are all hole. */
export function prepareOutput(input: Place & { readonly entries: readonly OutputRow[] }): {
  readonly existing: number;
} {
  const ready = new Set<ByteName>();
  let existing = 0;
  for (const entry of input.entries) {
    if (entry.kind === 'folder') ensureFolder(input, entry.path, ready);
    if (entry.kind === 'file' && prepareFile(input, entry, ready)) existing += 1;
  }
  return { existing };
}

function writeAll(fd: number, bytes: Uint8Array, position: number): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at, position + at);
}

/** A chunk and the places its content belongs. */
export interface PlaceRow extends OpenRow {
  readonly places: readonly (readonly [path: ByteName, offset: number])[];
}

/** Opens chunks and writes each to its places; a rotten one does not keep the others from theirs. */
export function placeChunks(input: Place & { readonly bytes: Uint8Array; readonly rows: readonly PlaceRow[] }): null {
  const open = new Map<ByteName, number>();
  let failed: unknown;
  const fileOf = (path: ByteName): number => {
    const found = open.get(path);
    if (found !== undefined) return found;
    namesOf(path);
    const fd = openSync(aside(input, path), constants.O_WRONLY | constants.O_NOFOLLOW);
    open.set(path, fd);
    return fd;
  };
  try {
    for (const row of input.rows) {
      try {
        const plaintext = openRow(input.bytes, row);
        for (const [path, offset] of row.places) writeAll(fileOf(path), plaintext, offset);
      } catch (error) {
        if (!(error instanceof BitDustError && error.code === 'CHUNK_ROTTEN')) throw error;
        failed ??= error;
      }
      if (open.size > 256) closeAll(open);
    }
  } finally {
    closeAll(open);
  }
  if (failed !== undefined) throw failed;
  return null;
}

function closeAll(open: Map<ByteName, number>): void {
  for (const fd of open.values()) closeSync(fd);
  open.clear();
}

/** Seconds as file calls take them; a double holds them to about a quarter of a microsecond. */
function seconds(mtimeNs: bigint): number {
  return Number(mtimeNs) / 1e9;
}

/** Sets mode and time, and gives files their names. */
export function finishFiles(input: Place & { readonly entries: readonly OutputRow[] }): null {
  for (const entry of input.entries) {
    if (entry.kind !== 'file') continue;
    if (namesOf(entry.path).length === 0) unsafe(entry.path);
    refuseExisting(input, entry.path);
    const path = aside(input, entry.path);
    const fd = openSync(path, constants.O_RDWR | constants.O_NOFOLLOW);
    try {
      fchmodSync(fd, entry.mode);
      futimesSync(fd, seconds(entry.mtimeNs), seconds(entry.mtimeNs));
    } finally {
      closeSync(fd);
    }
    renameSync(path, absolutePath(input.folder, entry.path));
  }
  return null;
}

function makeLink(place: Place, entry: OutputRow): void {
  if (namesOf(entry.path).length === 0 || entry.target === null) unsafe(entry.path);
  ensureFolder(place, parentOf(entry.path), new Set());
  refuseExisting(place, entry.path);
  const path = absolutePath(place.folder, entry.path);
  const made = aside(place, entry.path);
  rmSync(made, { force: true });
  symlinkSync(Buffer.from(entry.target, 'latin1'), made);
  lutimesSync(made, seconds(entry.mtimeNs), seconds(entry.mtimeNs));
  renameSync(made, path);
}

function finishFolder(place: Place, entry: OutputRow): void {
  namesOf(entry.path);
  const path = absolutePath(place.folder, entry.path);
  if (kindAt(path) !== 'folder') unsafe(entry.path);
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  chmodSync(path, entry.mode);
  utimesSync(path, seconds(entry.mtimeNs), seconds(entry.mtimeNs));
}

/** Links first, then the folders from the deepest up, since each step changes the time of the folder above. */
export function finishTree(input: Place & { readonly entries: readonly OutputRow[] }): null {
  for (const entry of input.entries) if (entry.kind === 'link') makeLink(input, entry);
  const folders = input.entries.filter(({ kind }) => kind === 'folder');
  for (const entry of folders.toSorted((a, b) => namesOf(b.path).length - namesOf(a.path).length)) {
    finishFolder(input, entry);
  }
  return null;
}

/** Removes the files aside. */
export function abandonOutput(input: Place & { readonly paths: readonly ByteName[] }): null {
  for (const path of input.paths) {
    namesOf(path);
    try {
      rmSync(aside(input, path), { force: true });
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT' && errnoOf(error) !== 'ENOTDIR') throw error;
    }
  }
  return null;
}
