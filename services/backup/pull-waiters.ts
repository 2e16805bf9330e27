import type { Pulled } from '../../ports/log-sync.ts';

const NOBODY: Pulled = { answered: 0, asked: 0, atQuorum: false, applied: 0 };

/** Who waits for a pull that began after he asked. */
export interface PullWaiters {
  next(signal: AbortSignal): Promise<Pulled>;
  /** A round of asking begins: those who wait now get its result. */
  begin(): void;
  heard(pulled: Pulled): void;
  read(applied: number): void;
  /** The round is over; at once when nobody answered. */
  end(): void;
}

/** Keeps two rounds apart: the one that runs, and the next one. */
export function createPullWaiters(): PullWaiters {
  let waiting = new Set<(pulled: Pulled) => void>();
  let served = new Set<(pulled: Pulled) => void>();
  let result = NOBODY;
  function end(): void {
    const round = served;
    served = new Set();
    for (const one of round) one(result);
  }

  return {
    next: (signal) =>
      new Promise((resolve) => {
        const give = (pulled: Pulled) => {
          signal.removeEventListener('abort', leave);
          waiting.delete(give);
          served.delete(give);
          resolve(pulled);
        };
        const leave = () => give(NOBODY);
        signal.addEventListener('abort', leave);
        if (signal.aborted) leave();
        else waiting.add(give);
      }),
    begin() {
      for (const one of waiting) served.add(one);
      waiting = new Set();
      result = NOBODY;
    },
    heard: (pulled) => {
      result = pulled;
      if (pulled.answered === 0) end();
    },
    read: (applied) => {
      result = { ...result, applied: result.applied + applied };
    },
    end,
  };
}
