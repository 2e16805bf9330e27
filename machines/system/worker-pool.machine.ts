import { assign, emit, setup } from 'xstate';
import type { Fact } from '../../bus/facts/index.ts';
import { backoffMs } from '../kit/backoff.ts';
import { type Effect, perform, port } from '../kit/port.ts';

export interface WorkerPoolInput {
  /** Workers wanted while there is work; see `workersFor`. */
  readonly workers: number;
  /** Seed of the back-off. */
  readonly seed: number;
}

export interface WorkerPoolPorts {
  /** Adds this many. */
  readonly spawnWorkers: Effect<{ count: number }, { readonly alive: number }>;
  /** Ends this many of those that have nothing to do. */
  readonly retireWorkers: Effect<{ count: number }, { readonly alive: number }>;
}

type Event =
  /** The queue rose above its mark. */
  | { readonly type: 'raiseDemand'; readonly queued: number }
  /** The queue is empty again. */
  | { readonly type: 'lowerDemand' }
  | { readonly type: 'replaceWorker' }
  | { readonly type: 'stop' }
  | Fact<'node.stopping'>;

interface Context extends WorkerPoolInput {
  readonly alive: number;
  readonly attempts: number;
  readonly queued: number;
}

/** Keeps the right number of worker threads for coding, hashing and encryption. The tasks themselves never pass through here. */
export const workerPoolMachine = setup({
  types: {
    input: {} as WorkerPoolInput,
    context: {} as Context,
    events: {} as Event,
    emitted: {} as Fact<'workers.saturated' | 'workers.relieved'>,
  },
  actors: {
    spawnWorkers: port<WorkerPoolPorts['spawnWorkers']>('spawnWorkers'),
    retireWorkers: port<WorkerPoolPorts['retireWorkers']>('retireWorkers'),
  },
  guards: {
    isPressed: ({ context }) => context.queued > 0,
    isShort: ({ context }) => context.alive < context.workers,
  },
  actions: {
    noteAlive: assign((_, params: { alive: number }) => params),
    noteDemand: assign((_, params: { queued: number }) => params),
    noteCalm: assign({ queued: 0, attempts: 0 }),
    noteLoss: assign(({ context }) => ({ alive: Math.max(0, context.alive - 1) })),
    countAttempt: assign(({ context }) => ({ attempts: context.attempts + 1 })),
    announceSaturated: emit(({ context }) => ({ type: 'workers.saturated' as const, queued: context.queued })),
    announceRelieved: emit({ type: 'workers.relieved' as const }),
  },
  delays: {
    spawnTimeout: 5_000,
    retireTimeout: 5_000,
    idleBeforeCold: 60_000,
    mendDelay: ({ context }) => backoffMs(context.attempts - 1, context.seed, { fromMs: 1_000, toMs: 60_000 }),
  },
}).createMachine({
  id: 'worker-pool',
  description: 'Keeps the right number of worker threads.',
  options: { maxIterations: 100 },
  context: ({ input }) => ({ ...input, alive: 0, attempts: 0, queued: 0 }),
  initial: 'cold',
  on: {
    stop: '.stopped',
    'node.stopping': '.stopped',
    lowerDemand: { actions: 'noteCalm' },
    raiseDemand: { actions: { type: 'noteDemand', params: ({ event }) => event } },
    replaceWorker: { target: '.mending', actions: 'noteLoss' },
  },
  states: {
    cold: {
      on: { raiseDemand: { target: 'warming', actions: { type: 'noteDemand', params: ({ event }) => event } } },
    },
    warming: {
      invoke: {
        src: 'spawnWorkers',
        input: ({ context }) => ({ count: context.workers - context.alive }),
        onDone: { target: 'ready', actions: { type: 'noteAlive', params: ({ event }) => event.output } },
        onError: 'mending',
      },
      after: { spawnTimeout: 'mending' },
    },
    ready: {
      always: { guard: 'isShort', target: 'mending' },
      on: {
        raiseDemand: { target: 'saturated', actions: { type: 'noteDemand', params: ({ event }) => event } },
        lowerDemand: { target: 'ready', reenter: true, actions: 'noteCalm' },
      },
      after: { idleBeforeCold: [{ guard: 'isPressed', target: 'ready', reenter: true }, { target: 'retiring' }] },
    },
    saturated: {
      entry: 'announceSaturated',
      exit: 'announceRelieved',
      on: {
        raiseDemand: { actions: { type: 'noteDemand', params: ({ event }) => event } },
        lowerDemand: { target: 'ready', actions: 'noteCalm' },
      },
    },
    retiring: {
      invoke: {
        src: 'retireWorkers',
        input: ({ context }) => ({ count: context.alive }),
        onDone: { target: 'cold', actions: { type: 'noteAlive', params: ({ event }) => event.output } },
        onError: 'ready',
      },
      on: { raiseDemand: { target: 'warming', actions: { type: 'noteDemand', params: ({ event }) => event } } },
      after: { retireTimeout: 'ready' },
    },
    mending: {
      entry: 'countAttempt',
      after: { mendDelay: 'warming' },
    },
    stopped: { type: 'final' },
  },
});

/** Workers for a number of cores: all but one, at most 8, and from 4 cores one more of low priority for repair and scrub. */
export function workersFor(cores: number): number {
  return Math.min(8, Math.max(1, cores - 1)) + (cores >= 4 ? 1 : 0);
}

/** The machine with its ports given. */
export function workerPoolWith(ports: WorkerPoolPorts) {
  return workerPoolMachine.provide({
    actors: { spawnWorkers: perform(ports.spawnWorkers), retireWorkers: perform(ports.retireWorkers) },
  });
}
