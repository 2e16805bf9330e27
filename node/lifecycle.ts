import type { Bus } from '../bus/bus.ts';
import type { ActorRuntime, Clock, Random } from '../ports/world.ts';
import { BitDustError } from '../protocol/errors.ts';
import { SERVICES } from '../services/index.ts';
import { createNodeLifecycle } from '../services/system/node-lifecycle.service.ts';
import {
  createServiceLifecycles,
  type ManagedService,
  type ServiceLifecycles,
  type ServiceState,
} from '../services/system/service-lifecycle.service.ts';
import type { Inspector } from './inspector.ts';

export interface LifecycleOptions {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly runtime: ActorRuntime;
  readonly random: Random;
  readonly inspector: Inspector;
  /** Those that the configuration builds, in order of construction. */
  readonly services: readonly ManagedService[];
  /** Names of those that run before there is an identity. */
  readonly withoutIdentity: readonly string[];
  readonly home: { open(signal: AbortSignal): Promise<{ readonly hasIdentity: boolean }>; close(): Promise<void> };
  readonly onFailure: (key: string, error: unknown) => void;
}

/** One service as the faces show it. Times in ms since 1970. */
export interface ServiceView {
  readonly name: string;
  readonly state: string;
  readonly enabled: boolean;
  readonly needs: readonly string[];
  readonly since: number;
  readonly reason: string | null;
  readonly automats: number;
  readonly restarts: number;
}

export interface Lifecycle {
  /** Resolves when every service is on or has failed; rejects when the home cannot be opened. */
  start(): Promise<void>;
  /** Stops in reverse order and names who was late. A second call cuts the grace. */
  stop(): Promise<{ readonly late: readonly string[] }>;
  /** Every service of the registry, those that are not built too. */
  services(): readonly ServiceView[];
  /** These resolve when the service has come to rest. `SERVICE_UNKNOWN` when it is not built. */
  switchOn(name: string): Promise<ServiceView>;
  switchOff(name: string): Promise<ServiceView>;
  restart(name: string): Promise<ServiceView>;
  /** A running service says that it cannot go on; it is stopped and started again with back-off. */
  giveUp(name: string, reason: string): void;
}

const MOVING = ['starting', 'stopping', 'halted'];

/** The life of a node: its own machine, and one for each service. */
export function createLifecycle(options: LifecycleOptions): Lifecycle {
  const { bus, runtime, random, home, onFailure, inspector, clock } = options;
  /** Names of services whose stop has not answered. */
  const stopping = new Set<string>();
  const services = options.services.map((service) => noting(service, stopping));
  const lifecycles = createServiceLifecycles({ bus, runtime, random, services, onFailure });
  const switched = new Set<string>();
  const begun = Promise.withResolvers<void>();
  const startedAt = clock.now();
  const node = createNodeLifecycle({
    bus,
    runtime,
    onFailure,
    openHome: (_input, signal) => home.open(signal),
    startServices: async ({ set }, signal) => {
      const answer = await startAll(set, signal);
      // without an identity nothing is announced, and this is all that can start
      if (set === 'withoutIdentity') begun.resolve();
      return answer;
    },
    stopServices: ({ graceMs }, signal) => stopAll(graceMs, signal),
  });

  async function startAll(set: 'all' | 'withoutIdentity', signal: AbortSignal): Promise<{ on: number }> {
    const wanted = services.filter(({ name }) => set === 'all' || options.withoutIdentity.includes(name));
    for (const { name } of wanted) {
      if (switched.has(name)) continue;
      switched.add(name);
      lifecycles.switchOn(name);
    }
    const names = wanted.map(({ name }) => name).filter((name) => switched.has(name));
    await until(lifecycles, (states) => isAtRest(states, names), signal);
    const down = lifecycles.states().filter(({ name, state }) => names.includes(name) && state !== 'on');
    if (down.length > 0) throw new BitDustError('SERVICE_OFF', undefined, { details: { services: down.map(nameOf) } });
    return { on: names.length };
  }

  async function stopAll(graceMs: number, signal: AbortSignal): Promise<{ late: string[] }> {
    const grace = withDeadline(clock, graceMs, signal);
    for (const { name } of [...services].reverse()) {
      lifecycles.switchOff(name);
      await until(lifecycles, (states) => stateOf(states, name) === 'off', grace.signal).catch(() => undefined);
      signal.throwIfAborted();
    }
    grace.end();
    const late = lifecycles.states().filter(({ name, state }) => state !== 'off' || stopping.has(name));
    lifecycles.stop();
    await home.close();
    return { late: late.map(nameOf) };
  }

  function view(name: string): ServiceView {
    return viewOf({ name, states: lifecycles.states(), inspector, startedAt, isEnabled: switched.has(name) });
  }

  async function rested(name: string): Promise<ServiceView> {
    await until(lifecycles, (states) => isAtRest(states, [name]), new AbortController().signal);
    return view(name);
  }

  function known(name: string): string {
    if (!services.some((service) => service.name === name)) throw new BitDustError('SERVICE_UNKNOWN');
    return name;
  }

  return {
    async start() {
      lifecycles.start();
      const end = bus.subscribe(['node.started'], () => begun.resolve());
      node.start();
      const ended = node.ended.then(({ failure }) => {
        if (failure) throw new BitDustError(failure);
      });
      await Promise.race([begun.promise, ended]).finally(end);
    },
    async stop() {
      await node.stop();
      const { late } = await node.ended;
      return { late };
    },
    services: () => SERVICES.map(({ name }) => view(name)),
    async switchOn(name) {
      switched.add(known(name));
      lifecycles.switchOn(name);
      return rested(name);
    },
    async switchOff(name) {
      switched.delete(known(name));
      lifecycles.switchOff(name);
      return rested(name);
    },
    async restart(name) {
      switched.add(known(name));
      lifecycles.restart(name);
      return rested(name);
    },
    giveUp: (name, reason) => lifecycles.giveUp(known(name), reason),
  };
}

