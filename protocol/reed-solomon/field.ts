/** The polynomial x^8 + x^4 + x^3 + x^2 + 1 that makes bytes a field of 256 elements. */
const POLYNOMIAL = 0x11d;

const EXP = new Uint8Array(510);
const LOG = new Uint8Array(256);

for (let power = 0, value = 1; power < 255; power += 1) {
  EXP[power] = value;
  EXP[power + 255] = value;
  LOG[value] = power;
  value <<= 1;
  if (value & 0x100) value ^= POLYNOMIAL;
}

/** Product of two elements of GF(2^8). */
export function multiply(a: number, b: number): number {
  return a === 0 || b === 0 ? 0 : EXP[LOG[a]! + LOG[b]!]!;
}

/** The element that multiplied with `a` gives 1. Zero has none. */
export function inverse(a: number): number {
  if (a === 0) throw new RangeError('zero has no inverse');
  return EXP[255 - LOG[a]!]!;
}

/** `base` multiplied `exponent` times with itself; anything to the power of 0 is 1. */
export function power(base: number, exponent: number): number {
  if (exponent === 0) return 1;
  return base === 0 ? 0 : EXP[(LOG[base]! * exponent) % 255]!;
}
