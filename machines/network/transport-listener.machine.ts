import { assign, emit, setup } from 'xstate';
import type { Fact } from '../../bus/facts/index.ts';
import { backoffMs } from '../kit/backoff.ts';
import { type Effect, perform, port } from '../kit/port.ts';

export interface TransportListenerInput {
  readonly transport: string;
  readonly port: number;
  readonly seed: number;
}

export interface TransportListenerPorts {
  /** Listens on the port, or on the next free one. On a transport that listens already it gives the present addresses. */
  readonly listen: Effect<{ readonly port: number }, { readonly addresses: readonly string[]; readonly port: number }>;
  readonly closeListener: Effect<Record<never, never>, void>;
}

interface TransportListenerContext {
  readonly transport: string;
  readonly port: number;
  readonly seed: number;
  /** Failed tries since it last listened for an hour. */
  readonly tries: number;
  readonly addresses: readonly string[];
  readonly after: 'off' | 'starting' | 'stopped';
}

const TRIES_MAX = 10;

/** Keeps one transport listening. */
export const transportListenerMachine = setup({
  types: {
    input: {} as TransportListenerInput,
    context: {} as TransportListenerContext,
    events: {} as
      | { type: 'start' }
      | { type: 'restart' }
      | { type: 'close' }
      | { type: 'stop' }
      | Fact<'interfaces.changed'>,
    emitted: {} as Fact<'transport.listening' | 'transport.failed' | 'transport.closed'>,
  },
  actors: {
    listen: port<TransportListenerPorts['listen']>('listen'),
    closeListener: port<TransportListenerPorts['closeListener']>('closeListener'),
  },
  guards: {
    isSpent: ({ context }) => context.tries + 1 >= TRIES_MAX,
    isWanted: ({ context }) => context.after === 'starting',
    isRestarting: ({ context }) => context.after === 'starting',
    isStopping: ({ context }) => context.after === 'stopped',
  },
  actions: {
    countTry: assign({ tries: ({ context }) => context.tries + 1 }),
    forgetTries: assign({ tries: 0 }),
    want: assign({ after: 'starting' }),
    wantClosed: assign({ after: 'off' }),
    wantStopped: assign({ after: 'stopped' }),
    remember: assign((_, params: { addresses: readonly string[]; port: number }) => params),
    sayListening: emit(({ context }) => ({
      type: 'transport.listening' as const,
      transport: context.transport,
      addresses: context.addresses,
    })),
    sayFailed: emit(({ context }, params: { reason: string }) => ({
      type: 'transport.failed' as const,
      transport: context.transport,
      reason: params.reason,
    })),
    sayClosed: emit(({ context }) => ({ type: 'transport.closed' as const, transport: context.transport })),
  },
  delays: {
    startTimeout: 10_000,
    closeTimeout: 5_000,
    triesForgottenAfter: 3_600_000,
    retryDelay: ({ context }) => backoffMs(context.tries, context.seed, { fromMs: 1_000, toMs: 120_000 }),
  },
}).createMachine({
  id: 'transport-listener',
  description: 'Keeps one transport listening on its port; a command during a wait decides anew.',
  options: { maxIterations: 100 },
  context: ({ input }) => ({ ...input, tries: 0, addresses: [], after: 'off' }),
  initial: 'off',
  on: {
    start: { target: '.starting', actions: ['want', 'forgetTries'] },
    close: { target: '.closing', actions: 'wantClosed' },
    stop: { target: '.closing', actions: 'wantStopped' },
  },
  states: {
    off: {
      description: 'Does not listen. After too many failures only a change of interfaces starts it again.',
      on: {
        stop: 'stopped',
        close: { actions: 'wantClosed' },
        'interfaces.changed': { guard: 'isWanted', target: 'starting', actions: 'forgetTries' },
      },
    },
    starting: {
      invoke: {
        src: 'listen',
        input: ({ context }) => ({ port: context.port }),
        onDone: { target: 'listening', actions: [{ type: 'remember', params: ({ event }) => event.output }] },
        onError: [
          {
            guard: 'isSpent',
            target: 'off',
            actions: { type: 'sayFailed', params: ({ event }) => ({ reason: String(event.error) }) },
          },
          {
            target: 'coolingDown',
            actions: ['countTry', { type: 'sayFailed', params: ({ event }) => ({ reason: String(event.error) }) }],
          },
        ],
      },
      on: { start: { actions: 'want' } },
      after: {
        startTimeout: [
          { guard: 'isSpent', target: 'off', actions: { type: 'sayFailed', params: { reason: 'timeout' } } },
          { target: 'coolingDown', actions: ['countTry', { type: 'sayFailed', params: { reason: 'timeout' } }] },
        ],
      },
    },
    listening: {
      entry: 'sayListening',
      on: {
        start: { actions: 'want' },
        restart: { target: 'closing', actions: 'want' },
        'interfaces.changed': 'starting',
      },
      after: { triesForgottenAfter: { actions: 'forgetTries' } },
    },
    coolingDown: {
      on: { restart: 'starting', 'interfaces.changed': { target: 'starting', actions: 'forgetTries' } },
      after: { retryDelay: 'starting' },
    },
    closing: {
      invoke: {
        src: 'closeListener',
        input: {},
        onDone: { target: 'closed' },
        onError: { target: 'closed' },
      },
      on: {
        start: { actions: 'want' },
        close: { actions: 'wantClosed' },
        stop: { actions: 'wantStopped' },
      },
      after: { closeTimeout: 'closed' },
    },
    closed: {
      description: 'Passed through: what was wanted meanwhile decides.',
      entry: 'sayClosed',
      always: [
        { guard: 'isStopping', target: 'stopped' },
        { guard: 'isRestarting', target: 'starting' },
        { target: 'off' },
      ],
    },
    stopped: { type: 'final' },
  },
});

/** The machine with its ports, for `createActor`. */
export function transportListenerWith(ports: TransportListenerPorts) {
  return transportListenerMachine.provide({
    actors: { listen: perform(ports.listen), closeListener: perform(ports.closeListener) },
  });
}
