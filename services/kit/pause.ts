import type { Clock } from '../../ports/world.ts';

/** Waits so long, or rejects with the signal's reason. */
export function pause(
  clock: Pick<Clock, 'setTimeout' | 'clearTimeout'>,
  ms: number,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    const abort = (): void => {
      clock.clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = clock.setTimeout(() => {
      signal.removeEventListener('abort', abort);
      resolve();
    }, ms);
    signal.addEventListener('abort', abort, { once: true });
  });
}

/** Looks again and again until it is so, or the signal aborts. */
export async function untilIdle(
  isIdle: () => boolean,
  options: {
    readonly clock: Pick<Clock, 'setTimeout' | 'clearTimeout'>;
    readonly everyMs: number;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  while (!isIdle()) await pause(options.clock, options.everyMs, options.signal);
}
