import { assign, emit, enqueueActions, setup } from 'xstate';
import type { Fact } from '../../bus/facts/index.ts';
import type { BlockId } from '../../protocol/ids.ts';
import { backoffMs } from '../kit/backoff.ts';
import { type Effect, perform, port } from '../kit/port.ts';

export interface BackupRebuilderPorts {
  /** `fresh` begins a pass; a block that could not be repaired is not chosen twice in one. */
  readonly chooseWeakest: Effect<{ queue: 'rescue' | 'refill'; count: number; fresh: boolean }, readonly BlockId[]>;
  /** Opens one `block-rebuilder` a block and resolves when all came to rest. */
  readonly repair: Effect<
    { blocks: readonly BlockId[] },
    { readonly repaired: number; readonly short: number; readonly obsolete: number; readonly reason: string | null }
  >;
}

type Event =
  | { readonly type: 'rebuild' }
  | { readonly type: 'pause' }
  | { readonly type: 'resume' }
  | { readonly type: 'stop' }
  | Fact<
      | 'block.weakened'
      | 'refill.became-due'
      | 'seat.caught-up'
      | 'budget.changed'
      | 'restore.started'
      | 'restore.finished'
      | 'restore.failed'
      | 'suppliers.changed'
      | 'supplier.connected'
    >;

interface Context {
  readonly seed: number;
  readonly queue: 'rescue' | 'refill';
  readonly blocks: readonly BlockId[];
  readonly again: boolean;
  readonly attempt: number;
  readonly repaired: number;
  /** Blocks of this pass that could not be repaired now. */
  readonly short: number;
  readonly fresh: boolean;
  readonly restores: number;
  readonly reason: string;
}

const BLOCKS_AT_ONCE = 4;

