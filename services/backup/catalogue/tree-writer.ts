import type { TreeEntry } from '../../../ports/catalogue.ts';
import { equalBytes, textBytes, toHex } from '../../../protocol/hash.ts';
import { encodeTree } from '../../../protocol/tree-object.ts';
import { namesOf, startsWith } from './paths.ts';

/** Stores an object and gives its chunk id; an object stored before is not stored again. */
export type AddObject = (bytes: Uint8Array) => Promise<Uint8Array>;

/** Name of the one entry in the topmost object of a version; it stands for `/`. */
const ROOT_NAME = textBytes('files');
/** Mode of folders above the paths of a set, of which nothing is stored. */
const TRUNK_MODE = 0o755;

interface OpenFolder {
  readonly names: readonly Uint8Array[];
  readonly entry: TreeEntry;
  readonly children: TreeEntry[];
}

async function closed(add: AddObject, entry: TreeEntry, children: readonly TreeEntry[]): Promise<TreeEntry> {
  if (children.length === 0) return { ...entry, chunks: [] };
  const chunks: Uint8Array[] = [];
  for (const object of encodeTree(children)) chunks.push(await add(object));
  return { ...entry, chunks };
}

/**
 * Makes the objects of one scanned path from the bottom up. Entries come in the order of the scan: a folder, then all
 * that is in it. Only the folders on the way to the present entry are in memory.
 */
export interface BranchWriter {
  add(path: Uint8Array, entry: TreeEntry): Promise<void>;
  /** The entry of the scanned path itself; undefined when nothing was added. */
  finish(): Promise<TreeEntry | undefined>;
}

/** Begins a branch. */
export function createBranchWriter(add: AddObject): BranchWriter {
  const open: OpenFolder[] = [];
  let root: TreeEntry | undefined;

  async function closeTop(): Promise<void> {
    const folder = open.pop()!;
    const entry = await closed(add, folder.entry, folder.children);
    const parent = open[open.length - 1];
    if (parent === undefined) root = entry;
    else parent.children.push(entry);
  }

  return {
    async add(path, entry) {
      const names = namesOf(path);
      while (open.length > 0 && !isInside(names, open[open.length - 1]!.names)) await closeTop();
      if (open.length === 0 && names.length > 0) throw new RangeError('an entry came before its folder');
      if (entry.kind === 'folder') open.push({ names, entry, children: [] });
      else if (open.length === 0) root = entry;
      else open[open.length - 1]!.children.push(entry);
    },
    async finish() {
      while (open.length > 0) await closeTop();
      return root;
    },
  };
}

function isInside(names: readonly Uint8Array[], folder: readonly Uint8Array[]): boolean {
  return names.length > folder.length && startsWith(names, folder);
}

/** One path of a set with what became of it. */
export interface Branch {
  readonly names: readonly Uint8Array[];
  readonly entry: TreeEntry;
}

function bareFolder(name: Uint8Array): TreeEntry {
  return {
    name,
    kind: 'folder',
    mode: TRUNK_MODE,
    mtimeNs: 0n,
    size: 0,
    chunks: [],
    lengths: [],
    holes: [],
    target: null,
    changedWhileRead: false,
  };
}

async function trunk(add: AddObject, name: Uint8Array, branches: readonly Branch[], depth: number): Promise<TreeEntry> {
  const here = branches.find((branch) => branch.names.length === depth);
  if (here !== undefined) return { ...here.entry, name };
  const groups = Map.groupBy(branches, (branch) => toHex(branch.names[depth]!));
  const children: TreeEntry[] = [];
  for (const group of groups.values()) {
    children.push(await trunk(add, group[0]!.names[depth]!, group, depth + 1));
  }
  return closed(add, bareFolder(name), children);
}

/** Joins the paths of a set from `/` down and stores the topmost object; gives its chunk id. No path lies inside another. */
export async function writeRoot(add: AddObject, branches: readonly Branch[]): Promise<Uint8Array> {
  const root = await trunk(add, ROOT_NAME, branches, 0);
  const [object] = encodeTree([{ ...root, name: ROOT_NAME }]);
  return add(object!);
}

/** Of several paths those that lie in no other one, each once. */
export function outermost(paths: readonly (readonly Uint8Array[])[]): readonly (readonly Uint8Array[])[] {
  const isSame = (a: readonly Uint8Array[], b: readonly Uint8Array[]) =>
    a.length === b.length && a.every((name, index) => equalBytes(name, b[index]!));
  return paths.filter(
    (path, index) => !paths.some((other, at) => isInside(path, other) || (at < index && isSame(path, other))),
  );
}
