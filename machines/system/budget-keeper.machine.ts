import { assign, emit, enqueueActions, raise, setup } from 'xstate';
import type { Fact } from '../../bus/facts/index.ts';
import { type Effect, perform, port } from '../kit/port.ts';
import {
  BUSY_DELAY_MS,
  type Budget,
  type BudgetMode,
  budgetOf,
  isBudgetChange,
  type TrafficLoad,
  type TrafficPlan,
} from './budget.ts';

export interface BudgetKeeperPorts {
  /** Caps and windows, resolved for now. */
  readonly readPlan: Effect<Record<never, never>, TrafficPlan>;
  readonly measureLoad: Effect<Record<never, never>, TrafficLoad>;
}

type Event =
  /** Caps or windows were changed. */
  | { readonly type: 'setPlan' }
  | { readonly type: 'pause' }
  | { readonly type: 'resume' }
  | { readonly type: 'stop' }
  | { readonly type: 'judge' }
  | { readonly type: 'planRead' }
  | Fact<'interfaces.changed' | 'restore.started' | 'restore.finished' | 'restore.failed'>;

interface Context {
  readonly plan: TrafficPlan;
  readonly delayMs: number | null;
  readonly paused: boolean;
  /** Restores under way: background work makes room for them. */
  readonly restores: number;
  readonly announced: Budget | null;
}

const OPEN_PLAN: TrafficPlan = { up: null, down: null, closed: false, nextEdgeMs: null };
const DAY_MS = 86_400_000;

const keeper = setup({
  types: {
    context: {} as Context,
    events: {} as Event,
    emitted: {} as Fact<'budget.changed'>,
  },
  actors: {
    readPlan: port<BudgetKeeperPorts['readPlan']>('readPlan'),
    measureLoad: port<BudgetKeeperPorts['measureLoad']>('measureLoad'),
  },
  guards: {
    isClosed: ({ context }) => context.paused || context.plan.closed,
    isBusy: ({ context }) => context.restores > 0 || (context.delayMs ?? 0) > BUSY_DELAY_MS,
    isCapped: ({ context }) => context.plan.up !== null || context.plan.down !== null,
  },
  actions: {
    judge: raise({ type: 'judge' }),
    endRestore: assign({ restores: ({ context }) => Math.max(0, context.restores - 1) }),
    announce: enqueueActions(({ context, enqueue }, params: { mode: BudgetMode }) => {
      const budget = budgetOf(params.mode, context.plan);
      if (!isBudgetChange(context.announced, budget)) return;
      enqueue.assign({ announced: budget });
      enqueue(emit({ type: 'budget.changed' as const, ...budget }));
    }),
  },
  delays: {
    sampleEvery: 5_000,
    sampleTimeout: 2_000,
    calmPeriod: 30_000,
    planEdge: ({ context }) => Math.min(context.plan.nextEdgeMs ?? DAY_MS, DAY_MS),
  },
});

/** How traffic is held now. */
const mode = keeper.createStateConfig({
  initial: 'unlimited',
  on: {
    judge: [
      { guard: 'isClosed', target: '.closed' },
      { guard: 'isBusy', target: '.yielding' },
      { guard: 'isCapped', target: '.limited' },
      { target: '.unlimited' },
    ],
  },
  states: {
    unlimited: { entry: { type: 'announce', params: { mode: 'unlimited' } } },
    limited: { entry: { type: 'announce', params: { mode: 'limited' } } },
    yielding: {
      entry: { type: 'announce', params: { mode: 'yielding' } },
      on: {
        // a calm sample changes nothing: only calm that lasts leads out
        judge: [{ guard: 'isClosed', target: 'closed' }, { guard: 'isBusy', target: 'yielding', reenter: true }, {}],
      },
      after: { calmPeriod: [{ guard: 'isCapped', target: 'limited' }, { target: 'unlimited' }] },
    },
    closed: { entry: { type: 'announce', params: { mode: 'closed' } } },
  },
});

/** What feeds the judgement: the plan, read again at its next boundary, and the load of the line. */
const watch = keeper.createStateConfig({
  initial: 'reading',
  on: {
    setPlan: '.reading',
    'interfaces.changed': '.reading',
    planRead: { target: '.resting', reenter: true },
  },
  after: { planEdge: '.reading' },
  states: {
    reading: {
      invoke: {
        src: 'readPlan',
        input: {},
        onDone: {
          actions: [assign({ plan: ({ event }) => event.output }), raise({ type: 'planRead' }), 'judge'],
        },
        onError: 'resting',
      },
      after: { sampleTimeout: 'resting' },
    },
    resting: { after: { sampleEvery: 'measuring' } },
    measuring: {
      invoke: {
        src: 'measureLoad',
        input: {},
        onDone: { target: 'resting', actions: [assign({ delayMs: ({ event }) => event.output.delayMs }), 'judge'] },
        onError: 'resting',
      },
      after: { sampleTimeout: 'resting' },
    },
  },
});

/** Turns caps, schedule and load into the present traffic budget. */
export const budgetKeeperMachine = keeper.createMachine({
  id: 'budget-keeper',
  description: 'Turns caps, schedule and load into the present traffic budget.',
  options: { maxIterations: 100 },
  context: { plan: OPEN_PLAN, delayMs: null, paused: false, restores: 0, announced: null },
  initial: 'keeping',
  on: { stop: '.stopped' },
  states: {
    keeping: {
      type: 'parallel',
      on: {
        pause: { actions: [assign({ paused: true }), 'judge'] },
        resume: { actions: [assign({ paused: false }), 'judge'] },
        'restore.started': { actions: [assign({ restores: ({ context }) => context.restores + 1 }), 'judge'] },
        'restore.finished': { actions: ['endRestore', 'judge'] },
        'restore.failed': { actions: ['endRestore', 'judge'] },
      },
      states: { mode, watch },
    },
    stopped: { type: 'final' },
  },
});

/** The machine with its ports given. */
export function budgetKeeperWith(ports: BudgetKeeperPorts) {
  return budgetKeeperMachine.provide({
    actors: { readPlan: perform(ports.readPlan), measureLoad: perform(ports.measureLoad) },
  });
}
