import type { Bus } from '../../bus/bus.ts';
import { serviceLifecycleWith } from '../../machines/system/service-lifecycle.machine.ts';
import type { ActorRuntime, Random } from '../../ports/world.ts';
import { ActorPool } from '../kit/actor-pool.ts';
import type { Service } from '../kit/service.ts';

/** A service as the composition root hands it over. */
export interface ManagedService {
  readonly name: string;
  readonly needs: readonly string[];
  /** Starts its wiring; what had started is stopped again when it fails or the signal aborts. */
  start(signal: AbortSignal): Promise<void>;
  stop(signal: AbortSignal): Promise<void>;
}

export interface ServiceLifecycleNeeds {
  readonly bus: Bus;
  readonly runtime: ActorRuntime;
  readonly random: Random;
  readonly services: readonly ManagedService[];
  readonly onFailure: (key: string, error: unknown) => void;
}

export interface ServiceState {
  readonly name: string;
  readonly state: string;
  readonly needs: readonly string[];
  readonly needsOn: readonly string[];
  readonly reason: string | null;
  readonly restarts: number;
}

export interface ServiceLifecycles extends Service {
  start(): void;
  stop(): void;
  switchOn(name: string): void;
  switchOff(name: string): void;
  restart(name: string): void;
  /** A running service says that it cannot go on. */
  giveUp(name: string, reason: string): void;
  states(): readonly ServiceState[];
  /** Called after every change of any of them. Returns the function that ends it. */
  onChange(listener: () => void): () => void;
}

/** One `service-lifecycle` for every service, in the order of construction; all begin switched off. */
export function createServiceLifecycles(needs: ServiceLifecycleNeeds): ServiceLifecycles {
  const { bus, runtime, random, services } = needs;
  const byName = new Map(services.map((service) => [service.name, service]));
  const listeners = new Set<() => void>();
  let unsubscribe = (): void => {};
  const pool = new ActorPool({
    machine: serviceLifecycleWith({
      startService: ({ service }, signal) => byName.get(service)!.start(signal),
      stopService: ({ service }, signal) => byName.get(service)!.stop(signal),
    }),
    runtime,
    actorsMax: Math.max(1, services.length),
    onEmit: (fact) => bus.publish(fact),
    onFailure: needs.onFailure,
  });

  function open({ name, needs: needed }: ManagedService): void {
    const seed = Math.floor(random.fraction() * 2 ** 32);
    const actor = pool.open(name, { service: name, needs: needed, needsOn: [], seed });
    actor?.subscribe(() => {
      for (const listener of [...listeners]) listener();
    });
  }

  return {
    start() {
      unsubscribe = bus.subscribe(['service.started', 'service.stopped'], (fact) => pool.sendAll(fact));
      for (const service of services) open(service);
    },
    stop() {
      unsubscribe();
      pool.closeAll();
    },
    switchOn: (name) => void pool.send(name, { type: 'start' }),
    switchOff: (name) => void pool.send(name, { type: 'stop' }),
    restart(name) {
      pool.send(name, { type: 'stop' });
      pool.send(name, { type: 'start' });
    },
    giveUp: (name, reason) => void pool.send(name, { type: 'giveUp', reason }),
    states: () =>
      pool.keys().map((name) => {
        const { value, context } = pool.get(name)!.getSnapshot();
        const { needs: needed, needsOn, reason, restarts } = context;
        return { name, state: String(value), needs: needed, needsOn, reason, restarts };
      }),
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
