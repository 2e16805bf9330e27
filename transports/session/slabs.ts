/** What is written at once: several frames in one piece cost one record and one turn of the loop. */
export const SLAB_BYTES = 256 * 1024;
/** All links together; one fast transfer has about sixteen on the way. */
const SPARE_SLABS_MAX = 32;

const spare: Uint8Array[] = [];

/** A slab with whatever was in it: fresh memory costs more than the copy into it. */
export function takeSlab(): Uint8Array {
  return spare.pop() ?? Buffer.allocUnsafeSlow(SLAB_BYTES);
}

/** Gives a slab back that nobody reads any more. */
export function giveSlab(slab: Uint8Array): void {
  if (spare.length < SPARE_SLABS_MAX) spare.push(slab);
}
