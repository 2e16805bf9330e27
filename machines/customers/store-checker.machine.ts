import { assign, emit, enqueueActions, setup } from 'xstate';
import type { Fact } from '../../bus/facts/index.ts';
import { backoffMs } from '../kit/backoff.ts';
import { perform, port } from '../kit/port.ts';
import type { StoreCheckerContext, StoreCheckerEvent, StoreCheckerPorts, Verified } from './store-checker.ports.ts';

const STEP_BYTES = 64 * 1024 * 1024;

/** Reads stored pieces again in the background, confesses rotten ones and empties trash that is due. */
export const storeCheckerMachine = setup({
  types: {
    input: {} as { readonly seed: number; readonly cursor: string | null },
    context: {} as StoreCheckerContext,
    events: {} as StoreCheckerEvent,
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
    isSweepDue: ({ context }) => context.sweepDue,
    isFast: ({ context }) => context.fast,
    isClosed: ({ event }) => event.type === 'budget.changed' && event.mode === 'closed',
  },
  actions: {
    takeStep: assign(({ context }, params: { step: Verified }) => ({
      cursor: params.step.cursor,
      pieces: context.pieces + params.step.pieces,
      rotten: [...context.rotten, ...params.step.rotten],
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
    markSweepDue: assign({ sweepDue: true }),
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
    sweepDue: false,
    attempt: 0,
  }),
  initial: 'resting',
  on: {
    stop: '.stopped',
    'disk.vanished': '.paused',
    'disk.became-unwritable': '.paused',
    'budget.changed': { guard: 'isClosed', target: '.paused' },
    'node.started': { actions: 'markSweepDue' },
    due: { actions: 'markSweepDue' },
    checkNow: { actions: assign({ fast: true }) },
  },
  states: {
    resting: {
      always: [
        { guard: 'isSweepDue', target: 'sweeping' },
        { guard: 'isFast', target: 'walking' },
      ],
      after: { stepGap: 'walking' },
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
        { target: 'resting' },
      ],
    },
    confessing: {
      invoke: {
        src: 'recordConfession',
        input: ({ context }) => ({ customers: context.rotten.map((row) => row.customer) }),
        onDone: { target: 'judging', actions: ['announceRotten', assign({ rotten: [], attempt: 0 })] },
        onError: { target: 'confessingLater', actions: 'countTry' },
      },
      after: { stepTimeout: { target: 'confessingLater', actions: 'countTry' } },
    },
    confessingLater: { after: { retryDelay: 'confessing' } },
    sweeping: {
      entry: assign({ sweepDue: false }),
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
              assign({ freed: 0, sweepCursor: null, attempt: 0 }),
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
      on: { 'disk.recovered': 'judging', 'budget.changed': [{ guard: 'isClosed' }, { target: 'judging' }] },
      after: { sweepEvery: 'judging' },
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