function noting(service: ManagedService, stopping: Set<string>): ManagedService {
  return {
    ...service,
    async stop(signal) {
      stopping.add(service.name);
      await service.stop(signal);
      stopping.delete(service.name);
    },
  };
}

/** A service that waits is at rest only when one of its needs will not come. */
function isAtRest(states: readonly ServiceState[], names: readonly string[]): boolean {
  const rests = (name: string): boolean => {
    const found = states.find((each) => each.name === name);
    if (!found) return true;
    if (MOVING.includes(found.state)) return false;
    return found.state !== 'waiting' || found.needs.some((need) => stateOf(states, need) !== 'on' && rests(need));
  };
  return names.every(rests);
}

function until(
  lifecycles: ServiceLifecycles,
  holds: (states: readonly ServiceState[]) => boolean,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const finish = (settle: () => void): void => {
      leave();
      signal.removeEventListener('abort', abort);
      settle();
    };
    const abort = (): void => finish(() => reject(signal.reason));
    const look = (): void => {
      if (holds(lifecycles.states())) finish(resolve);
    };
    const leave = lifecycles.onChange(look);
    signal.addEventListener('abort', abort);
    if (signal.aborted) abort();
    else look();
  });
}

function withDeadline(clock: Clock, ms: number, signal: AbortSignal): { signal: AbortSignal; end(): void } {
  const deadline = new AbortController();
  const timer = clock.setTimeout(() => deadline.abort(new BitDustError('DEADLINE_PASSED')), ms);
  return { signal: AbortSignal.any([deadline.signal, signal]), end: () => clock.clearTimeout(timer) };
}

function viewOf(options: {
  readonly name: string;
  readonly states: readonly ServiceState[];
  readonly inspector: Inspector;
  readonly startedAt: number;
  readonly isEnabled: boolean;
}): ServiceView {
  const { name, states, inspector, startedAt, isEnabled } = options;
  const row = SERVICES.find((service) => service.name === name);
  const state = states.find((each) => each.name === name);
  const automats = inspector.automats();
  const missing = state?.needs.filter((need) => !state.needsOn.includes(need)) ?? [];
  return {
    name,
    state: state?.state ?? 'off',
    enabled: isEnabled,
    needs: row?.needs ?? state?.needs ?? [],
    since: automats.find((each) => each.id === `service-lifecycle:${name}`)?.since ?? startedAt,
    reason: state?.state === 'waiting' ? `It needs ${missing.join(' and ')}.` : (state?.reason ?? null),
    automats: automats.filter((each) => each.service === name && each.status === 'active').length,
    restarts: state?.restarts ?? 0,
  };
}

function stateOf(states: readonly ServiceState[], name: string): string | undefined {
  return states.find((each) => each.name === name)?.state;
}

function nameOf(state: ServiceState): string {
  return state.name;
}
