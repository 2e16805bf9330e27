import { Buffer } from 'node:buffer';

/** Zero runs of this length, at multiples of it in the file, are holes. */
export const ZERO_RUN_BYTES = 64 * 1024;
const ZEROS = Buffer.alloc(ZERO_RUN_BYTES);

function isZero(bytes: Uint8Array, at: number): boolean {
  if (bytes[at] !== 0 || bytes[at + ZERO_RUN_BYTES - 1] !== 0) return false;
  return ZEROS.equals(bytes.subarray(at, at + ZERO_RUN_BYTES));
}

/** The first zero run in bytes that begin at `offset` of their file, with the further ones directly behind it. */
export function zeroBytesAt(
  bytes: Uint8Array,
  offset: number,
): { readonly at: number; readonly length: number } | undefined {
  const misaligned = offset % ZERO_RUN_BYTES;
  for (let at = misaligned === 0 ? 0 : ZERO_RUN_BYTES - misaligned; at + ZERO_RUN_BYTES <= bytes.length; ) {
    if (isZero(bytes, at)) {
      let end = at + ZERO_RUN_BYTES;
      while (end + ZERO_RUN_BYTES <= bytes.length && isZero(bytes, end)) end += ZERO_RUN_BYTES;
      return { at, length: end - at };
    }
    at += ZERO_RUN_BYTES;
  }
  return undefined;
}
