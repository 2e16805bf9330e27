import { BitDustError } from './errors.ts';
import { concatBytes, readU32, toHex, u32 } from './hash.ts';
import { type BlockId, bytesOfBlock } from './ids.ts';

/** Where one stored copy of a chunk lies and what opens it. */
export interface ChunkCopy {
  readonly block: BlockId;
  readonly offset: number;
  readonly length: number;
  readonly codec: 'none' | 'zstd';
  readonly key: Uint8Array;
  /** BLAKE3 of the ciphertext. */
  readonly hash: Uint8Array;
}

/** A chunk with one of its copies: enough to read it without the index. */
export interface LocatedChunk {
  readonly chunk: Uint8Array;
  readonly copy: ChunkCopy;
}

/** Bytes of a packed copy without its block. */
export const PACKED_PLACE_BYTES = 4 + 4 + 1 + 32 + 32;
/** Bytes of a packed chunk with its copy. */
export const LOCATED_CHUNK_BYTES = 32 + 32 + PACKED_PLACE_BYTES;

const CODECS = ['none', 'zstd'] as const;

/** `u32 offset ‖ u32 length ‖ u8 codec ‖ key ‖ hash`. */
export function packPlace(copy: Omit<ChunkCopy, 'block'>): Uint8Array {
  const { offset, length, codec, key, hash } = copy;
  if (key.length !== 32 || hash.length !== 32) throw new RangeError('key and hash have 32 bytes');
  return concatBytes(u32(offset), u32(length), Uint8Array.of(CODECS.indexOf(codec)), key, hash);
}

/** Reads what `packPlace` wrote. Throws `ENCODING_INVALID`. */
export function unpackPlace(packed: Uint8Array): Omit<ChunkCopy, 'block'> {
  const codec = CODECS[packed[8] ?? CODECS.length];
  const length = readU32(packed, 4);
  if (codec === undefined || length === 0) throw new BitDustError('ENCODING_INVALID', 'a chunk copy is not valid');
  return { offset: readU32(packed), length, codec, key: packed.slice(9, 41), hash: packed.slice(41, 73) };
}

/** `chunk id ‖ block id ‖ place`. */
export function packLocated({ chunk, copy }: LocatedChunk): Uint8Array {
  if (chunk.length !== 32) throw new RangeError('a chunk id has 32 bytes');
  return concatBytes(chunk, bytesOfBlock(copy.block), packPlace(copy));
}

/** Reads what `packLocated` wrote. Throws `ENCODING_INVALID`. */
export function unpackLocated(packed: Uint8Array): LocatedChunk {
  if (packed.length !== LOCATED_CHUNK_BYTES) throw new BitDustError('ENCODING_INVALID', 'a chunk copy is cut short');
  return {
    chunk: packed.slice(0, 32),
    copy: { block: toHex(packed.subarray(32, 64)), ...unpackPlace(packed.subarray(64)) },
  };
}
