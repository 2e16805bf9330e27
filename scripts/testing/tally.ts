/** What a run came to. */
export interface Tally {
  passed: number;
  failed: number;
  skipped: number;
  /** Sentences for people, one a failure. */
  readonly failures: string[];
  readonly durations: { readonly name: string; readonly ms: number }[];
}

/** Nothing run yet. */
export function emptyTally(): Tally {
  return { passed: 0, failed: 0, skipped: 0, failures: [], durations: [] };
}

/** Prints failures, the ten slowest, and the closing line, which stands alone. */
export function printTally(tally: Tally): void {
  for (const failure of tally.failures) console.log(`\n${failure}`);
  const slowest = [...tally.durations].sort((one, other) => other.ms - one.ms).slice(0, 10);
  console.log('\nten slowest:');
  for (const { name, ms } of slowest) console.log(`${(ms / 1000).toFixed(1).padStart(7)} s  ${name}`);
  console.log(`\n${tally.passed} passed, ${tally.failed} failed, ${tally.skipped} skipped`);
}
