import { hash } from './blake3.ts';
import { isBlockSize } from './block-size.ts';
import { encode } from './cbor.ts';
import { BitDustError } from './errors.ts';
import { labelled, toHex, u32 } from './hash.ts';
import type { BlockId } from './ids.ts';
import { LABELS } from './labels.ts';
import { LIMITS } from './limits.ts';
import { hashLeaf, rangePath, treeRoot, verifyLeaves } from './piece-tree.ts';
import { bytes, decodeAs, int, map } from './shape.ts';

const HASH_BYTES = 32;

/** What suppliers and holders of the log know of a block. */
export interface BlockRecord {
  readonly k: number;
  readonly n: number;
  /** Bytes of the block, footer and padding included. */
  readonly size: number;
  /** Seat number of each piece, n bytes, all different. */
  readonly seats: Uint8Array;
  /** Roots of the pieces, n x 32 bytes. */
  readonly roots: Uint8Array;
}

const piecesMax = LIMITS.seatsMax.value;

/** The form of a block record on the wire and in log entries; `checkBlockRecord` judges it further. */
export const blockRecordShape = map({
  k: int(1, piecesMax),
  n: int(1, piecesMax),
  size: int(1, 2 ** 32 - 1),
  seats: bytes({ min: 1, max: piecesMax }),
  roots: bytes({ min: HASH_BYTES, max: piecesMax * HASH_BYTES }),
});

/** Throws `BLOCK_RECORD_INVALID` unless the fields agree with each other. */
export function checkBlockRecord(record: BlockRecord): BlockRecord {
  const { k, n, size, seats, roots } = record;
  const holds =
    k >= 1 &&
    k <= n &&
    n <= piecesMax &&
    isBlockSize(k, size) &&
    seats.length === n &&
    new Set(seats).size === n &&
    roots.length === n * HASH_BYTES;
  if (!holds) throw new BitDustError('BLOCK_RECORD_INVALID');
  return record;
}

/** Deterministic CBOR of the record. */
export function encodeBlockRecord(record: BlockRecord): Uint8Array {
  const { k, n, size, seats, roots } = checkBlockRecord(record);
  return encode({ k, n, size, seats, roots });
}

/** Reads a record; `ENCODING_INVALID` or `BLOCK_RECORD_INVALID`. */
export function decodeBlockRecord(input: Uint8Array): BlockRecord {
  const bounds = { bytesMax: LIMITS.blockRecordBytesMax.value, name: 'block record' };
  return checkBlockRecord(decodeAs(blockRecordShape, input, bounds));
}

/** The block id: the hash of k, n, size and roots. Seats are not in it, so a piece may move. */
export function blockIdOf(record: Pick<BlockRecord, 'k' | 'n' | 'size' | 'roots'>): BlockId {
  const { k, n, size, roots } = record;
  return toHex(hash(labelled(LABELS.block, Uint8Array.of(k, n), u32(size), roots)));
}

/** Root of the piece with this index. */
export function rootOfPiece(record: Pick<BlockRecord, 'n' | 'roots'>, index: number): Uint8Array {
  if (!(Number.isInteger(index) && index >= 0 && index < record.n)) throw new RangeError('no such piece');
  return record.roots.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES);
}

function leavesOf(records: readonly Uint8Array[]): Uint8Array {
  if (records.length < 1 || records.length > LIMITS.blockBatchMax.value) throw new RangeError('1 to 64 records');
  const leaves = new Uint8Array(records.length * HASH_BYTES);
  for (const [index, record] of records.entries()) leaves.set(hashLeaf(record), index * HASH_BYTES);
  return leaves;
}

/** Merkle root over encoded records, as one log entry signs it. */
export function batchRoot(records: readonly Uint8Array[]): Uint8Array {
  return treeRoot(LABELS.batch, { length: records.length, leaves: leavesOf(records) });
}

/** The path that shows one record of a batch to somebody who knows only the root. */
export function batchPath(records: readonly Uint8Array[], index: number): Uint8Array {
  return rangePath(leavesOf(records), { first: index, count: 1 });
}

/** True when the encoded record stands at this place of the batch with this root. */
export function verifyInBatch(options: {
  readonly root: Uint8Array;
  readonly count: number;
  readonly index: number;
  readonly record: Uint8Array;
  readonly path: Uint8Array;
}): boolean {
  const { root, count, index, record, path } = options;
  const range = { first: index, count: 1 };
  const leaves = hashLeaf(record);
  return verifyLeaves(LABELS.batch, { root, length: count, total: count, range, leaves, path });
}
