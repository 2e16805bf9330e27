const MIB = 1024 * 1024;
const FULL_MIN_BYTES = 8 * MIB;
const FULL_MAX_BYTES = 32 * MIB;
const PADDED_BYTES = [MIB, 2 * MIB, 4 * MIB, 8 * MIB] as const;
const PIECE_STEP_BYTES = 64;

/** Data, trees and index share one block when all three fit this. */
export const SHARED_BLOCK_BYTES = 4 * MIB;

/** Size of a full block: k MiB, at least 8 and at most 32. */
export function fullBlockBytes(k: number): number {
  return Math.min(FULL_MAX_BYTES, Math.max(FULL_MIN_BYTES, k * MIB));
}

/** The size a block with so many used bytes is padded to: 1, 2, 4 or 8 MiB or full. */
export function paddedBlockBytes(k: number, usedBytes: number): number {
  const size = [...PADDED_BYTES, fullBlockBytes(k)].find((candidate) => candidate >= usedBytes);
  if (size === undefined) throw new RangeError('more bytes than a full block holds');
  return size;
}

/** True for the sizes that blocks of this k have. */
export function isBlockSize(k: number, size: number): boolean {
  return size === fullBlockBytes(k) || PADDED_BYTES.some((candidate) => candidate === size);
}

/** Length of each piece: size / k, rounded up to 64 bytes. */
export function pieceBytes(k: number, size: number): number {
  return Math.ceil(size / k / PIECE_STEP_BYTES) * PIECE_STEP_BYTES;
}
