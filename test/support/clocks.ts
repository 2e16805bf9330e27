import { createHash } from 'node:crypto';
import type { Clock, Random } from '../../ports/world.ts';

/** Time that moves only when told to. Each timer fires at its own instant, ties in the order they were set. */
export interface StepClock extends Clock {
  /** Moves on, letting promises settle before and after every timer. */
  advance(byMs: number): Promise<void>;
  /** Moves from timer to timer until the promise settles; rejects when `withinMs` passed before. */
  until<Value>(promise: Promise<Value>, withinMs?: number): Promise<Value>;
  /** Timers that are set. */
  readonly pending: number;
}

interface Timer {
  readonly due: number;
  readonly order: number;
  readonly fire: () => void;
}

/** Lets promise chains run dry: all microtasks come before the next turn of the loop. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A clock for tests that starts at a fixed time. */
export function createStepClock(startMs = 1_700_000_000_000): StepClock {
  let nowMs = startMs;
  let order = 0;
  const timers = new Set<Timer>();
  const next = (limit: number): Timer | undefined => {
    let first: Timer | undefined;
    for (const timer of timers) {
      const earlier =
        first === undefined || timer.due < first.due || (timer.due === first.due && timer.order < first.order);
      if (timer.due <= limit && earlier) first = timer;
    }
    return first;
  };
  const advance = async (byMs: number) => {
    const target = nowMs + byMs;
    await settle();
    for (let timer = next(target); timer !== undefined; timer = next(target)) {
      nowMs = Math.max(nowMs, timer.due);
      timers.delete(timer);
      timer.fire();
      await settle();
    }
    nowMs = target;
  };
  return {
    now: () => nowMs,
    monotonic: () => nowMs - startMs,
    setTimeout: (fire, delayMs) => {
      const timer = { due: nowMs + Math.max(0, delayMs), order: ++order, fire };
      timers.add(timer);
      return timer;
    },
    clearTimeout: (timer) => void timers.delete(timer as Timer),
    advance,
    until: async (promise, withinMs = 3_600_000) => {
      const limit = nowMs + withinMs;
      let done = false;
      const over = () => {
        done = true;
      };
      promise.then(over, over);
      await settle();
      while (!done) {
        const timer = next(limit);
        if (timer === undefined) throw new Error(`nothing settled it within ${withinMs} ms`);
        await advance(timer.due - nowMs);
      }
      return promise;
    },
    get pending() {
      return timers.size;
    },
  };
}

/** The real clock, for tests of real adapters. */
export const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimeout: (fire, delayMs) => setTimeout(fire, delayMs),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
};

/** Randomness that is the same for the same seed. */
export function seededRandom(seed: string): Random {
  let counter = 0;
  const block = () => createHash('sha256').update(`${seed}/${counter++}`).digest();
  return {
    bytes: (length) => {
      const parts: Buffer[] = [];
      for (let have = 0; have < length; have += 32) parts.push(block());
      return new Uint8Array(Buffer.concat(parts).subarray(0, length));
    },
    fraction: () => block().readUInt32BE(0) / 2 ** 32,
  };
}
