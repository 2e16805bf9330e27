import { assign, emit, enqueueActions, setup } from 'xstate';
import type { Fact } from '../../bus/facts/index.ts';
import type { PersonId } from '../../protocol/ids.ts';
import { backoffMs } from '../kit/backoff.ts';
import { type Effect, perform, port } from '../kit/port.ts';
import { type CustomerRoom, chooseReleased } from './choose-released.ts';

export interface SpaceMeasure {
  readonly donated: number;
  readonly promised: number;
  readonly used: number;
  readonly trash: number;
  /** What has to leave the disk so that donation and reserve hold. */
  readonly short: number;
  readonly customers: readonly CustomerRoom[];
}

export interface CustomersRejectorPorts {
  readonly measureSpace: Effect<Record<never, never>, SpaceMeasure>;
  /** Trash older than 24 h, oldest first, until enough is free. */
  readonly freeTrash: Effect<{ bytes: number }, { readonly freed: number }>;
  readonly recordNotice: Effect<{ customer: PersonId; bytes: number }, { readonly until: number }>;
}

type Event =
  | { readonly type: 'stop' }
  | Fact<
      | 'space.donation-changed'
      | 'disk.became-low'
      | 'disk.recovered'
      | 'customer.admitted'
      | 'customer.became-absent'
      | 'customer.returned'
      | 'customer.ended'
    >;

interface Context {
  readonly seed: number;
  readonly space: SpaceMeasure | null;
  readonly freed: boolean;
  /** It was said that more is promised than given, and not yet that it is balanced again. */
  readonly over: boolean;
  readonly chosen: readonly { readonly customer: PersonId; readonly bytes: number }[];
  readonly again: boolean;
  readonly attempt: number;
}

const overBytes = (space: SpaceMeasure | null): number => (space ? Math.max(0, space.promised - space.donated) : 0);

/** Brings promises and donated room back into balance: trash first, then unpromised room, then notice to the smallest set that suffices. */
export const customersRejectorMachine = setup({
  types: {
    input: {} as { readonly seed: number },
    context: {} as Context,
    events: {} as Event,
    emitted: {} as Fact<'space.overcommitted' | 'space.notice-given' | 'space.balanced'>,
  },
  actors: {
    measureSpace: port<CustomersRejectorPorts['measureSpace']>('measureSpace'),
    freeTrash: port<CustomersRejectorPorts['freeTrash']>('freeTrash'),
    recordNotice: port<CustomersRejectorPorts['recordNotice']>('recordNotice'),
  },
  guards: {
    isBalanced: ({ context }) => overBytes(context.space) === 0,
    isTrashFull: ({ context }) =>
      !context.freed && context.space !== null && context.space.trash > 0 && context.space.short > 0,
    isAgain: ({ context }) => context.again,
  },
  actions: {
    markAgain: assign({ again: true }),
    countTry: assign({ attempt: ({ context }) => context.attempt + 1 }),
    choose: assign(({ context }) => ({
      chosen: context.space ? chooseReleased(context.space.customers, overBytes(context.space)) : [],
    })),
    announceOver: enqueueActions(({ context, enqueue }) => {
      if (context.over) return;
      enqueue(emit({ type: 'space.overcommitted' as const, bytes: overBytes(context.space) }));
      enqueue(assign({ over: true }));
    }),
    announceBalanced: enqueueActions(({ context, enqueue }) => {
      if (!context.over) return;
      enqueue(emit({ type: 'space.balanced' as const }));
      enqueue(assign({ over: false }));
    }),
    announceNotice: emit(({ context }, params: { until: number }) => ({
      type: 'space.notice-given' as const,
      customer: context.chosen[0]!.customer,
      bytes: context.chosen[0]!.bytes,
      until: params.until,
    })),
    dropFirst: assign(({ context }) => ({ chosen: context.chosen.slice(1) })),
  },
  delays: {
    checkEvery: 3_600_000,
    measureTimeout: 60_000,
    localTimeout: 10_000,
    retryDelay: ({ context }) => backoffMs(context.attempt, context.seed, { fromMs: 5_000, toMs: 600_000 }),
  },
}).createMachine({
  id: 'customers-rejector',
  description: 'Brings promises and donated room back into balance, with notice.',
  options: { maxIterations: 100 },
  context: ({ input }) => ({
    seed: input.seed,
    space: null,
    freed: false,
    over: false,
    chosen: [],
    again: false,
    attempt: 0,
  }),
  initial: 'measuring',
  on: {
    stop: '.stopped',
    'space.donation-changed': { actions: 'markAgain' },
    'disk.became-low': { actions: 'markAgain' },
    'disk.recovered': { actions: 'markAgain' },
    'customer.admitted': { actions: 'markAgain' },
    'customer.became-absent': { actions: 'markAgain' },
    'customer.returned': { actions: 'markAgain' },
    'customer.ended': { actions: 'markAgain' },
  },
  states: {
    watching: {
      always: { guard: 'isAgain', target: 'measuring' },
      after: { checkEvery: 'measuring' },
    },
    measuring: {
      entry: assign({ again: false }),
      invoke: {
        src: 'measureSpace',
        input: {},
        onDone: { target: 'judging', actions: assign({ space: ({ event }) => event.output, attempt: 0 }) },
        onError: { target: 'coolingDown', actions: 'countTry' },
      },
      after: { measureTimeout: { target: 'coolingDown', actions: 'countTry' } },
    },
    judging: {
      always: [
        { guard: 'isTrashFull', target: 'freeing' },
        { guard: 'isBalanced', target: 'watching', actions: ['announceBalanced', assign({ freed: false })] },
        { target: 'choosing', actions: 'announceOver' },
      ],
    },
    freeing: {
      invoke: {
        src: 'freeTrash',
        input: ({ context }) => ({ bytes: context.space?.short ?? 0 }),
        onDone: { target: 'measuring', actions: assign({ freed: true }) },
        onError: { target: 'measuring', actions: assign({ freed: true }) },
      },
      after: { measureTimeout: { target: 'measuring', actions: assign({ freed: true }) } },
    },
    choosing: { entry: ['choose', assign({ freed: false })], always: 'givingNotice' },
    givingNotice: {
      always: { guard: ({ context }) => context.chosen.length === 0, target: 'watching' },
      invoke: {
        src: 'recordNotice',
        input: ({ context }) => context.chosen[0] ?? { customer: 'bd1' as PersonId, bytes: 0 },
        onDone: {
          target: 'givingNotice',
          reenter: true,
          actions: [{ type: 'announceNotice', params: ({ event }) => ({ until: event.output.until }) }, 'dropFirst'],
        },
        onError: { target: 'coolingDown', actions: 'countTry' },
      },
      after: { localTimeout: { target: 'coolingDown', actions: 'countTry' } },
    },
    coolingDown: { after: { retryDelay: 'measuring' } },
    stopped: { type: 'final' },
  },
});

/** The machine with its ports given. */
export function customersRejectorWith(ports: CustomersRejectorPorts) {
  return customersRejectorMachine.provide({
    actors: {
      measureSpace: perform(ports.measureSpace),
      freeTrash: perform(ports.freeTrash),
      recordNotice: perform(ports.recordNotice),
    },
  });
}
