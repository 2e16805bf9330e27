/** Bounds of a back-off: the first wait and the longest one. */
export interface BackoffRange {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * Exponential back-off with full jitter: a wait between 0 and `fromMs * 2^attempt`, at most `toMs`, never under 50 ms.
 * The same attempt and seed give the same wait, so a machine needs neither clock nor randomness.
 */
export function backoffMs(attempt: number, seed: number, range: BackoffRange): number {
  const ceiling = Math.min(range.toMs, range.fromMs * 2 ** Math.min(attempt, 30));
  return Math.max(50, Math.floor(ceiling * fractionOf(attempt, seed)));
}

/** A well-mixed number in [0, 1) from two integers (the finaliser of MurmurHash3). */
function fractionOf(attempt: number, seed: number): number {
  let hash = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(attempt + 1, 0xc2b2ae35);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
