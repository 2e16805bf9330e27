import { hash, hashInto } from './blake3.ts';
import { equalBytes, labelled, u64 } from './hash.ts';
import { LIMITS } from './limits.ts';

/** Bytes of one leaf; the last one of a piece may be shorter. */
export const LEAF_BYTES = LIMITS.leafBytes.value;
const HASH_BYTES = 32;
const LEAF = 0x00;
const NODE = 0x01;
const ROOT = 0x02;

const leafInput = new Uint8Array(1 + LEAF_BYTES);
const nodeInput = new Uint8Array(1 + 2 * HASH_BYTES);
leafInput[0] = LEAF;
nodeInput[0] = NODE;

/** Number of leaves of so many bytes; nothing at all is one empty leaf. */
export function leafCount(length: number): number {
  return Math.max(1, Math.ceil(length / LEAF_BYTES));
}

function hashLeafInto(data: Uint8Array, target: Uint8Array, at: number): void {
  leafInput.set(data, 1);
  hashInto(data.length === LEAF_BYTES ? leafInput : leafInput.subarray(0, 1 + data.length), target, at);
}

/** Hash of one leaf of any size, as in a batch whose leaves are statements. */
export function hashLeaf(data: Uint8Array): Uint8Array {
  const input = new Uint8Array(1 + data.length);
  input[0] = LEAF;
  input.set(data, 1);
  return hash(input);
}

/** The hashes of all leaves of the bytes, one after the other. */
export function hashLeaves(data: Uint8Array): Uint8Array {
  const leaves = new Uint8Array(leafCount(data.length) * HASH_BYTES);
  for (let at = 0, leaf = 0; leaf < leaves.length; at += LEAF_BYTES, leaf += HASH_BYTES) {
    hashLeafInto(data.subarray(at, at + LEAF_BYTES), leaves, leaf);
  }
  return leaves;
}

/** The level above: pairs are hashed, an odd last node is promoted as it is. */
function levelAbove(level: Uint8Array): Uint8Array {
  const pair = 2 * HASH_BYTES;
  const pairs = Math.floor(level.length / pair);
  const above = new Uint8Array(Math.ceil(level.length / pair) * HASH_BYTES);
  for (let index = 0; index < pairs; index += 1) {
    nodeInput.set(level.subarray(index * pair, (index + 1) * pair), 1);
    hashInto(nodeInput, above, index * HASH_BYTES);
  }
  if (level.length % pair !== 0) above.set(level.subarray(pairs * pair), pairs * HASH_BYTES);
  return above;
}

function requireLeaves(leaves: Uint8Array): void {
  if (leaves.length === 0 || leaves.length % HASH_BYTES !== 0) throw new RangeError('leaf hashes are 32 bytes each');
}

/**
 * The root over leaf hashes. `length` is the number of bytes of a piece or stream, and the number of leaves of a batch.
 */
export function treeRoot(label: string, options: { readonly length: number; readonly leaves: Uint8Array }): Uint8Array {
  requireLeaves(options.leaves);
  let level = options.leaves;
  while (level.length > HASH_BYTES) level = levelAbove(level);
  return rootOver(label, options.length, level);
}

function rootOver(label: string, length: number, top: Uint8Array): Uint8Array {
  return hash(labelled(label, Uint8Array.of(ROOT), u64(length), top));
}

/** The root of these bytes. */
export function pieceRoot(label: string, data: Uint8Array): Uint8Array {
  return treeRoot(label, { length: data.length, leaves: hashLeaves(data) });
}

function requireRange(range: LeafRange, leaves: number): void {
  const { first, count } = range;
  if (!(Number.isInteger(first) && Number.isInteger(count) && first >= 0 && count > 0 && first + count <= leaves)) {
    throw new RangeError('no such range of leaves');
  }
}

/** Leaves `first` to `first + count - 1`. */
export interface LeafRange {
  readonly first: number;
  readonly count: number;
}

/**
 * The hashes that prove a range of leaves: level by level from the leaves up, on each the sibling left of the range,
 * then the one right of it, where there is one.
 */
export function rangePath(leaves: Uint8Array, range: LeafRange): Uint8Array {
  requireLeaves(leaves);
  requireRange(range, leaves.length / HASH_BYTES);
  const parts: Uint8Array[] = [];
  let level = leaves;
  let from = range.first;
  let to = range.first + range.count;
  while (level.length > HASH_BYTES) {
    if (from % 2 === 1) parts.push(level.subarray((from - 1) * HASH_BYTES, from * HASH_BYTES));
    if (to % 2 === 1 && to * HASH_BYTES < level.length)
      parts.push(level.subarray(to * HASH_BYTES, (to + 1) * HASH_BYTES));
    level = levelAbove(level);
    from = Math.floor(from / 2);
    to = Math.ceil(to / 2);
  }
  const path = new Uint8Array(parts.length * HASH_BYTES);
  for (const [index, part] of parts.entries()) path.set(part, index * HASH_BYTES);
  return path;
}

