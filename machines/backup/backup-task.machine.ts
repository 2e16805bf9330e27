import { assign, emit, setup } from 'xstate';
import type { Fact } from '../../bus/facts/index.ts';
import type { VersionId } from '../../protocol/ids.ts';
import { backoffMs } from '../kit/backoff.ts';
import { perform, port } from '../kit/port.ts';
import type { BackupTaskInput, BackupTaskPorts, StoredBatch } from './backup-task.ports.ts';

export type { BackupTaskInput, BackupTaskPorts, StoredBatch, VersionWeight } from './backup-task.ports.ts';

type Event =
  | { readonly type: 'pause' }
  | { readonly type: 'resume' }
  | { readonly type: 'cancel' }
  | Fact<'pieces.delivered' | 'suppliers.changed' | 'log.in-sync' | 'disk.became-low' | 'disk.recovered'>;

interface Context extends BackupTaskInput {
  readonly version: VersionId | null;
  readonly belowK: number;
  readonly belowMark: number;
  readonly attempt: number;
  readonly staged: number;
  readonly reason: string;
  readonly again: boolean;
}

/** Codes one version and sees it safely delivered: scanned, stored block by block, entered when it can be restored, committed at the mark. */
export const backupTaskMachine = setup({
  types: {
    input: {} as BackupTaskInput,
    context: {} as Context,
    events: {} as Event,
    emitted: {} as Fact<
      'backup.started' | 'pieces.staged' | 'backup.entered' | 'backup.stalled' | 'backup.stored' | 'backup.failed'
    >,
    output: {} as { readonly version: VersionId | null; readonly reason: string },
  },
  actors: {
    scanSource: port<BackupTaskPorts['scanSource']>('scanSource'),
    storeBlocks: port<BackupTaskPorts['storeBlocks']>('storeBlocks'),
    weighVersion: port<BackupTaskPorts['weighVersion']>('weighVersion'),
    enterVersion: port<BackupTaskPorts['enterVersion']>('enterVersion'),
    commitVersion: port<BackupTaskPorts['commitVersion']>('commitVersion'),
  },
  guards: {
    isEntered: ({ context }) => context.version !== null,
    isAtK: ({ context }) => context.belowK === 0,
    isAtMark: ({ context }) => context.belowK === 0 && context.belowMark === 0,
    isAgain: ({ context }) => context.again,
  },
  actions: {
    markAgain: assign({ again: true }),
    countTry: assign({ attempt: ({ context }) => context.attempt + 1 }),
    takeBatch: assign((_, params: { batch: StoredBatch }) => ({
      cursor: params.batch.cursor,
      staged: params.batch.blocks,
      attempt: 0,
    })),
    takeReason: assign((_, params: { reason: string }) => ({ reason: params.reason })),
    announceStarted: emit(({ context }) => ({ type: 'backup.started' as const, task: context.task, set: context.set })),
    announceStaged: emit(({ context }) => ({
      type: 'pieces.staged' as const,
      task: context.task,
      pieces: context.staged,
    })),
    announceEntered: emit(({ context }) => ({
      type: 'backup.entered' as const,
      task: context.task,
      version: context.version!,
    })),
    announceStalled: emit(({ context }) => ({
      type: 'backup.stalled' as const,
      task: context.task,
      reason: context.reason,
    })),
    announceStored: emit(({ context }) => ({
      type: 'backup.stored' as const,
      task: context.task,
      set: context.set,
      version: context.version!,
    })),
    announceFailed: emit(({ context }) => ({
      type: 'backup.failed' as const,
      task: context.task,
      reason: context.reason,
    })),
  },
  delays: {
    scanTimeout: 5 * 60_000,
    storeTimeout: 2 * 60_000,
    weighTimeout: 30_000,
    settlePatience: 30 * 60_000,
    settleCheck: 5_000,
    commitTimeout: 60_000,
    retryDelay: ({ context }) => backoffMs(context.attempt, context.seed, { fromMs: 5_000, toMs: 600_000 }),
  },
}).createMachine({
  id: 'backup-task',
  description: 'Codes one version and sees it safely delivered.',
  options: { maxIterations: 100 },
  context: ({ input }) => ({
    ...input,
    version: null,
    belowK: 0,
    belowMark: 0,
    attempt: 0,
    staged: 0,
    reason: '',
    again: false,
  }),
  output: ({ context }) => ({ version: context.version, reason: context.reason }),
  initial: 'scanning',
  on: {
    cancel: { target: '.failed', actions: { type: 'takeReason', params: { reason: 'cancelled' } } },
    pause: '.paused',
    'pieces.delivered': { actions: 'markAgain' },
    'suppliers.changed': { actions: 'markAgain' },
  },
  states: {
    scanning: {
      entry: 'announceStarted',
      invoke: {
        src: 'scanSource',
        input: ({ context }) => ({ task: context.task }),
        onDone: 'storing',
        onError: {
          target: 'failed',
          actions: { type: 'takeReason', params: ({ event }) => ({ reason: String((event.error as Error).message) }) },
        },
      },
      after: { scanTimeout: { target: 'failed', actions: { type: 'takeReason', params: { reason: 'scan-timeout' } } } },
    },
    storing: {
      on: { 'disk.became-low': { target: 'stalled', actions: { type: 'takeReason', params: { reason: 'disk-low' } } } },
      invoke: {
        src: 'storeBlocks',
        input: ({ context }) => ({ task: context.task, cursor: context.cursor }),
        onDone: [
          {
            guard: ({ event }) => event.output.noRoom !== null,
            target: 'stalled',
            actions: [
              { type: 'takeBatch', params: ({ event }) => ({ batch: event.output }) },
              { type: 'takeReason', params: ({ event }) => ({ reason: event.output.noRoom ?? '' }) },
            ],
          },
          {
            guard: ({ event }) => event.output.done,
            target: 'settling',
            actions: [{ type: 'takeBatch', params: ({ event }) => ({ batch: event.output }) }, 'announceStaged'],
          },
          {
            target: 'storing',
            reenter: true,
            actions: [{ type: 'takeBatch', params: ({ event }) => ({ batch: event.output }) }, 'announceStaged'],
          },
        ],
        onError: {
          target: 'stalled',
          actions: [
            'countTry',
            { type: 'takeReason', params: ({ event }) => ({ reason: String((event.error as Error).message) }) },
          ],
        },
      },
      after: {
        storeTimeout: {
          target: 'stalled',
          actions: ['countTry', { type: 'takeReason', params: { reason: 'no-progress' } }],
        },
      },
    },
    settling: {
      initial: 'weighing',
      after: {
        settlePatience: {
          target: 'stalled',
          actions: { type: 'takeReason', params: { reason: 'too-few-acknowledged' } },
        },
      },
      states: {
        weighing: {
          entry: assign({ again: false }),
          invoke: {
            src: 'weighVersion',
            input: ({ context }) => ({ task: context.task }),
            onDone: {
              target: 'judging',
              actions: assign({
                belowK: ({ event }) => event.output.belowK,
                belowMark: ({ event }) => event.output.belowMark,
              }),
            },
            onError: 'waiting',
          },
          after: { weighTimeout: 'waiting' },
        },
        judging: {
          always: [
            { guard: 'isAtMark', target: '#backup-task.committing' },
            { guard: ({ context }) => context.belowK === 0 && context.version === null, target: 'entering' },
            { target: 'waiting' },
          ],
        },
        entering: {
          invoke: {
            src: 'enterVersion',
            input: ({ context }) => ({ task: context.task }),
            onDone: [
              {
                guard: ({ event }) => event.output.again,
                target: '#backup-task.storing',
                actions: assign({ cursor: null, version: null }),
              },
              {
                target: 'waiting',
                actions: [assign({ version: ({ event }) => event.output.version }), 'announceEntered'],
              },
            ],
            onError: { target: 'waiting', actions: 'countTry' },
          },
          after: { weighTimeout: 'waiting' },
        },
        waiting: {
          always: { guard: 'isAgain', target: 'weighing' },
          after: { settleCheck: 'weighing' },
        },
      },
    },
    committing: {
      invoke: {
        src: 'commitVersion',
        input: ({ context }) => ({ task: context.task }),
        onDone: [
          {
            guard: ({ event }) => event.output.again,
            target: 'storing',
            actions: assign({ cursor: null, version: null }),
          },
          { target: 'stored', actions: assign({ version: ({ event }) => event.output.version }) },
        ],
        onError: {
          target: 'stalled',
          actions: ['countTry', { type: 'takeReason', params: { reason: 'commit-failed' } }],
        },
      },
      after: {
        commitTimeout: {
          target: 'stalled',
          actions: ['countTry', { type: 'takeReason', params: { reason: 'commit-timeout' } }],
        },
      },
    },
    stalled: {
      entry: 'announceStalled',
      on: {
        'suppliers.changed': 'storing',
        'disk.recovered': 'storing',
        'pieces.delivered': { target: 'storing', actions: 'markAgain' },
        resume: 'storing',
      },
      after: { retryDelay: { target: 'storing', actions: 'countTry' } },
    },
    paused: { on: { resume: 'storing', pause: {} } },
    stored: { entry: 'announceStored', type: 'final' },
    failed: { entry: 'announceFailed', type: 'final' },
  },
});

/** The machine with its ports given. */
export function backupTaskWith(ports: BackupTaskPorts) {
  return backupTaskMachine.provide({
    actors: {
      scanSource: perform(ports.scanSource),
      storeBlocks: perform(ports.storeBlocks),
      weighVersion: perform(ports.weighVersion),
      enterVersion: perform(ports.enterVersion),
      commitVersion: perform(ports.commitVersion),
    },
  });
}
