import { assign, emit, setup } from 'xstate';
import type { Fact } from '../../bus/facts/index.ts';
import { type ErrorCode, isBitDustError } from '../../protocol/errors.ts';
import { type Effect, perform, port } from '../kit/port.ts';

export interface NodeLifecyclePorts {
  /** Lock, marker of the home, migration. */
  readonly openHome: Effect<Record<never, never>, { readonly hasIdentity: boolean }>;
  /** Switches the set on and answers when all of it is on; a second call joins the first. */
  readonly startServices: Effect<{ set: 'all' | 'withoutIdentity' }, { readonly on: number }>;
  /** Stops everything in reverse order within the grace and names who is late. */
  readonly stopServices: Effect<{ graceMs: number }, { readonly late: readonly string[] }>;
}

type Event =
  | { readonly type: 'start' }
  | { readonly type: 'stop' }
  | Fact<'identity.registered' | 'identity.restored' | 'service.failed' | 'service.recovered'>;

interface Context {
  /** Services that failed and have not recovered. */
  readonly failed: readonly string[];
  readonly services: number;
  readonly graceMs: number;
  readonly late: readonly string[];
  readonly failure: ErrorCode | null;
}

const STOP_GRACE_MS = 10_000;

/** Starts and stops the whole node in order, and says whether it is whole. Each service's own life is `service-lifecycle`'s. */
export const nodeLifecycleMachine = setup({
  types: {
    context: {} as Context,
    events: {} as Event,
    emitted: {} as Fact<'node.started' | 'node.degraded' | 'node.recovered' | 'node.stopping' | 'node.stopped'>,
    output: {} as { readonly late: readonly string[]; readonly failure: ErrorCode | null },
  },
  actors: {
    openHome: port<NodeLifecyclePorts['openHome']>('openHome'),
    startServices: port<NodeLifecyclePorts['startServices']>('startServices'),
    stopServices: port<NodeLifecyclePorts['stopServices']>('stopServices'),
  },
  guards: {
    isNewlyFailed: ({ context }, params: { service: string }) => !context.failed.includes(params.service),
    isLastFailed: ({ context }, params: { service: string }) => context.failed.every((name) => name === params.service),
  },
  actions: {
    noteFailed: assign(({ context }, params: { service: string }) => ({
      failed: [...context.failed.filter((name) => name !== params.service), params.service],
    })),
    noteRecovered: assign(({ context }, params: { service: string }) => ({
      failed: context.failed.filter((name) => name !== params.service),
    })),
    announceStarted: emit(({ context }) => ({ type: 'node.started' as const, services: context.services })),
    announceDegraded: emit(({ context }) => ({ type: 'node.degraded' as const, services: context.failed })),
    announceRecovered: emit({ type: 'node.recovered' as const }),
    announceStopping: emit({ type: 'node.stopping' as const }),
    announceStopped: emit(({ context }) => ({ type: 'node.stopped' as const, late: context.late })),
    cutGrace: assign({ graceMs: 0 }),
    nameAllLate: assign({ late: ['services'] }),
  },
  delays: {
    homeTimeout: 30_000,
    startTimeout: 60_000,
    reviewEvery: 60_000,
    /** The port keeps to the grace itself; this only bounds the port. */
    stopDeadline: ({ context }) => context.graceMs + 1_000,
  },
}).createMachine({
  id: 'node-lifecycle',
  description: 'Starts and stops the whole node in order, and says whether it is whole.',
  options: { maxIterations: 100 },
  context: { failed: [], services: 0, graceMs: STOP_GRACE_MS, late: [], failure: null },
  output: ({ context }) => ({ late: context.late, failure: context.failure }),
  initial: 'checking',
  on: {
    stop: '.stopping',
    'service.failed': { actions: { type: 'noteFailed', params: ({ event }) => event } },
    'service.recovered': { actions: { type: 'noteRecovered', params: ({ event }) => event } },
  },
  states: {
    checking: {
      invoke: {
        src: 'openHome',
        input: {},
        onDone: [
          { guard: ({ event }) => event.output.hasIdentity, target: 'startingServices' },
          { target: 'unregistered' },
        ],
        onError: {
          target: 'failed',
          actions: assign({ failure: ({ event }) => (isBitDustError(event.error) ? event.error.code : 'INTERNAL') }),
        },
      },
      after: { homeTimeout: { target: 'failed', actions: assign({ failure: 'DEADLINE_PASSED' }) } },
    },
    unregistered: {
      invoke: {
        src: 'startServices',
        input: { set: 'withoutIdentity' },
        onDone: { actions: assign({ services: ({ event }) => event.output.on }) },
        onError: {},
      },
      on: {
        start: { target: 'unregistered', reenter: true },
        'identity.registered': 'startingServices',
        'identity.restored': 'startingServices',
      },
      after: { reviewEvery: { target: 'unregistered', reenter: true } },
    },
    startingServices: {
      invoke: {
        src: 'startServices',
        input: { set: 'all' },
        onDone: {
          target: 'running',
          actions: [assign({ services: ({ event }) => event.output.on, failed: [] }), 'announceStarted'],
        },
        onError: { target: 'degraded', actions: ['announceStarted', 'announceDegraded'] },
      },
      after: { startTimeout: { target: 'degraded', actions: ['announceStarted', 'announceDegraded'] } },
    },
    running: {
      on: {
        'service.failed': {
          target: 'degraded',
          actions: [{ type: 'noteFailed', params: ({ event }) => event }, 'announceDegraded'],
        },
      },
    },
    degraded: {
      invoke: {
        src: 'startServices',
        input: { set: 'all' },
        onDone: {
          target: 'running',
          actions: [assign({ services: ({ event }) => event.output.on, failed: [] }), 'announceRecovered'],
        },
        onError: {},
      },
      on: {
        'service.failed': {
          guard: { type: 'isNewlyFailed', params: ({ event }) => event },
          actions: [{ type: 'noteFailed', params: ({ event }) => event }, 'announceDegraded'],
        },
        'service.recovered': [
          {
            guard: { type: 'isLastFailed', params: ({ event }) => event },
            target: 'running',
            actions: [{ type: 'noteRecovered', params: ({ event }) => event }, 'announceRecovered'],
          },
          { actions: { type: 'noteRecovered', params: ({ event }) => event } },
        ],
      },
      after: { reviewEvery: { target: 'degraded', reenter: true } },
    },
    stopping: {
      initial: 'inOrder',
      entry: 'announceStopping',
      states: {
        inOrder: {
          invoke: {
            src: 'stopServices',
            input: ({ context }) => ({ graceMs: context.graceMs }),
            onDone: { target: '#node-lifecycle.stopped', actions: assign({ late: ({ event }) => event.output.late }) },
            onError: { target: '#node-lifecycle.stopped', actions: 'nameAllLate' },
          },
          after: { stopDeadline: { target: '#node-lifecycle.stopped', actions: 'nameAllLate' } },
          on: { stop: { target: 'inOrder', reenter: true, actions: 'cutGrace' } },
        },
      },
    },
    stopped: { type: 'final', entry: 'announceStopped' },
    failed: { type: 'final' },
  },
});

/** The machine with its ports given. */
export function nodeLifecycleWith(ports: NodeLifecyclePorts) {
  return nodeLifecycleMachine.provide({
    actors: {
      openHome: perform(ports.openHome),
      startServices: perform(ports.startServices),
      stopServices: perform(ports.stopServices),
    },
  });
}
