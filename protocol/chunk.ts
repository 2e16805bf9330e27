import { createCipheriv, createDecipheriv, createSecretKey } from 'node:crypto';
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { hash } from './blake3.ts';
import type { ChunkCodec } from './block-footer.ts';
import { BitDustError } from './errors.ts';
import { equalBytes, labelled } from './hash.ts';
import { LABELS } from './labels.ts';
import { LIMITS } from './limits.ts';

const KEY_BYTES = 32;
/** Bytes that encryption adds to a chunk. */
export const CHUNK_TAG_BYTES = 16;
const ZERO_NONCE = new Uint8Array(12);
/** Encrypted in parts, so that each part is moved to its place while it is in the cache. */
const PART_BYTES = 64 * 1024;
const COMPRESS_MIN_BYTES = 256;
const PROBE_BYTES = 64 * 1024;
/** Compression must save at least 3 %. */
const KEEP_RATIO = 0.97;
const COMPRESS_OPTIONS = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
/** A compressor for large input costs more to set up than a small chunk costs to compress. */
const SMALL_BYTES = 8 * 1024;
const SMALL_OPTIONS = {
  chunkSize: SMALL_BYTES,
  params: { ...COMPRESS_OPTIONS.params, [constants.ZSTD_c_windowLog]: 13, [constants.ZSTD_c_hashLog]: 13 },
};

function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A chunk's bytes as they will be encrypted. */
export interface PackedChunk {
  readonly codec: ChunkCodec;
  readonly bytes: Uint8Array;
}

function compress(bytes: Uint8Array): Uint8Array {
  return zstdCompressSync(bytes, bytes.length <= SMALL_BYTES ? SMALL_OPTIONS : COMPRESS_OPTIONS);
}

const counts = new Uint32Array(256);
/** Sum of the squared counts of byte values, against that of random bytes; text has three times as much. */
const RANDOM_EXCESS = 1.1;

/** True when byte values are spread as evenly as in random bytes: a fifth of the price of asking zstd. */
function looksRandom(bytes: Uint8Array): boolean {
  counts.fill(0);
  for (let at = 0; at < bytes.length; at += 1) counts[bytes[at]!]! += 1;
  const squares = counts.reduce((sum, count) => sum + count * count, 0);
  return squares < ((bytes.length * bytes.length) / counts.length + bytes.length) * RANDOM_EXCESS;
}

/** zstd level 1 where it helps: not below 256 bytes, and not when a probe of 64 KiB saves less than 3 %. */
export function packChunk(plaintext: Uint8Array): PackedChunk {
  const asItIs = { codec: 'none', bytes: plaintext } as const;
  if (plaintext.length < COMPRESS_MIN_BYTES) return asItIs;
  if (plaintext.length <= SMALL_BYTES && looksRandom(plaintext)) return asItIs;
  const probe = compress(plaintext.subarray(0, PROBE_BYTES));
  if (probe.length > Math.min(plaintext.length, PROBE_BYTES) * KEEP_RATIO) return asItIs;
  const packed = plaintext.length <= PROBE_BYTES ? probe : compress(plaintext);
  return packed.length < plaintext.length ? { codec: 'zstd', bytes: packed } : asItIs;
}

/** What was packed; `CHUNK_ROTTEN` when it does not unpack to at most one chunk. */
export function unpackChunk({ codec, bytes }: PackedChunk): Uint8Array {
  if (codec === 'none') return bytes;
  try {
    return zstdDecompressSync(bytes, { maxOutputLength: LIMITS.chunkBytesMax.value });
  } catch (error) {
    throw new BitDustError('CHUNK_ROTTEN', undefined, { cause: error });
  }
}

function associated(chunk: Uint8Array): Uint8Array {
  return labelled(LABELS.chunk, chunk);
}

/** Writes ciphertext and tag of `packed` under a given key. Only for a new key, or to make the very same bytes again. */
function encryptInto(options: { chunk: Uint8Array; packed: Uint8Array; key: Uint8Array; target: Uint8Array }): void {
  const { chunk, packed, key, target } = options;
  const cipher = createCipheriv('aes-256-gcm', createSecretKey(key), ZERO_NONCE);
  cipher.setAAD(associated(chunk));
  for (let at = 0; at < packed.length; at += PART_BYTES) {
    target.set(cipher.update(packed.subarray(at, at + PART_BYTES)), at);
  }
  cipher.final();
  target.set(cipher.getAuthTag(), packed.length);
}

function requireRoom(packed: Uint8Array, target: Uint8Array): void {
  if (target.length !== packed.length + CHUNK_TAG_BYTES) throw new RangeError('the target has the wrong length');
}

/** Key and hash of the ciphertext of a sealed chunk. */
export interface ChunkSeal {
  readonly key: Uint8Array;
  readonly hash: Uint8Array;
}

/**
 * Encrypts a packed chunk into `target` (its length and 16 bytes more) under a key that is drawn here, used for this one
 * call and never derived: `random` must give fresh bytes each time.
 */
export function sealChunk(options: {
  readonly chunk: Uint8Array;
  readonly packed: Uint8Array;
  readonly random: (length: number) => Uint8Array;
  readonly target: Uint8Array;
}): ChunkSeal {
  const { chunk, packed, random, target } = options;
  requireRoom(packed, target);
  const key = random(KEY_BYTES);
  encryptInto({ chunk, packed, key, target });
  return { key, hash: hash(target) };
}

/**
 * The same ciphertext again, for a block that is made again after a kill. False, and `target` erased, unless the result
 * has the hash it had: two texts under one key must never leave.
 */
export function sealChunkAgain(options: {
  readonly chunk: Uint8Array;
  readonly packed: Uint8Array;
  readonly seal: ChunkSeal;
  readonly target: Uint8Array;
}): boolean {
  const { chunk, packed, seal, target } = options;
  requireRoom(packed, target);
  encryptInto({ chunk, packed, key: seal.key, target });
  if (equalBytes(hash(target), seal.hash)) return true;
  target.fill(0);
  return false;
}

/**
 * Opens the ciphertext of a chunk copy: its hash is checked first, because GCM alone lets one ciphertext open under two
 * keys to two texts. `CHUNK_ROTTEN` for anything that is not what was stored.
 */
export function openChunk(options: {
  readonly chunk: Uint8Array;
  readonly ciphertext: Uint8Array;
  readonly codec: ChunkCodec;
  readonly seal: ChunkSeal;
}): Uint8Array {
  const { chunk, ciphertext, codec, seal } = options;
  if (ciphertext.length < CHUNK_TAG_BYTES || !equalBytes(hash(ciphertext), seal.hash)) {
    throw new BitDustError('CHUNK_ROTTEN');
  }
  const end = ciphertext.length - CHUNK_TAG_BYTES;
  const decipher = createDecipheriv('aes-256-gcm', createSecretKey(seal.key), ZERO_NONCE, {
    authTagLength: CHUNK_TAG_BYTES,
  });
  decipher.setAAD(associated(chunk));
  decipher.setAuthTag(ciphertext.subarray(end));
  try {
    const bytes = decipher.update(ciphertext.subarray(0, end));
    decipher.final();
    return plain(unpackChunk({ codec, bytes }));
  } catch (error) {
    if (error instanceof BitDustError) throw error;
    throw new BitDustError('CHUNK_ROTTEN', undefined, { cause: error });
  }
}
