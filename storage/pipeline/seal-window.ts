import { footerRoom } from '../../protocol/block-footer.ts';
import { CHUNK_TAG_BYTES, packChunk, sealChunk } from '../../protocol/chunk.ts';

/** A block that still takes chunks. The buffer has room for all n pieces; chunks fill it up to `capacity`. */
export interface OpenBlock {
  readonly buffer: ArrayBuffer;
  readonly capacity: number;
  readonly filled: number;
  readonly chunks: number;
}

export interface SealInput {
  readonly window: ArrayBuffer;
  readonly ids: Uint8Array;
  readonly starts: Uint32Array;
  readonly lengths: Uint32Array;
  /** Indices of the chunks to be sealed, from the first that is not done. */
  readonly wanted: Uint32Array;
  /** Tried in this order for each chunk. */
  readonly blocks: readonly OpenBlock[];
}

/** Where a chunk went. */
export interface SealedRow {
  readonly index: number;
  readonly block: number;
  readonly offset: number;
  readonly length: number;
  readonly codec: 'none' | 'zstd';
  readonly key: Uint8Array;
  readonly hash: Uint8Array;
}

export interface SealAnswer {
  readonly window: ArrayBuffer;
  readonly blocks: readonly OpenBlock[];
  readonly rows: readonly SealedRow[];
  /** How many of `wanted` are done; less than all when a chunk fits none of the blocks. */
  readonly sealed: number;
}

/** True when a chunk with so many bytes of ciphertext still fits, its row in the footer too. */
export function fits(block: OpenBlock, length: number): boolean {
  return block.filled + length + footerRoom(block.chunks + 1) <= block.capacity;
}

/** Compresses and encrypts chunks of a window into open blocks, each into the first in which it fits. */
export function sealWindow(input: SealInput, random: (length: number) => Uint8Array): SealAnswer {
  const { window, ids, starts, lengths, wanted } = input;
  const plaintext = new Uint8Array(window);
  const blocks = [...input.blocks];
  const rows: SealedRow[] = [];
  for (const index of wanted) {
    const chunk = ids.subarray(index * 32, (index + 1) * 32);
    const start = starts[index]!;
    const { codec, bytes: packed } = packChunk(plaintext.subarray(start, start + lengths[index]!));
    const length = packed.length + CHUNK_TAG_BYTES;
    const block = blocks.findIndex((candidate) => fits(candidate, length));
    if (block < 0) break;
    const { buffer, capacity, filled, chunks } = blocks[block]!;
    const { key, hash } = sealChunk({ chunk, packed, random, target: new Uint8Array(buffer, filled, length) });
    rows.push({ index, block, offset: filled, length, codec, key, hash });
    blocks[block] = { buffer, capacity, filled: filled + length, chunks: chunks + 1 };
  }
  return { window, blocks, rows, sealed: rows.length };
}
