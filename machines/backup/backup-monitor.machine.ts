import { assign, emit, enqueueActions, setup } from 'xstate';
import type { Fact } from '../../bus/facts/index.ts';
import type { BlockId, VersionId } from '../../protocol/ids.ts';
import { type Effect, perform, port } from '../kit/port.ts';

export interface Weighed {
  /** Blocks in rescue, weakest first, at most 64. */
  readonly rescue: readonly { readonly block: BlockId; readonly held: number; readonly urgent: boolean }[];
  /** Blocks with lost or owed pieces whose wait is over. */
  readonly refill: number;
  readonly unreadable: readonly BlockId[];
  readonly weakest: BlockId | null;
  /** Nines of the probability that nothing is lost within a year. */
  readonly nines: number;
  /** Versions whose every block became whole since the last weighing. */
  readonly safeVersions: readonly VersionId[];
  readonly nextDueMs: number | null;
}

export interface BackupMonitorPorts {
  readonly weighClasses: Effect<Record<never, never>, Weighed>;
  readonly recount: Effect<
    { cursor: string | null },
    { readonly cursor: string | null; readonly differences: number; readonly done: boolean }
  >;
}

type Event =
  | { readonly type: 'review' }
  | { readonly type: 'stop' }
  | { readonly type: 'due'; readonly name: 'recountAt' }
  | Fact<
      | 'network.connected'
      | 'network.disconnected'
      | 'suppliers.changed'
      | 'seat.became-away'
      | 'seat.came-back'
      | 'inventory.differed'
      | 'pieces.delivered'
      | 'backup.entered'
      | 'backup.stored'
      | 'supplier.confessed'
      | 'piece.found-missing'
      | 'piece.found-bad'
      | 'block.repaired'
      | 'rebuild.finished'
      | 'rebuild.stuck'
    >;

interface Context {
  readonly again: boolean;
  readonly weighed: Weighed | null;
  readonly cursor: string | null;
  readonly networkUp: boolean;
  /** The counts are not those of the log and rows yet. */
  readonly recountDue: boolean;
}

const REVIEW_EVERY_MS = 10 * 60_000;

/** Weighs the health of all blocks and says which are weak. Repair, seats and inventories are others' work. */
export const backupMonitorMachine = setup({
  types: {
    input: {} as { readonly networkUp: boolean },
    context: {} as Context,
    events: {} as Event,
    emitted: {} as Fact<
      'health.measured' | 'block.weakened' | 'refill.became-due' | 'block.became-unreadable' | 'version.became-safe'
    >,
  },
  actors: {
    weighClasses: port<BackupMonitorPorts['weighClasses']>('weighClasses'),
    recount: port<BackupMonitorPorts['recount']>('recount'),
  },
  guards: { isAgain: ({ context }) => context.again, isRecountDue: ({ context }) => context.recountDue },
  actions: {
    markAgain: assign({ again: true }),
    markRecount: assign({ recountDue: true }),
    announce: enqueueActions(({ context, enqueue }) => {
      const weighed = context.weighed;
      if (!weighed) return;
      enqueue(emit({ type: 'health.measured' as const, nines: weighed.nines, weakest: weighed.weakest }));
      for (const row of weighed.rescue) enqueue(emit({ type: 'block.weakened' as const, ...row }));
      for (const block of weighed.unreadable) enqueue(emit({ type: 'block.became-unreadable' as const, block }));
      for (const version of weighed.safeVersions) enqueue(emit({ type: 'version.became-safe' as const, version }));
      if (weighed.refill > 0) enqueue(emit({ type: 'refill.became-due' as const, blocks: weighed.refill }));
    }),
  },
  delays: {
    settleDelay: 1_000,
    weighTimeout: 30_000,
    recountTimeout: 60_000,
    recountRetry: 10_000,
    nextReview: ({ context }) => Math.min(REVIEW_EVERY_MS, context.weighed?.nextDueMs ?? REVIEW_EVERY_MS),
  },
}).createMachine({
  id: 'backup-monitor',
  description: 'Weighs the health of all blocks and says which are weak.',
  options: { maxIterations: 100 },
  context: ({ input }) => ({ again: false, weighed: null, cursor: null, networkUp: input.networkUp, recountDue: true }),
  initial: 'recounting',
  on: {
    stop: '.stopped',
    'network.disconnected': { target: '.suspended', actions: assign({ networkUp: false }) },
    'network.connected': { actions: assign({ networkUp: true, again: true }) },
    due: { actions: ['markRecount', 'markAgain'] },
    review: { actions: 'markAgain' },
    'suppliers.changed': { actions: 'markAgain' },
    'seat.became-away': { actions: 'markAgain' },
    'seat.came-back': { actions: 'markAgain' },
    'inventory.differed': { actions: 'markAgain' },
    'pieces.delivered': { actions: 'markAgain' },
    'backup.entered': { actions: 'markAgain' },
    'backup.stored': { actions: 'markAgain' },
    'supplier.confessed': { actions: 'markAgain' },
    'piece.found-missing': { actions: 'markAgain' },
    'piece.found-bad': { actions: 'markAgain' },
    'block.repaired': { actions: 'markAgain' },
    'rebuild.finished': { actions: 'markAgain' },
    'rebuild.stuck': { actions: 'markAgain' },
  },
  states: {
    recounting: {
      invoke: {
        src: 'recount',
        input: ({ context }) => ({ cursor: context.cursor }),
        onDone: [
          {
            guard: ({ event }) => event.output.done,
            target: 'counted',
            actions: assign({ cursor: null, recountDue: false }),
          },
          { target: 'recounting', reenter: true, actions: assign({ cursor: ({ event }) => event.output.cursor }) },
        ],
        onError: 'recountWaiting',
      },
      after: { recountTimeout: 'recountWaiting' },
    },
    counted: {
      always: [{ guard: ({ context }) => context.networkUp, target: 'weighing' }, { target: 'suspended' }],
    },
    recountWaiting: { after: { recountRetry: 'recounting' } },
    weighing: {
      entry: assign({ again: false }),
      invoke: {
        src: 'weighClasses',
        input: {},
        onDone: { target: 'resting', actions: [assign({ weighed: ({ event }) => event.output }), 'announce'] },
        onError: 'resting',
      },
      after: { weighTimeout: 'resting' },
    },
    resting: {
      always: [
        { guard: 'isRecountDue', target: 'recounting' },
        { guard: 'isAgain', target: 'gathering' },
      ],
      after: { nextReview: 'weighing' },
    },
    gathering: { after: { settleDelay: 'weighing' } },
    suspended: {
      on: {
        'network.connected': { target: 'resting', actions: assign({ networkUp: true, again: true }) },
        'network.disconnected': {},
      },
    },
    stopped: { type: 'final' },
  },
});

/** The machine with its ports given. */
export function backupMonitorWith(ports: BackupMonitorPorts) {
  return backupMonitorMachine.provide({
    actors: { weighClasses: perform(ports.weighClasses), recount: perform(ports.recount) },
  });
}