/** The hash on top of a range and its path, or undefined when the path has too few or too many hashes. */
function climb(options: {
  leaves: Uint8Array;
  range: LeafRange;
  total: number;
  path: Uint8Array;
}): Uint8Array | undefined {
  const { range, path } = options;
  let { leaves: level, total } = options;
  let from = range.first;
  let used = 0;
  while (total > 1) {
    const to = from + level.length / HASH_BYTES;
    const left = from % 2;
    const right = to % 2 === 1 && to < total ? 1 : 0;
    const needed = (left + right) * HASH_BYTES;
    if (used + needed > path.length) return undefined;
    const wide = new Uint8Array(level.length + needed);
    wide.set(path.subarray(used, used + left * HASH_BYTES));
    wide.set(level, left * HASH_BYTES);
    wide.set(path.subarray(used + left * HASH_BYTES, used + needed), left * HASH_BYTES + level.length);
    used += needed;
    level = levelAbove(wide);
    from = Math.floor(from / 2);
    total = Math.ceil(total / 2);
  }
  return used === path.length ? level : undefined;
}

/** Verifies leaf hashes of a range against a root. Never throws for bad input. */
export function verifyLeaves(
  label: string,
  options: {
    readonly root: Uint8Array;
    /** Of the whole: bytes, or leaves of a batch. */
    readonly length: number;
    /** Leaves of the whole. */
    readonly total: number;
    readonly range: LeafRange;
    readonly leaves: Uint8Array;
    readonly path: Uint8Array;
  },
): boolean {
  const { root, length, total, range, leaves, path } = options;
  if (!Number.isSafeInteger(range.first) || range.first < 0 || range.count < 1) return false;
  if (range.first + range.count > total || leaves.length !== range.count * HASH_BYTES) return false;
  const top = climb({ leaves, range, total, path });
  return top !== undefined && equalBytes(rootOver(label, length, top), root);
}

/** Verifies a range of whole leaves (the last of the piece may be short) with its path. Never throws for bad input. */
export function verifyRange(
  label: string,
  options: {
    readonly root: Uint8Array;
    readonly length: number;
    readonly first: number;
    readonly data: Uint8Array;
    readonly path: Uint8Array;
  },
): boolean {
  const { root, length, first, data, path } = options;
  if (!Number.isSafeInteger(first) || first < 0 || !Number.isSafeInteger(length) || length < 0) return false;
  const end = first * LEAF_BYTES + data.length;
  const whole = end === length || (data.length > 0 && data.length % LEAF_BYTES === 0 && end < length);
  if (!whole || path.length % HASH_BYTES !== 0) return false;
  const range = { first, count: leafCount(data.length) };
  return verifyLeaves(label, { root, length, total: leafCount(length), range, leaves: hashLeaves(data), path });
}

/** Builds a tree over bytes that come in parts of any size. */
export interface TreeBuilder {
  update(bytes: Uint8Array): void;
  /** Ends it: the root, the leaf hashes and the number of bytes. */
  finish(): { readonly root: Uint8Array; readonly leaves: Uint8Array; readonly length: number };
}

/** A builder that holds one leaf and the hashes of those before. */
export function createTreeBuilder(label: string): TreeBuilder {
  const pending = new Uint8Array(LEAF_BYTES);
  let filled = 0;
  let length = 0;
  let count = 0;
  let leaves = new Uint8Array(64 * HASH_BYTES);

  function push(data: Uint8Array): void {
    if ((count + 1) * HASH_BYTES > leaves.length) {
      const larger = new Uint8Array(leaves.length * 2);
      larger.set(leaves);
      leaves = larger;
    }
    hashLeafInto(data, leaves, count * HASH_BYTES);
    count += 1;
  }

  return {
    update(bytes) {
      length += bytes.length;
      let at = 0;
      while (at < bytes.length) {
        if (filled === 0 && bytes.length - at >= LEAF_BYTES) {
          push(bytes.subarray(at, at + LEAF_BYTES));
          at += LEAF_BYTES;
          continue;
        }
        const part = bytes.subarray(at, at + LEAF_BYTES - filled);
        pending.set(part, filled);
        filled += part.length;
        at += part.length;
        if (filled === LEAF_BYTES) {
          push(pending);
          filled = 0;
        }
      }
    },
    finish() {
      if (filled > 0 || count === 0) push(pending.subarray(0, filled));
      const whole = leaves.slice(0, count * HASH_BYTES);
      return { root: treeRoot(label, { length, leaves: whole }), leaves: whole, length };
    },
  };
}
