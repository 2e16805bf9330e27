import { assign, cancel, emit, enqueueActions, setup } from 'xstate';
import type { Fact } from '../../bus/facts/index.ts';
import { backoffMs } from '../kit/backoff.ts';
import { type Effect, perform, port } from '../kit/port.ts';
import { reasonOf } from '../kit/reason.ts';

export interface ServiceLifecycleInput {
  readonly service: string;
  readonly needs: readonly string[];
  /** Needs that are on now. */
  readonly needsOn: readonly string[];
  /** Seed of the back-off. */
  readonly seed: number;
}

export interface ServiceLifecyclePorts {
  /** Starts it; what had started is stopped again when it fails or is aborted. */
  readonly startService: Effect<{ service: string }, void>;
  readonly stopService: Effect<{ service: string }, void>;
}

type Event =
  | { readonly type: 'start' }
  | { readonly type: 'stop' }
  /** The running service says that it cannot go on. */
  | { readonly type: 'giveUp'; readonly reason: string }
  | { readonly type: 'countFromZero' }
  | Fact<'service.started' | 'service.stopped'>;

interface Context extends ServiceLifecycleInput {
  readonly attempts: number;
  /** Restarts of the present hour. */
  readonly restarts: number;
  readonly reason: string | null;
  /** Where `stopping` leads. */
  readonly afterStop: 'off' | 'waiting' | 'coolingDown';
}

const RESTARTS_AN_HOUR_MAX = 8;

const lifecycle = setup({
  types: {
    input: {} as ServiceLifecycleInput,
    context: {} as Context,
    events: {} as Event,
    emitted: {} as Fact<'service.started' | 'service.stopped' | 'service.failed' | 'service.recovered'>,
  },
  actors: {
    startService: port<ServiceLifecyclePorts['startService']>('startService'),
    stopService: port<ServiceLifecyclePorts['stopService']>('stopService'),
  },
  guards: {
    isSatisfied: ({ context }) => context.needs.every((name) => context.needsOn.includes(name)),
    isNeeded: ({ context }, params: { service: string }) => context.needs.includes(params.service),
    isExhausted: ({ context }) => context.restarts >= RESTARTS_AN_HOUR_MAX,
    hadFailed: ({ context }) => context.reason !== null,
    thenOff: ({ context }) => context.afterStop === 'off',
    thenWaiting: ({ context }) => context.afterStop === 'waiting',
  },
  actions: {
    noteNeedOn: assign(({ context }, params: { service: string }) => ({
      needsOn: [...new Set([...context.needsOn, params.service])],
    })),
    noteNeedOff: assign(({ context }, params: { service: string }) => ({
      needsOn: context.needsOn.filter((name) => name !== params.service),
    })),
    noteFailure: assign(({ context }, params: { reason: string }) => ({
      reason: params.reason,
      attempts: context.attempts + 1,
      restarts: context.restarts + 1,
    })),
    forgetFailures: assign({ attempts: 0, restarts: 0, reason: null }),
    openHour: enqueueActions(({ context, enqueue }) => {
      if (context.restarts === 1) enqueue.raise({ type: 'countFromZero' }, { id: 'hour', delay: 'restartWindow' });
    }),
    closeHour: cancel('hour'),
    leadTo: assign((_, params: { afterStop: Context['afterStop'] }) => params),
    announceStarted: emit(({ context }) => ({ type: 'service.started' as const, service: context.service })),
    announceStopped: emit(({ context }) => ({ type: 'service.stopped' as const, service: context.service })),
    announceRecovered: emit(({ context }) => ({ type: 'service.recovered' as const, service: context.service })),
    announceFailed: emit(({ context }) => ({
      type: 'service.failed' as const,
      service: context.service,
      reason: context.reason ?? 'unknown',
    })),
  },
  delays: {
    ...{ startTimeout: 30_000, stopTimeout: 10_000, steadyPeriod: 600_000, restartWindow: 3_600_000 },
    restartDelay: ({ context }) => backoffMs(context.attempts - 1, context.seed, { fromMs: 1_000, toMs: 300_000 }),
  },
});

