import { assign, emit, setup } from 'xstate';
import type { Fact } from '../../bus/facts/index.ts';
import type { DeviceId } from '../../protocol/ids.ts';
import { backoffMs } from '../kit/backoff.ts';
import { type Effect, port } from '../kit/port.ts';

export interface RestoreTaskInput {
  readonly task: string;
  readonly seed: number;
}

export interface FetchedWindow {
  readonly cursor: string | null;
  /** Blocks with too few pieces now, and whose suppliers are missed. */
  readonly short: number;
  readonly missed: readonly DeviceId[];
  readonly damaged: number;
  readonly done: boolean;
}

export interface RestoreTaskPorts {
  readonly openVersion: Effect<{ task: string }, { readonly blocks: number; readonly resumed: boolean }>;
  readonly fetchWindow: Effect<{ task: string; cursor: string | null }, FetchedWindow>;
  readonly verifyOutput: Effect<{ task: string }, { readonly ok: boolean }>;
  /** Gives the files their names and times; only after every chunk was checked. */
  readonly placeOutput: Effect<{ task: string }, void>;
}

type Event =
  | { readonly type: 'pause' }
  | { readonly type: 'resume' }
  | { readonly type: 'cancel' }
  | { readonly type: 'due'; readonly name: 'restoreUntil' }
  | Fact<'supplier.connected' | 'supplier.disconnected' | 'document.in-sync' | 'disk.became-low'>;

interface Context extends RestoreTaskInput {
  readonly cursor: string | null;
  readonly resumed: boolean;
  /** The plan is there: what is to be written, and which blocks that needs. */
  readonly located: boolean;
  readonly short: number;
  readonly missed: readonly DeviceId[];
  readonly damaged: number;
  readonly attempt: number;
  readonly reason: string;
  readonly again: boolean;
}

/** Types, ports, guards, actions and delays of `restore-task`, apart from its states. */
export const restoreTaskSetup = setup({
  types: {
    input: {} as RestoreTaskInput,
    context: {} as Context,
    events: {} as Event,
    emitted: {} as Fact<'restore.started' | 'restore.waiting' | 'restore.finished' | 'restore.failed'>,
    output: {} as { readonly reason: string },
  },
  actors: {
    openVersion: port<RestoreTaskPorts['openVersion']>('openVersion'),
    fetchWindow: port<RestoreTaskPorts['fetchWindow']>('fetchWindow'),
    verifyOutput: port<RestoreTaskPorts['verifyOutput']>('verifyOutput'),
    placeOutput: port<RestoreTaskPorts['placeOutput']>('placeOutput'),
  },
  guards: {
    wasResumed: ({ context }) => context.resumed,
    isAgain: ({ context }) => context.again,
    isLocated: ({ context }) => context.located,
  },
  actions: {
    markAgain: assign({ again: true }),
    countTry: assign({ attempt: ({ context }) => context.attempt + 1 }),
    takeWindow: assign(({ context }, params: { window: FetchedWindow }) => ({
      cursor: params.window.cursor,
      short: params.window.short,
      missed: params.window.missed,
      damaged: context.damaged + params.window.damaged,
    })),
    takeReason: assign((_, params: { error: unknown }) => ({
      reason: params.error instanceof Error ? params.error.message : String(params.error),
    })),
    announceStarted: emit(({ context }) => ({ type: 'restore.started' as const, task: context.task })),
    announceWaiting: emit(({ context }) => ({
      type: 'restore.waiting' as const,
      task: context.task,
      suppliers: context.missed,
      blocks: context.short,
    })),
    announceFinished: emit(({ context }) => ({ type: 'restore.finished' as const, task: context.task })),
    announceFailed: emit(({ context }) => ({
      type: 'restore.failed' as const,
      task: context.task,
      reason: context.reason,
    })),
  },
  delays: {
    locateTimeout: 30_000,
    windowTimeout: 5 * 60_000,
    retryDelay: ({ context }) => backoffMs(context.attempt, context.seed, { fromMs: 10_000, toMs: 600_000 }),
  },
});
