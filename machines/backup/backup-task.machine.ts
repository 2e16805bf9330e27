import { assign } from 'xstate';
import { perform } from '../kit/port.ts';
import type { BackupTaskPorts } from './backup-task.ports.ts';
import { backupTaskSetup } from './backup-task.setup.ts';

export type { BackupTaskInput, BackupTaskPorts, StoredBatch, VersionWeight } from './backup-task.ports.ts';

/** Codes one version and sees it safely delivered: scanned, stored block by block, entered when it can be restored, committed at the mark. */
export const backupTaskMachine = backupTaskSetup.createMachine({
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
