import type { VirtualClock } from '../../node/worlds/virtual-clock.ts';

/** Resolves when every promise that can go on without time or input has gone on. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Lets virtual time pass; after every timer, what waits for promises goes on before the next one fires. */
export async function advanceSettled(clock: VirtualClock, ms: number): Promise<void> {
  await settle();
  let left = ms;
  for (let wait = clock.untilNext(); wait !== undefined && wait <= left; wait = clock.untilNext()) {
    clock.step(left);
    left -= wait;
    await settle();
  }
  clock.advance(left);
  await settle();
}

/** A port that never answers; it rejects only when its state is left. */
export function never(_input: unknown, signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
}
