import { assign, emit, enqueueActions, setup } from 'xstate';
import type { Fact } from '../../bus/facts/index.ts';
import type { DeviceId } from '../../protocol/ids.ts';
import { backoffMs } from '../kit/backoff.ts';
import { type Effect, perform, port } from '../kit/port.ts';
import { type Judgement, judgeSuppliers, type SeatHealth } from './judge-suppliers.ts';

export interface FireHireInput {
  readonly seatsWanted: number;
  readonly networkUp: boolean;
  readonly seed: number;
}

/** Somebody found for a seat, and whom he follows there. */
export interface Hired {
  readonly seat: number;
  readonly supplier: DeviceId;
  readonly former: DeviceId | null;
}

export interface FireHirePorts {
  readonly surveySuppliers: Effect<Record<never, never>, { readonly health: readonly SeatHealth[] }>;
  /** Opens one `supplier-finder` per seat and resolves when all came to rest. */
  readonly hire: Effect<
    { seats: readonly number[] },
    { readonly hired: readonly Hired[]; readonly failed: readonly number[]; readonly reason: string | null }
  >;
  /** Signs the new family and enters it into the log; the version is durable here on return. */
  readonly saveFamily: Effect<{ hired: readonly Hired[] }, { readonly version: number; readonly seats: number }>;
  readonly dismiss: Effect<{ supplier: DeviceId }, void>;
}

type Heard = Fact<
  | 'network.connected'
  | 'network.disconnected'
  | 'supplier.connected'
  | 'supplier.disconnected'
  | 'supplier.refused'
  | 'supplier.ended'
  | 'supplier.gave-notice'
  | 'inventory.known'
  | 'block.weakened'
  | 'peer.sighted'
  | 'settings.changed'
>;
type Command =
  | { readonly type: 'review' }
  | { readonly type: 'stop' }
  | { readonly type: 'setSeats'; readonly seatsWanted: number }
  | { readonly type: 'replace'; readonly seat: number };

interface Context extends FireHireInput {
  readonly health: readonly SeatHealth[];
  readonly judgement: Judgement;
  readonly replace: readonly number[];
  readonly rescue: boolean;
  readonly again: boolean;
  readonly attempt: number;
  readonly hired: readonly Hired[];
}

const NOTHING: Judgement = { becameAway: [], cameBack: [], hire: [], nextDueMs: null };
const REVIEW_EVERY_MS = 10 * 60_000;

