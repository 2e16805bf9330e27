import { hkdf, textBytes } from '../hash.ts';
import { LABELS } from '../labels.ts';
import { DATA_AT, DATA_BYTES, loadKernel } from './kernel.ts';

const KIB = 1024;

/** Sizes and masks of the cut: harder to fulfil before the average size, easier behind it. */
export const CUT = {
  minBytes: 256 * KIB,
  averageBytes: 1024 * KIB,
  maxBytes: 4096 * KIB,
  /** The 22 highest bits, before the average size. */
  maskBefore: 0xfffffc00 | 0,
  /** The 18 highest bits, from the average size on. */
  maskAfter: 0xffffc000 | 0,
} as const;

/** The 32-bit hash forgets a byte after so many further ones. */
const MEMORY_BYTES = 32;
const GEAR_ENTRIES = 256;

/** The owner's gear table: 256 numbers of 32 bits (little-endian) out of a 32-byte secret. */
export function gearTable(secret: Uint8Array): Uint32Array {
  if (secret.length !== 32) throw new RangeError('the secret has 32 bytes');
  const bytes = hkdf({ secret, info: textBytes(LABELS.gear), length: GEAR_ENTRIES * 4 });
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return Uint32Array.from({ length: GEAR_ENTRIES }, (_, index) => view.getUint32(index * 4, true));
}

/** Finds where the first chunk of the bytes ends. Equal bytes and secret give equal cuts on every machine. */
export interface Chunker {
  /** Length of the first chunk; all of it when the bytes are not longer than the minimum, never more than the maximum. */
  cut(bytes: Uint8Array): number;
  /** The same, when more may follow the bytes: undefined when the cut is not decided by them. */
  cutOpen(bytes: Uint8Array): number | undefined;
}

/** The chunker of one gear secret; it holds a small memory of its own and must not be shared between threads. */
export function createChunker(secret: Uint8Array): Chunker {
  const gear = gearTable(secret);
  const { memory, find } = loadKernel(gear);

  function hashBefore(bytes: Uint8Array, at: number): number {
    let hash = 0;
    for (let index = Math.max(CUT.minBytes, at - MEMORY_BYTES); index < at; index += 1) {
      hash = ((hash << 1) + gear[bytes[index]!]!) | 0;
    }
    return hash;
  }

  /** The end of the chunk when a cut lies in [from, to), copied into the kernel's memory in parts. */
  function search(bytes: Uint8Array, range: { from: number; to: number; mask: number }): number | undefined {
    for (let at = range.from; at < range.to; at += DATA_BYTES) {
      const end = Math.min(range.to, at + DATA_BYTES);
      memory.set(bytes.subarray(at, end), DATA_AT);
      const found = find(DATA_AT, DATA_AT + end - at, range.mask, hashBefore(bytes, at));
      if (found !== 0) return at + found - DATA_AT;
    }
    return undefined;
  }

  function cutOpen(bytes: Uint8Array): number | undefined {
    const { minBytes, averageBytes, maxBytes, maskBefore, maskAfter } = CUT;
    const end = Math.min(bytes.length, maxBytes);
    const middle = Math.min(end, averageBytes);
    return (
      search(bytes, { from: minBytes, to: middle, mask: maskBefore }) ??
      search(bytes, { from: middle, to: end, mask: maskAfter }) ??
      (bytes.length >= maxBytes ? maxBytes : undefined)
    );
  }

  return {
    cutOpen,
    cut: (bytes) => (bytes.length <= CUT.minBytes ? bytes.length : (cutOpen(bytes) ?? bytes.length)),
  };
}
