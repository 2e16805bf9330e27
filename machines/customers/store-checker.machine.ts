import { assign, emit, enqueueActions, setup } from 'xstate';
import type { Fact } from '../../bus/facts/index.ts';
import type { PersonId } from '../../protocol/ids.ts';
import { backoffMs } from '../kit/backoff.ts';
import { type Effect, perform, port } from '../kit/port.ts';

export interface Verified {
  readonly cursor: string | null;
  readonly pieces: number;
  readonly rotten: readonly { readonly customer: PersonId; readonly count: number }[];
  readonly done: boolean;
  /** Wait before the next step, so that a pass takes 30 d. */
  readonly gapMs: number;
}

export interface StoreCheckerPorts {
  readonly verifyNext: Effect<{ cursor: string | null; bytes: number }, Verified>;
  /** Durable on return: the loss is known before it is announced. */
  readonly recordConfession: Effect<{ customers: readonly PersonId[] }, void>;
  readonly sweepNext: Effect<
    { cursor: string | null },
    { readonly cursor: string | null; readonly freed: number; readonly done: boolean }
  >;
}

type Event =
  | { readonly type: 'checkNow' }
  | { readonly type: 'stop' }
  | { readonly type: 'due'; readonly name: 'sweep' }
  | Fact<'budget.changed' | 'disk.vanished' | 'disk.became-unwritable' | 'disk.recovered' | 'node.started'>;

interface Context {
  readonly seed: number;
  readonly cursor: string | null;
  readonly sweepCursor: string | null;
  readonly pieces: number;
  readonly rotten: readonly { readonly customer: PersonId; readonly count: number }[];
  readonly rottenTotal: number;
  readonly freed: number;
  readonly gapMs: number;
  readonly done: boolean;
  readonly fast: boolean;
  readonly attempt: number;
}

const STEP_BYTES = 64 * 1024 * 1024;

