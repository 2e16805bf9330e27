import { assign, emit, setup } from 'xstate';
import type { Fact } from '../../bus/facts/index.ts';
import type { VersionId } from '../../protocol/ids.ts';
import { backoffMs } from '../kit/backoff.ts';
import { port } from '../kit/port.ts';
import type { BackupTaskInput, BackupTaskPorts, StoredBatch } from './backup-task.ports.ts';

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

/** Types, ports, guards, actions and delays of `backup-task`, apart from its states. */
export const backupTaskSetup = setup({
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
});
