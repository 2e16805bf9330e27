import type { Bus } from '../../bus/bus.ts';
import { workerPoolWith, workersFor } from '../../machines/system/worker-pool.machine.ts';
import type { Workers } from '../../ports/workers.ts';
import type { ActorRuntime, Random } from '../../ports/world.ts';
import { ActorPool } from '../kit/actor-pool.ts';
import type { Service } from '../kit/service.ts';

export interface WorkerPoolNeeds {
  readonly bus: Bus;
  readonly runtime: ActorRuntime;
  readonly random: Random;
  readonly workers: Workers;
  readonly cores: number;
  readonly onFailure: (key: string, error: unknown) => void;
}

const KEY = 'workers';

/** Keeps the worker threads as many as the demand wants. */
export function createWorkerPool(needs: WorkerPoolNeeds): Service {
  const { bus, runtime, random, workers, cores, onFailure } = needs;
  let unsubscribe: (() => void)[] = [];
  const pool = new ActorPool({
    machine: workerPoolWith({
      spawnWorkers: ({ count }) => workers.spawn(count),
      retireWorkers: ({ count }) => workers.retire(count),
    }),
    runtime,
    actorsMax: 1,
    onEmit: (fact) => bus.publish(fact),
    onFailure,
  });
  const commands = {
    raise: () => ({ type: 'raiseDemand' as const, queued: workers.status().queued }),
    lower: () => ({ type: 'lowerDemand' as const }),
    'lost-worker': () => ({ type: 'replaceWorker' as const }),
  };

  return {
    start() {
      pool.open(KEY, { workers: workersFor(cores), seed: Math.floor(random.fraction() * 2 ** 32) });
      unsubscribe = [
        bus.subscribe(['node.stopping'], (fact) => pool.sendAll(fact)),
        workers.onDemand((demand) => pool.send(KEY, commands[demand]())),
      ];
    },
    async stop() {
      for (const end of unsubscribe) end();
      pool.send(KEY, { type: 'stop' });
      await workers.retire(workers.status().alive);
    },
  };
}
