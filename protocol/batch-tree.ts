import { concatBytes } from './hash.ts';
import { LABELS } from './labels.ts';
import { hashLeaf, rangePath, treeRoot, verifyLeaves } from './piece-tree.ts';

function leavesOf(items: readonly Uint8Array[]): Uint8Array {
  if (items.length === 0) throw new RangeError('a batch has at least one item');
  return concatBytes(...items.map(hashLeaf));
}

/** Root of a tree whose leaves are whole items, at least one; the length in the root is their count. */
export function batchRoot(items: readonly Uint8Array[]): Uint8Array {
  return treeRoot(LABELS.batch, { length: items.length, leaves: leavesOf(items) });
}

/** The hashes beside the way from one item to the root: with them the item can be shown to somebody who has only the root. */
export function batchPath(items: readonly Uint8Array[], index: number): Uint8Array {
  return rangePath(leavesOf(items), { first: index, count: 1 });
}

/** True when the item is the `index`-th of `count` under this root. */
export function isInBatch(options: {
  readonly root: Uint8Array;
  readonly item: Uint8Array;
  readonly index: number;
  readonly count: number;
  readonly path: Uint8Array;
}): boolean {
  const { root, item, index, count, path } = options;
  return verifyLeaves(LABELS.batch, {
    root,
    length: count,
    total: count,
    range: { first: index, count: 1 },
    leaves: hashLeaf(item),
    path,
  });
}
