import { assign, emit, enqueueActions, setup } from 'xstate';
import type { Fact } from '../../bus/facts/index.ts';
import { backoffMs } from '../kit/backoff.ts';
import { port } from '../kit/port.ts';
import type {
  FireHireCommand,
  FireHireContext,
  FireHireHeard,
  FireHireInput,
  FireHirePorts,
} from './fire-hire.ports.ts';
import { judgeSuppliers } from './judge-suppliers.ts';

const REVIEW_EVERY_MS = 10 * 60_000;

/** Types, ports, guards, actions and delays of `fire-hire`, apart from its states. */
export const fireHireSetup = setup({
  types: {
    input: {} as FireHireInput,
    context: {} as FireHireContext,
    events: {} as FireHireCommand | FireHireHeard,
    emitted: {} as Fact<
      'suppliers.changed' | 'seat.became-away' | 'seat.came-back' | 'supplier.dismissed' | 'seats.left-empty'
    >,
  },
  actors: {
    surveySuppliers: port<FireHirePorts['surveySuppliers']>('surveySuppliers'),
    hire: port<FireHirePorts['hire']>('hire'),
    saveFamily: port<FireHirePorts['saveFamily']>('saveFamily'),
    dismiss: port<FireHirePorts['dismiss']>('dismiss'),
  },
  guards: {
    isAgain: ({ context }) => context.again,
    hasSeatsToFill: ({ context }) => context.judgement.hire.length > 0,
    hasDone: ({ context }) => context.done.length > 0,
  },
  actions: {
    noteUp: assign({ networkUp: true }),
    noteDown: assign({ networkUp: false }),
    markAgain: assign({ again: true }),
    markRescue: assign({ again: true, rescue: true }),
    takeSeats: assign(({ event }) =>
      event.type === 'setSeats' ? { seatsWanted: event.seatsWanted, again: true } : {},
    ),
    takeReplace: assign(({ context, event }) =>
      event.type === 'replace' ? { replace: [...new Set([...context.replace, event.seat])], again: true } : {},
    ),
    dropReplace: assign(({ context, event }) =>
      event.type === 'keep' ? { replace: context.replace.filter((seat) => seat !== event.seat) } : {},
    ),
    judge: assign(({ context }) => {
      const judgement = judgeSuppliers(context.health, context);
      return { judgement, rescue: context.rescue && judgement.hire.length > 0 };
    }),
    announceAbsences: enqueueActions(({ context, enqueue }) => {
      const supplierOf = (seat: number) => context.health.find((row) => row.seat === seat)?.supplier;
      for (const seat of context.judgement.becameAway)
        enqueue(emit({ type: 'seat.became-away' as const, seat, supplier: supplierOf(seat)! }));
      for (const seat of context.judgement.cameBack)
        enqueue(emit({ type: 'seat.came-back' as const, seat, supplier: supplierOf(seat)! }));
    }),
    announceChanged: enqueueActions(({ context, enqueue }, params: { version: number; seats: number }) => {
      enqueue(emit({ type: 'suppliers.changed' as const, ...params }));
      for (const { seat, former } of context.hired)
        if (former !== null && !context.judgement.voluntary.includes(seat))
          enqueue(emit({ type: 'supplier.dismissed' as const, seat, supplier: former, reason: 'lost' }));
    }),
    announceEmpty: emit((_, params: { seats: readonly number[]; reason: string | null }) => ({
      type: 'seats.left-empty' as const,
      seats: params.seats,
      reason: params.reason ?? 'exhausted',
    })),
    announceDismissed: enqueueActions(({ context, enqueue }) => {
      for (const former of context.done)
        enqueue(emit({ type: 'supplier.dismissed' as const, ...former, reason: 'replaced' }));
      enqueue(assign({ done: [] }));
    }),
    takeHired: assign(({ context }, params: { hired: FireHireContext['hired'] }) => ({
      hired: params.hired,
      attempt: 0,
      rescue: false,
      replace: context.replace.filter((seat) => !params.hired.some((row) => row.seat === seat)),
    })),
  },
  delays: {
    surveyTimeout: 25_000,
    hireTimeout: 180_000,
    saveTimeout: 60_000,
    dismissTimeout: 15_000,
    nextReview: ({ context }) => Math.min(REVIEW_EVERY_MS, context.judgement.nextDueMs ?? REVIEW_EVERY_MS),
    retryDelay: ({ context }) => backoffMs(context.attempt, context.seed, { fromMs: 2_000, toMs: 600_000 }),
  },
});
