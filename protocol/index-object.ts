import { encode } from './cbor.ts';
import {
  type ChunkCopy,
  LOCATED_CHUNK_BYTES,
  type LocatedChunk,
  PACKED_PLACE_BYTES,
  packLocated,
  packPlace,
  unpackLocated,
  unpackPlace,
} from './chunk-copy.ts';
import { BitDustError } from './errors.ts';
import { concatBytes, toHex } from './hash.ts';
import { type BlockId, bytesOfBlock } from './ids.ts';
import { LIMITS } from './limits.ts';
import { bytes, decodeAs, map, oneOf } from './shape.ts';

/** A copy whose block is the one the index object itself lies in: its id cannot be known while it is written. */
export interface IndexedCopy {
  readonly chunk: Uint8Array;
  readonly copy: Omit<ChunkCopy, 'block'> & { readonly block: BlockId | null };
}

/** What one backup added to the index, and which earlier objects still count. */
export interface IndexObject {
  readonly copies: readonly IndexedCopy[];
  readonly earlier: readonly LocatedChunk[];
}

const ROW_BYTES = 32 + 2 + PACKED_PLACE_BYTES;
const BLOCKS_MAX = 0xffff;
const OBJECT_BYTES_MAX = 4 * 1024 * 1024;

const objectShape = map({
  blocks: bytes({ max: BLOCKS_MAX * 32 }),
  earlier: bytes({ max: LIMITS.indexEarlierMax.value * LOCATED_CHUNK_BYTES }),
  rows: bytes({ max: LIMITS.indexRowsMax.value * ROW_BYTES }),
  v: oneOf(1),
});

function tooLarge(): never {
  throw new BitDustError('TOO_LARGE', 'an index object holds at most 32,768 copies');
}

/**
 * Writes an index object. A row is `chunk id ‖ u16 block ‖ place`; block 0 is the block the object lies in, block i the
 * i-th of `blocks`. Throws `TOO_LARGE` when it does not fit one chunk: then several objects are written.
 */
export function encodeIndex({ copies, earlier }: IndexObject): Uint8Array {
  if (copies.length > LIMITS.indexRowsMax.value || earlier.length > LIMITS.indexEarlierMax.value) tooLarge();
  const numbers = new Map<BlockId, number>();
  const rows = copies.map(({ chunk, copy }) => {
    if (chunk.length !== 32) throw new RangeError('a chunk id has 32 bytes');
    const { block } = copy;
    if (block !== null && !numbers.has(block)) numbers.set(block, numbers.size + 1);
    const number = block === null ? 0 : numbers.get(block)!;
    return concatBytes(chunk, Uint8Array.of(number >> 8, number & 0xff), packPlace(copy));
  });
  const object = encode({
    blocks: concatBytes(...[...numbers.keys()].map(bytesOfBlock)),
    earlier: concatBytes(...earlier.map(packLocated)),
    rows: concatBytes(...rows),
    v: 1,
  });
  if (object.length > OBJECT_BYTES_MAX) tooLarge();
  return object;
}

function cut(packed: Uint8Array, size: number): Uint8Array[] {
  if (packed.length % size !== 0) throw new BitDustError('ENCODING_INVALID', 'the rows of an index are cut short');
  return Array.from({ length: packed.length / size }, (_, i) => packed.subarray(i * size, (i + 1) * size));
}

/** Reads an index object that lies in the block `own`; copies in block 0 get its id. Throws `ENCODING_INVALID`. */
export function decodeIndex(
  input: Uint8Array,
  own: BlockId,
): { readonly copies: readonly LocatedChunk[]; readonly earlier: readonly LocatedChunk[] } {
  const wire = decodeAs(objectShape, input, { bytesMax: OBJECT_BYTES_MAX, name: 'index object' });
  const blocks = [own, ...cut(wire.blocks, 32).map(toHex)];
  const copies = cut(wire.rows, ROW_BYTES).map((row) => {
    const block = blocks[row[32]! * 256 + row[33]!];
    if (block === undefined) throw new BitDustError('ENCODING_INVALID', 'an index names a block it does not list');
    return { chunk: row.slice(0, 32), copy: { block, ...unpackPlace(row.subarray(34)) } };
  });
  return { copies, earlier: cut(wire.earlier, LOCATED_CHUNK_BYTES).map(unpackLocated) };
}

/** Union of copies of one chunk: nothing is lost when two devices stored it under two keys. */
export function mergeCopies(a: readonly ChunkCopy[], b: readonly ChunkCopy[]): readonly ChunkCopy[] {
  const name = (copy: ChunkCopy) => `${copy.block}/${copy.offset}/${toHex(copy.key)}`;
  const all = new Map([...a, ...b].map((copy) => [name(copy), copy]));
  return [...all.entries()].toSorted(([x], [y]) => (x < y ? -1 : 1)).map(([, copy]) => copy);
}
