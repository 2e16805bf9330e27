import type { BlockHealth } from '../../ports/health.ts';
import type { BlockId } from '../../protocol/ids.ts';

/** A block to be repaired now, and the seats that can take a piece. */
export interface Repair {
  readonly block: BlockId;
  readonly seats: readonly number[];
}

const DAY_MS = 86_400_000;
const TRIES_A_DAY = 5;

/** Counts how often a block was tried, so that a hopeless one does not take all the time. */
export interface Tries {
  count(block: BlockId, now: number): number;
  note(block: BlockId, now: number): void;
  forget(block: BlockId): void;
}

/** Remembers the tries of the last day. */
export function createTries(): Tries {
  const tries = new Map<BlockId, number[]>();
  const recent = (block: BlockId, now: number): number[] => (tries.get(block) ?? []).filter((at) => now - at < DAY_MS);
  return {
    count: (block, now) => recent(block, now).length,
    note: (block, now) => void tries.set(block, [...recent(block, now), now]),
    forget: (block) => void tries.delete(block),
  };
}

/**
 * Which of the weak blocks can be repaired now: some seat that lacks its piece has a supplier ready for it. A refill
 * waits one grace, or until a second piece is lost, so that one read of k serves both.
 */
export function chooseRepairs(
  weak: readonly BlockHealth[],
  options: {
    readonly queue: 'rescue' | 'refill';
    readonly count: number;
    readonly now: number;
    readonly refillWaitMs: number;
    readonly isReady: (seat: number) => boolean;
    readonly tries: Tries;
  },
): readonly Repair[] {
  const { now } = options;
  return weak
    .filter((block) => options.tries.count(block.block, now) < TRIES_A_DAY)
    .map((block) => ({ health: block, seats: missingSeats(block).filter(options.isReady) }))
    .filter(({ seats }) => seats.length > 0)
    .filter(({ health }) => options.queue === 'rescue' || isRefillDue(health, now, options.refillWaitMs))
    .slice(0, options.count)
    .map(({ health, seats }) => ({ block: health.block, seats }));
}

function missingSeats(block: BlockHealth): readonly number[] {
  return block.pieces.filter((piece) => piece.state === 'lost' || piece.state === 'owed').map((piece) => piece.seat);
}

/** True when the wait of a refill is over. */
export function isRefillDue(block: BlockHealth, now: number, refillWaitMs: number): boolean {
  const missing = block.pieces.filter((piece) => piece.state === 'lost' || piece.state === 'owed');
  return missing.length >= 2 || missing.some((piece) => now - piece.since >= refillWaitMs);
}