/** Orders repair: rescue before refill, the block with least margin first, four at a time. */
export const backupRebuilderMachine = setup({
  types: {
    input: {} as { readonly seed: number },
    context: {} as Context,
    events: {} as Event,
    emitted: {} as Fact<'rebuild.started' | 'rebuild.finished' | 'rebuild.stuck'>,
  },
  actors: {
    chooseWeakest: port<BackupRebuilderPorts['chooseWeakest']>('chooseWeakest'),
    repair: port<BackupRebuilderPorts['repair']>('repair'),
  },
  guards: {
    isAgain: ({ context }) => context.again,
    isRescue: ({ context }) => context.queue === 'rescue',
    hasBlocks: ({ context }) => context.blocks.length > 0,
    hasShort: ({ context }) => context.short > 0,
    hasRepaired: ({ context }) => context.repaired > 0,
    isClosed: ({ event }) => event.type === 'budget.changed' && event.mode === 'closed',
  },
  actions: {
    markAgain: assign({ again: true }),
    countTry: assign({ attempt: ({ context }) => context.attempt + 1 }),
    begin: assign({ again: false, queue: 'rescue', repaired: 0, short: 0, fresh: true, reason: '' }),
    takeRepaired: assign(({ context }, done: { repaired: number; short: number; reason: string | null }) => ({
      queue: 'rescue' as const,
      attempt: done.repaired > 0 ? 0 : context.attempt,
      repaired: context.repaired + done.repaired,
      short: context.short + done.short,
      reason: done.short > 0 ? (done.reason ?? 'too-few-pieces') : context.reason,
    })),
    announceStarted: emit(({ context }) => ({ type: 'rebuild.started' as const, blocks: context.blocks.length })),
    announceFinished: emit(({ context }) => ({ type: 'rebuild.finished' as const, repaired: context.repaired })),
    finishPass: enqueueActions(({ context, enqueue }) => {
      const { repaired } = context;
      if (repaired > 0) enqueue(emit({ type: 'rebuild.finished' as const, repaired }));
      enqueue(assign({ repaired: 0 }));
    }),
    announceStuck: emit(({ context }) => ({ type: 'rebuild.stuck' as const, reason: context.reason })),
    countRestore: assign({ restores: ({ context }) => context.restores + 1 }),
    uncountRestore: assign({ restores: ({ context }) => Math.max(0, context.restores - 1), again: true }),
  },
  delays: {
    chooseTimeout: 30_000,
    repairTimeout: 10 * 60_000,
    stuckRetry: ({ context }) => backoffMs(context.attempt, context.seed, { fromMs: 10_000, toMs: 3_600_000 }),
  },
}).createMachine({
  id: 'backup-rebuilder',
  description: 'Orders repair: the block with least margin first, within budget.',
  options: { maxIterations: 100 },
  context: ({ input }) => ({
    ...input,
    queue: 'rescue',
    blocks: [],
    again: false,
    attempt: 0,
    repaired: 0,
    short: 0,
    fresh: true,
    restores: 0,
    reason: '',
  }),
  initial: 'resting',
  on: {
    stop: '.stopped',
    pause: '.paused',
    rebuild: { actions: 'markAgain' },
    'block.weakened': { actions: 'markAgain' },
    'refill.became-due': { actions: 'markAgain' },
    'seat.caught-up': { actions: 'markAgain' },
    'suppliers.changed': { actions: 'markAgain' },
    'supplier.connected': { actions: 'markAgain' },
    'restore.started': { actions: 'countRestore' },
    'restore.finished': { actions: 'uncountRestore' },
    'restore.failed': { actions: 'uncountRestore' },
    'budget.changed': { guard: 'isClosed', target: '.paused' },
  },
  states: {
    resting: { always: { guard: 'isAgain', target: 'choosing', actions: 'begin' } },
    choosing: {
      invoke: {
        src: 'chooseWeakest',
        input: ({ context }) => ({
          queue: context.queue,
          count: context.queue === 'refill' && context.restores > 0 ? 1 : BLOCKS_AT_ONCE,
          fresh: context.fresh,
        }),
        onDone: [
          {
            guard: ({ event }) => event.output.length > 0,
            target: 'repairing',
            actions: [assign({ blocks: ({ event }) => event.output, fresh: false }), 'announceStarted'],
          },
          {
            guard: 'isRescue',
            target: 'choosing',
            reenter: true,
            actions: assign({ queue: 'refill', blocks: [], fresh: false }),
          },
          { guard: 'hasShort', target: 'stuck', actions: 'countTry' },
          {
            guard: 'hasRepaired',
            target: 'resting',
            actions: ['announceFinished', assign({ attempt: 0, blocks: [] })],
          },
          { target: 'resting', actions: assign({ blocks: [] }) },
        ],
        onError: { target: 'stuck', actions: ['countTry', assign({ reason: 'health-unknown' })] },
      },
      after: { chooseTimeout: { target: 'stuck', actions: 'countTry' } },
    },
    repairing: {
      invoke: {
        src: 'repair',
        input: ({ context }) => ({ blocks: context.blocks }),
        onDone: {
          target: 'choosing',
          actions: { type: 'takeRepaired', params: ({ event }) => event.output },
        },
        onError: { target: 'stuck', actions: ['countTry', assign({ reason: 'repair-failed' })] },
      },
      after: { repairTimeout: { target: 'stuck', actions: ['countTry', assign({ reason: 'repair-timeout' })] } },
    },
    stuck: {
      entry: ['announceStuck', 'finishPass'],
      on: {
        'supplier.connected': { target: 'choosing', actions: 'begin' },
        'suppliers.changed': { target: 'choosing', actions: 'begin' },
        'seat.caught-up': { target: 'choosing', actions: 'begin' },
        rebuild: { target: 'choosing', actions: 'begin' },
      },
      after: { stuckRetry: { target: 'choosing', actions: 'begin' } },
    },
    paused: {
      on: {
        resume: { target: 'choosing', actions: 'begin' },
        'budget.changed': [{ guard: 'isClosed' }, { target: 'choosing', actions: 'begin' }],
        pause: {},
      },
    },
    stopped: { type: 'final' },
  },
});

/** The machine with its ports given. */
export function backupRebuilderWith(ports: BackupRebuilderPorts) {
  return backupRebuilderMachine.provide({
    actors: { chooseWeakest: perform(ports.chooseWeakest), repair: perform(ports.repair) },
  });
}
