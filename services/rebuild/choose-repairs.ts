import type { BlockHealth } from '../../ports/health.ts';
import type { BlockId } from '../../protocol/ids.ts';
import { refillDueInMs } from '../kit/refill-due.ts';

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
  /** Suppliers changed, so that what failed may go now. */
  forgetAll(): void;
  /** A new pass over the weak blocks begins: those that failed in the last one may be chosen again. */
  beginPass(): void;
  isTriedInPass(block: BlockId): boolean;
}

/** Remembers the tries of the last day. */
export function createTries(): Tries {
  const tries = new Map<BlockId, number[]>();
  const recent = (block: BlockId, now: number): number[] => (tries.get(block) ?? []).filter((at) => now - at < DAY_MS);
  const inPass = new Set<BlockId>();
  return {
    count: (block, now) => recent(block, now).length,
    note(block, now) {
      inPass.add(block);
      tries.set(block, [...recent(block, now), now]);
    },
    forget: (block) => void tries.delete(block),
    forgetAll: () => tries.clear(),
    beginPass: () => inPass.clear(),
    isTriedInPass: (block) => inPass.has(block),
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
    .filter(({ block }) => !options.tries.isTriedInPass(block) && options.tries.count(block, now) < TRIES_A_DAY)
    .map((block) => ({ health: block, seats: missingSeats(block).filter(options.isReady) }))
    .filter(({ seats }) => seats.length > 0)
    .filter(
      ({ health }) => options.queue === 'rescue' || refillDueInMs(health, { now, waitMs: options.refillWaitMs }) === 0,
    )
    .slice(0, options.count)
    .map(({ health, seats }) => ({ block: health.block, seats }));
}

function missingSeats(block: BlockHealth): readonly number[] {
  return block.pieces.filter((piece) => piece.state === 'lost' || piece.state === 'owed').map((piece) => piece.seat);
}