/** What takes a service down that is on or about to be: somebody's wish, or one of its needs. */
const goesDown = lifecycle.createStateConfig({
  on: {
    stop: { target: 'stopping', actions: { type: 'leadTo', params: { afterStop: 'off' } } },
    'service.stopped': {
      guard: { type: 'isNeeded', params: ({ event }) => event },
      target: 'stopping',
      actions: [
        { type: 'noteNeedOff', params: ({ event }) => event },
        { type: 'leadTo', params: { afterStop: 'waiting' } },
      ],
    },
  },
}).on;

/** Supervises one service: waits for its needs, starts it, restarts it with back-off, stops it. */
export const serviceLifecycleMachine = lifecycle.createMachine({
  id: 'service-lifecycle',
  description: 'Supervises one service: waits for its needs, starts, restarts with back-off, stops.',
  options: { maxIterations: 100 },
  context: ({ input }) => ({ ...input, attempts: 0, restarts: 0, reason: null, afterStop: 'off' }),
  initial: 'off',
  on: {
    countFromZero: { actions: assign({ restarts: 0 }) },
    'service.started': {
      guard: { type: 'isNeeded', params: ({ event }) => event },
      actions: { type: 'noteNeedOn', params: ({ event }) => event },
    },
    'service.stopped': {
      guard: { type: 'isNeeded', params: ({ event }) => event },
      actions: { type: 'noteNeedOff', params: ({ event }) => event },
    },
  },
  states: {
    off: {
      on: { start: { target: 'waiting', actions: ['forgetFailures', 'closeHour'] } },
    },
    waiting: {
      always: { guard: 'isSatisfied', target: 'starting' },
      on: { stop: 'off' },
    },
    starting: {
      invoke: {
        src: 'startService',
        input: ({ context }) => ({ service: context.service }),
        onDone: 'on',
        onError: {
          target: 'coolingDown',
          actions: { type: 'noteFailure', params: ({ event }) => ({ reason: reasonOf(event.error) }) },
        },
      },
      on: goesDown,
      after: {
        startTimeout: {
          target: 'stopping',
          actions: [
            { type: 'noteFailure', params: { reason: 'DEADLINE_PASSED' } },
            { type: 'leadTo', params: { afterStop: 'coolingDown' } },
          ],
        },
      },
    },
    on: {
      entry: 'announceStarted',
      exit: 'announceStopped',
      always: { guard: 'hadFailed', actions: ['announceRecovered', assign({ reason: null })] },
      on: {
        ...goesDown,
        giveUp: {
          target: 'stopping',
          actions: [
            { type: 'noteFailure', params: ({ event }) => event },
            { type: 'leadTo', params: { afterStop: 'coolingDown' } },
          ],
        },
      },
      after: { steadyPeriod: { actions: assign({ attempts: 0 }) } },
    },
    coolingDown: {
      entry: ['announceFailed', 'openHour'],
      always: { guard: 'isExhausted', target: 'off' },
      on: { stop: 'off', start: 'waiting' },
      after: { restartDelay: 'waiting' },
    },
    stopping: {
      invoke: { src: 'stopService', input: ({ context }) => context, onDone: 'halted', onError: 'halted' },
      on: {
        stop: { actions: { type: 'leadTo', params: { afterStop: 'off' } } },
        start: { actions: { type: 'leadTo', params: { afterStop: 'waiting' } } },
      },
      after: { stopTimeout: 'halted' },
    },
    halted: {
      always: [
        { guard: 'thenOff', target: 'off' },
        { guard: 'thenWaiting', target: 'waiting' },
        { target: 'coolingDown' },
      ],
    },
  },
});

/** The machine with its ports given. */
export function serviceLifecycleWith(ports: ServiceLifecyclePorts) {
  return serviceLifecycleMachine.provide({
    actors: { startService: perform(ports.startService), stopService: perform(ports.stopService) },
  });
}
