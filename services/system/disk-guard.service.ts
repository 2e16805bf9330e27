import type { Bus } from '../../bus/bus.ts';
import { type DiskProbe, diskGuardWith } from '../../machines/system/disk-guard.machine.ts';
import type { ActorRuntime } from '../../ports/world.ts';
import { ActorPool } from '../kit/actor-pool.ts';
import type { Service } from '../kit/service.ts';

/** A store folder that is watched. */
export interface GuardedStore {
  readonly name: string;
  /** Looks at it once; with `write` it also writes. */
  probe(write: boolean, signal: AbortSignal): Promise<DiskProbe>;
}

export interface DiskGuardNeeds {
  readonly bus: Bus;
  readonly runtime: ActorRuntime;
  readonly stores: readonly GuardedStore[];
  readonly onFailure: (key: string, error: unknown) => void;
}

export interface DiskGuard extends Service {
  /** True while the store may say "no such piece"; false means "unable now". */
  isHealthy(store: string): boolean;
}

/** One `disk-guard` for every store folder. */
export function createDiskGuard(needs: DiskGuardNeeds): DiskGuard {
  const { bus, runtime, stores, onFailure } = needs;
  const byName = new Map(stores.map((store) => [store.name, store]));
  let unsubscribe = (): void => {};
  const pool = new ActorPool({
    machine: diskGuardWith({
      probeDisk: ({ store, write }, signal) => byName.get(store)!.probe(write, signal),
    }),
    runtime,
    actorsMax: Math.max(1, stores.length),
    onEmit: (fact) => bus.publish(fact),
    onFailure,
  });

  return {
    start() {
      unsubscribe = bus.subscribe(['space.donation-changed', 'host.woke'], (fact) => pool.sendAll(fact));
      for (const { name } of stores) pool.open(name, { store: name });
    },
    stop() {
      unsubscribe();
      pool.sendAll({ type: 'stop' });
    },
    isHealthy: (store) => pool.get(store)?.getSnapshot().matches('healthy') ?? false,
  };
}
