import type { Workers } from '../../ports/workers.ts';
import { fromFailure, runJob, toFailure } from './jobs.ts';

/**
 * The jobs on the calling thread, one after the other, with the randomness of the world: the same seed gives the same
 * bytes. For worlds in memory and simulations.
 */
export function createInlineWorkers(random: (length: number) => Uint8Array): Workers {
  let alive = 1;
  let before: Promise<unknown> = Promise.resolve();
  return {
    run<Answer>(job: string, input: unknown, options: Parameters<Workers['run']>[2] = {}): Promise<Answer> {
      const turn = before.then(() => {
        options.signal?.throwIfAborted();
        try {
          return runJob(job, input, { random }) as Answer;
        } catch (error) {
          throw fromFailure(toFailure(error));
        }
      });
      before = turn.catch(() => undefined);
      return turn;
    },
    async spawn(count) {
      alive += count;
      return { alive };
    },
    async retire(count) {
      alive = Math.max(0, alive - count);
      return { alive };
    },
    status: () => ({ alive, busy: 0, queued: 0 }),
    onDemand: () => () => undefined,
  };
}