/** Reads stored pieces again in the background, confesses rotten ones and empties trash that is due. */
export const storeCheckerMachine = setup({
  types: {
    input: {} as { readonly seed: number; readonly cursor: string | null },
    context: {} as Context,
    events: {} as Event,
    emitted: {} as Fact<'piece.found-rotten' | 'store.checked' | 'store.swept'>,
  },
  actors: {
    verifyNext: port<StoreCheckerPorts['verifyNext']>('verifyNext'),
    recordConfession: port<StoreCheckerPorts['recordConfession']>('recordConfession'),
    sweepNext: port<StoreCheckerPorts['sweepNext']>('sweepNext'),
  },
  guards: {
    isRotten: ({ context }) => context.rotten.length > 0,
    isDone: ({ context }) => context.done,
    isFast: ({ context }) => context.fast,
    isClosed: ({ event }) => event.type === 'budget.changed' && event.mode === 'closed',
  },
  actions: {
    takeStep: assign(({ context }, params: { step: Verified }) => ({
      cursor: params.step.cursor,
      pieces: context.pieces + params.step.pieces,
      rotten: params.step.rotten,
      rottenTotal: context.rottenTotal + params.step.rotten.reduce((sum, row) => sum + row.count, 0),
      gapMs: params.step.gapMs,
      done: params.step.done,
    })),
    announceRotten: enqueueActions(({ context, enqueue }) => {
      for (const row of context.rotten)
        enqueue(emit({ type: 'piece.found-rotten' as const, customer: row.customer, count: row.count }));
    }),
    announceChecked: emit(({ context }) => ({
      type: 'store.checked' as const,
      pieces: context.pieces,
      rotten: context.rottenTotal,
    })),
    announceSwept: emit(({ context }) => ({ type: 'store.swept' as const, freedBytes: context.freed })),
    beginPass: assign({ cursor: null, pieces: 0, rottenTotal: 0, done: false, fast: false }),
    countTry: assign({ attempt: ({ context }) => context.attempt + 1 }),
  },
  delays: {
    stepGap: ({ context }) => (context.fast ? 0 : Math.max(2_000, Math.min(context.gapMs, 12 * 3_600_000))),
    stepTimeout: 60_000,
    sweepEvery: 6 * 3_600_000,
    retryDelay: ({ context }) => backoffMs(context.attempt, context.seed, { fromMs: 60_000, toMs: 3_600_000 }),
  },
}).createMachine({
  id: 'store-checker',
  description: 'Verifies stored pieces, empties trash that is due, has losses confessed.',
  options: { maxIterations: 100 },
  context: ({ input }) => ({
    seed: input.seed,
    cursor: input.cursor,
    sweepCursor: null,
    pieces: 0,
    rotten: [],
    rottenTotal: 0,
    freed: 0,
    gapMs: 2_000,
    done: false,
    fast: false,
    attempt: 0,
  }),
  initial: 'resting',
  on: {
    stop: '.stopped',
    'disk.vanished': '.paused',
    'disk.became-unwritable': '.paused',
    checkNow: { actions: assign({ fast: true }), target: '.walking' },
  },
  states: {
    resting: {
      initial: 'gap',
      states: {
        gap: { after: { stepGap: '#store-checker.walking' } },
      },
      on: { due: 'sweeping', 'budget.changed': { guard: 'isClosed', target: 'paused' }, 'node.started': 'sweeping' },
    },
    walking: {
      invoke: {
        src: 'verifyNext',
        input: ({ context }) => ({ cursor: context.cursor, bytes: STEP_BYTES }),
        onDone: {
          target: 'judging',
          actions: [{ type: 'takeStep', params: ({ event }) => ({ step: event.output }) }, assign({ attempt: 0 })],
        },
        onError: { target: 'coolingDown', actions: 'countTry' },
      },
      after: { stepTimeout: { target: 'coolingDown', actions: 'countTry' } },
    },
    judging: {
      always: [
        { guard: 'isRotten', target: 'confessing' },
        { guard: 'isDone', target: 'sweeping', actions: ['announceChecked', 'beginPass'] },
        { guard: 'isFast', target: 'walking' },
        { target: 'resting' },
      ],
    },
    confessing: {
      invoke: {
        src: 'recordConfession',
        input: ({ context }) => ({ customers: context.rotten.map((row) => row.customer) }),
        onDone: { target: 'judging', actions: ['announceRotten', assign({ rotten: [] })] },
        onError: { target: 'judging', actions: ['announceRotten', assign({ rotten: [] })] },
      },
      after: { stepTimeout: { target: 'judging', actions: ['announceRotten', assign({ rotten: [] })] } },
    },
    sweeping: {
      invoke: {
        src: 'sweepNext',
        input: ({ context }) => ({ cursor: context.sweepCursor }),
        onDone: [
          {
            guard: ({ event }) => event.output.done,
            target: 'resting',
            actions: [
              assign({ freed: ({ context, event }) => context.freed + event.output.freed }),
              'announceSwept',
              assign({ freed: 0, sweepCursor: null }),
            ],
          },
          {
            target: 'sweeping',
            reenter: true,
            actions: assign({
              freed: ({ context, event }) => context.freed + event.output.freed,
              sweepCursor: ({ event }) => event.output.cursor,
            }),
          },
        ],
        onError: { target: 'coolingDown', actions: 'countTry' },
      },
      after: { stepTimeout: { target: 'coolingDown', actions: 'countTry' } },
    },
    coolingDown: { after: { retryDelay: 'resting' } },
    paused: {
      on: { 'disk.recovered': 'resting', 'budget.changed': [{ guard: 'isClosed' }, { target: 'resting' }] },
      after: { sweepEvery: 'resting' },
    },
    stopped: { type: 'final' },
  },
});

/** The machine with its ports given. */
export function storeCheckerWith(ports: StoreCheckerPorts) {
  return storeCheckerMachine.provide({
    actors: {
      verifyNext: perform(ports.verifyNext),
      recordConfession: perform(ports.recordConfession),
      sweepNext: perform(ports.sweepNext),
    },
  });
}
