import type { Bus } from '../../bus/bus.ts';
import { type NodeLifecyclePorts, nodeLifecycleWith } from '../../machines/system/node-lifecycle.machine.ts';
import type { ActorRuntime } from '../../ports/world.ts';
import type { ErrorCode } from '../../protocol/errors.ts';
import { ActorPool } from '../kit/actor-pool.ts';
import type { Service } from '../kit/service.ts';

export interface NodeLifecycleNeeds extends NodeLifecyclePorts {
  readonly bus: Bus;
  readonly runtime: ActorRuntime;
  readonly onFailure: (key: string, error: unknown) => void;
}

/** How the node ended. */
export interface NodeEnd {
  readonly late: readonly string[];
  /** Why it could not begin; null when it was stopped. */
  readonly failure: ErrorCode | null;
}

export interface NodeLifecycle extends Service {
  start(): void;
  /** Tries again what needs an identity or failed. */
  retry(): void;
  /** The first call stops in order, the second cuts the grace. */
  stop(): Promise<void>;
  readonly ended: Promise<NodeEnd>;
}

const KEY = 'node';

/** Runs the one `node-lifecycle` of the node. */
export function createNodeLifecycle(needs: NodeLifecycleNeeds): NodeLifecycle {
  const { bus, runtime, onFailure } = needs;
  const end = Promise.withResolvers<NodeEnd>();
  let unsubscribe = (): void => {};
  const pool = new ActorPool({
    machine: nodeLifecycleWith(needs),
    runtime,
    actorsMax: 1,
    onEmit: (fact) => bus.publish(fact),
    onFailure: (key, error) => {
      onFailure(key, error);
      end.resolve({ late: [], failure: 'INTERNAL' });
    },
    onDone: (_key, output) => {
      unsubscribe();
      end.resolve(output as NodeEnd);
    },
  });

  return {
    ended: end.promise,
    start() {
      unsubscribe = bus.subscribe(
        ['identity.registered', 'identity.restored', 'service.failed', 'service.recovered'],
        (fact) => pool.sendAll(fact),
      );
      pool.open(KEY, undefined);
    },
    retry() {
      pool.send(KEY, { type: 'start' });
    },
    async stop() {
      await (pool.send(KEY, { type: 'stop' }) ? end.promise : undefined);
    },
  };
}
