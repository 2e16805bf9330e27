import type { PlacedEntry, TreeEntry } from '../../../ports/catalogue.ts';
import { BitDustError } from '../../../protocol/errors.ts';
import { compareBytes, equalBytes } from '../../../protocol/hash.ts';
import { decodeTree } from '../../../protocol/tree-object.ts';
import { joinPath, namesOf, pathOf } from './paths.ts';

/** Gives an object of a tree by its chunk id. */
export type ReadObject = (chunk: Uint8Array) => Promise<Uint8Array>;

/** Deeper trees than any file system makes are not followed. */
const DEPTH_MAX = 4096;

async function entriesOf(read: ReadObject, folder: TreeEntry): Promise<readonly TreeEntry[]> {
  if (folder.chunks.length === 0) return [];
  return decodeTree(await Promise.all(folder.chunks.map(read)));
}

/** The entry `/` of a version: the one thing in its topmost object. */
export async function rootEntry(read: ReadObject, tree: Uint8Array): Promise<TreeEntry> {
  const [root, ...others] = decodeTree([await read(tree)]);
  if (root?.kind !== 'folder' || others.length > 0) {
    throw new BitDustError('TREE_INVALID', 'the top of a version is not one folder');
  }
  return root;
}

/** What stands at an absolute path; undefined when there is nothing. */
export async function entryAt(read: ReadObject, tree: Uint8Array, path: Uint8Array): Promise<TreeEntry | undefined> {
  let entry: TreeEntry | undefined = await rootEntry(read, tree);
  for (const name of namesOf(path)) {
    if (entry?.kind !== 'folder') return undefined;
    const inside: readonly TreeEntry[] = await entriesOf(read, entry);
    entry = inside.find((row) => equalBytes(row.name, name));
  }
  return entry;
}

/** Entries of the folder at a path; undefined when there is no folder. */
export async function listAt(
  read: ReadObject,
  tree: Uint8Array,
  path: Uint8Array,
): Promise<readonly TreeEntry[] | undefined> {
  const folder = await entryAt(read, tree, path);
  return folder?.kind === 'folder' ? entriesOf(read, folder) : undefined;
}

/** The entry and all below it, a folder before what is in it. */
export async function* walkFrom(read: ReadObject, start: PlacedEntry, depth = 0): AsyncGenerator<PlacedEntry> {
  if (depth > DEPTH_MAX) throw new BitDustError('TREE_INVALID', 'the tree is too deep');
  yield start;
  if (start.entry.kind !== 'folder') return;
  for (const entry of await entriesOf(read, start.entry)) {
    yield* walkFrom(read, { path: joinPath(start.path, entry.name), entry }, depth + 1);
  }
}

/** The same from a path of a version. */
export async function* walkAt(read: ReadObject, tree: Uint8Array, path: Uint8Array): AsyncGenerator<PlacedEntry> {
  const entry = await entryAt(read, tree, path);
  if (entry === undefined) throw new BitDustError('ENTRY_NOT_FOUND');
  yield* walkFrom(read, { path: pathOf(namesOf(path)), entry });
}

export interface Difference {
  readonly path: Uint8Array;
  readonly before: TreeEntry | null;
  readonly after: TreeEntry | null;
}

function isSame(a: TreeEntry, b: TreeEntry): boolean {
  const sameBytes = (x: readonly Uint8Array[], y: readonly Uint8Array[]) =>
    x.length === y.length && x.every((chunk, index) => equalBytes(chunk, y[index]!));
  return (
    a.kind === b.kind &&
    a.mode === b.mode &&
    a.mtimeNs === b.mtimeNs &&
    a.size === b.size &&
    sameBytes(a.chunks, b.chunks) &&
    (a.target === null) === (b.target === null) &&
    (a.target === null || equalBytes(a.target, b.target!))
  );
}

/** What differs between two trees below a path. Folders with the same objects are not read. */
export async function* differences(
  read: ReadObject,
  at: { readonly path: Uint8Array; readonly before: TreeEntry | null; readonly after: TreeEntry | null },
): AsyncGenerator<Difference> {
  const { path, before, after } = at;
  if (before !== null && after !== null && isSame(before, after)) return;
  if (before !== null || after !== null) yield at;
  const old = before?.kind === 'folder' ? await entriesOf(read, before) : [];
  const now = after?.kind === 'folder' ? await entriesOf(read, after) : [];
  let i = 0;
  let j = 0;
  while (i < old.length || j < now.length) {
    const a = old[i];
    const b = now[j];
    const order = a === undefined ? 1 : b === undefined ? -1 : compareBytes(a.name, b.name);
    if (order <= 0) i += 1;
    if (order >= 0) j += 1;
    const name = (order <= 0 ? a : b)!.name;
    const pair = { before: order <= 0 ? a! : null, after: order >= 0 ? b! : null };
    yield* differences(read, { path: joinPath(path, name), ...pair });
  }
}
