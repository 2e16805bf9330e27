import type { BlockHealth } from '../../ports/health.ts';

/** How long the refill of a block waits still: one grace, or nothing when a second piece is missing; null when none is. */
export function refillDueInMs(
  block: BlockHealth,
  options: { readonly now: number; readonly waitMs: number },
): number | null {
  const missing = block.pieces.filter(({ state }) => state === 'lost' || state === 'owed');
  if (missing.length === 0) return null;
  if (missing.length >= 2) return 0;
  return Math.max(0, missing[0]!.since + options.waitMs - options.now);
}