/** Decides which seats to fill and whom to dismiss, all empty seats at once, and dismisses nobody before his successor serves. */
export const fireHireMachine = setup({
  types: {
    input: {} as FireHireInput,
    context: {} as Context,
    events: {} as Command | Heard,
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
  },
  actions: {
    markAgain: assign({ again: true }),
    markRescue: assign({ again: true, rescue: true }),
    takeSeats: assign(({ event }) =>
      event.type === 'setSeats' ? { seatsWanted: event.seatsWanted, again: true } : {},
    ),
    takeReplace: assign(({ context, event }) =>
      event.type === 'replace' ? { replace: [...context.replace, event.seat], again: true } : {},
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
    announceChanged: emit((_, params: { version: number; seats: number }) => ({
      type: 'suppliers.changed' as const,
      ...params,
    })),
    announceEmpty: emit((_, params: { seats: readonly number[]; reason: string | null }) => ({
      type: 'seats.left-empty' as const,
      seats: params.seats,
      reason: params.reason ?? 'exhausted',
    })),
    announceDismissed: emit(({ context }) => {
      const hired = context.hired.find((row) => row.former !== null)!;
      return { type: 'supplier.dismissed' as const, seat: hired.seat, supplier: hired.former!, reason: 'replaced' };
    }),
    dropFormer: assign(({ context }) => {
      const first = context.hired.find((row) => row.former !== null);
      return { hired: context.hired.filter((row) => row !== first) };
    }),
  },
  delays: {
    surveyTimeout: 25_000,
    hireTimeout: 180_000,
    saveTimeout: 60_000,
    dismissTimeout: 15_000,
    nextReview: ({ context }) => Math.min(REVIEW_EVERY_MS, context.judgement.nextDueMs ?? REVIEW_EVERY_MS),
    retryDelay: ({ context }) => backoffMs(context.attempt, context.seed, { fromMs: 2_000, toMs: 600_000 }),
  },
}).createMachine({
  id: 'fire-hire',
  description: 'Decides which seats to fill and whom to dismiss.',
  options: { maxIterations: 100 },
  context: ({ input }) => ({
    ...input,
    health: [],
    judgement: NOTHING,
    replace: [],
    rescue: false,
    again: false,
    attempt: 0,
    hired: [],
  }),
  initial: 'opening',
  on: {
    stop: '.stopped',
    'network.disconnected': '.suspended',
    review: { actions: 'markAgain' },
    setSeats: { actions: 'takeSeats' },
    replace: { actions: 'takeReplace' },
    'supplier.connected': { actions: 'markAgain' },
    'supplier.disconnected': { actions: 'markAgain' },
    'supplier.refused': { actions: 'markAgain' },
    'supplier.ended': { actions: 'markAgain' },
    'supplier.gave-notice': { actions: 'markAgain' },
    'inventory.known': { actions: 'markAgain' },
    'settings.changed': { actions: 'markAgain' },
    'block.weakened': { actions: 'markRescue' },
    'peer.sighted': { actions: 'markAgain' },
  },
  states: {
    opening: { always: [{ guard: ({ context }) => context.networkUp, target: 'surveying' }, { target: 'suspended' }] },
    suspended: {
      on: { 'network.connected': { target: 'surveying', actions: assign({ attempt: 0 }) }, 'network.disconnected': {} },
    },
    surveying: {
      entry: assign({ again: false }),
      invoke: {
        src: 'surveySuppliers',
        input: {},
        onDone: { target: 'deciding', actions: assign({ health: ({ event }) => event.output.health }) },
        onError: { target: 'coolingDown' },
      },
      after: { surveyTimeout: 'coolingDown' },
    },
    deciding: {
      entry: ['judge', 'announceAbsences'],
      always: [{ guard: 'hasSeatsToFill', target: 'hiring' }, { target: 'settled' }],
    },
    hiring: {
      initial: 'asking',
      states: {
        asking: {
          invoke: {
            src: 'hire',
            input: ({ context }) => ({ seats: context.judgement.hire }),
            onDone: [
              {
                guard: ({ event }) => event.output.hired.length > 0,
                target: 'saving',
                actions: assign({
                  hired: ({ event }) => event.output.hired,
                  attempt: 0,
                  rescue: false,
                  replace: ({ context, event }) =>
                    context.replace.filter((seat) => !event.output.hired.some((row) => row.seat === seat)),
                }),
              },
              {
                target: '#fire-hire.coolingDown',
                actions: {
                  type: 'announceEmpty',
                  params: ({ event }) => ({ seats: event.output.failed, reason: event.output.reason }),
                },
              },
            ],
            onError: '#fire-hire.coolingDown',
          },
        },
        saving: {
          invoke: {
            src: 'saveFamily',
            input: ({ context }) => ({ hired: context.hired }),
            onDone: {
              target: '#fire-hire.dismissing',
              actions: { type: 'announceChanged', params: ({ event }) => event.output },
            },
            onError: '#fire-hire.coolingDown',
          },
          after: { saveTimeout: '#fire-hire.coolingDown' },
        },
      },
      after: { hireTimeout: 'coolingDown' },
    },
    dismissing: {
      always: { guard: ({ context }) => !context.hired.some((hired) => hired.former !== null), target: 'surveying' },
      invoke: {
        src: 'dismiss',
        input: ({ context }) => ({
          supplier: context.hired.find((hired) => hired.former !== null)?.former ?? ('bdd1' as DeviceId),
        }),
        onDone: { target: 'dismissing', reenter: true, actions: ['announceDismissed', 'dropFormer'] },
        onError: { target: 'dismissing', reenter: true, actions: ['announceDismissed', 'dropFormer'] },
      },
      after: { dismissTimeout: { target: 'dismissing', reenter: true, actions: ['announceDismissed', 'dropFormer'] } },
    },
    settled: {
      always: { guard: 'isAgain', target: 'surveying' },
      entry: assign({ attempt: 0 }),
      after: { nextReview: 'surveying' },
    },
    coolingDown: {
      entry: assign({ attempt: ({ context }) => context.attempt + 1, again: false }),
      after: { retryDelay: 'surveying' },
      on: {
        'peer.sighted': 'surveying',
        review: 'surveying',
        replace: { target: 'surveying', actions: 'takeReplace' },
        setSeats: { target: 'surveying', actions: 'takeSeats' },
        'block.weakened': { target: 'surveying', actions: 'markRescue' },
      },
    },
    stopped: { type: 'final' },
  },
});

/** The machine with its ports given. */
export function fireHireWith(ports: FireHirePorts) {
  return fireHireMachine.provide({
    actors: {
      surveySuppliers: perform(ports.surveySuppliers),
      hire: perform(ports.hire),
      saveFamily: perform(ports.saveFamily),
      dismiss: perform(ports.dismiss),
    },
  });
}
