import type { DeviceId } from '../../protocol/ids.ts';

/** Those who wait until a seat has somebody else, and whom they named for it. */
export interface SeatWaiters {
  /** Resolves with the next device of the seat, or null when the signal fires first. */
  wait(options: {
    readonly seat: number;
    readonly before: DeviceId | null;
    readonly device: DeviceId | undefined;
    readonly signal: AbortSignal;
  }): Promise<DeviceId | null>;
  named(seat: number): DeviceId | undefined;
  settle(now: (seat: number) => DeviceId | null): void;
}

interface Waiter {
  readonly seat: number;
  readonly before: DeviceId | null;
  readonly device: DeviceId | undefined;
  readonly done: (device: DeviceId | null) => void;
}

/** An empty list of waiters. */
export function createSeatWaiters(): SeatWaiters {
  const waiters = new Set<Waiter>();
  return {
    wait: ({ signal, ...wish }) =>
      new Promise((resolve) => {
        const abort = (): void => waiter.done(null);
        const waiter: Waiter = {
          ...wish,
          done(device) {
            waiters.delete(waiter);
            signal.removeEventListener('abort', abort);
            resolve(device);
          },
        };
        waiters.add(waiter);
        if (signal.aborted) abort();
        else signal.addEventListener('abort', abort, { once: true });
      }),
    named: (seat) => [...waiters].find((waiter) => waiter.seat === seat && waiter.device !== undefined)?.device,
    settle(now) {
      for (const waiter of [...waiters]) {
        const device = now(waiter.seat);
        if (device !== null && device !== waiter.before) waiter.done(device);
      }
    },
  };
}
