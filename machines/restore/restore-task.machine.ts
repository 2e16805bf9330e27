import { assign, emit, setup } from 'xstate';
import type { Fact } from '../../bus/facts/index.ts';
import type { DeviceId } from '../../protocol/ids.ts';
import { backoffMs } from '../kit/backoff.ts';
import { type Effect, perform, port } from '../kit/port.ts';

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
  readonly short: number;
  readonly missed: readonly DeviceId[];
  readonly damaged: number;
  readonly attempt: number;
  readonly reason: string;
  readonly again: boolean;
}

/** Brings one version, or a part of it, to a place on disk; blocks that cannot be had now do not end it. */
export const restoreTaskMachine = setup({
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
}).createMachine({
  id: 'restore-task',
  description: 'Brings one version, or a part of it, to a place on disk.',
  options: { maxIterations: 100 },
  context: ({ input }) => ({
    ...input,
    cursor: null,
    resumed: false,
    short: 0,
    missed: [],
    damaged: 0,
    attempt: 0,
    reason: '',
    again: false,
  }),
  output: ({ context }) => ({ reason: context.reason }),
  initial: 'locating',
  on: {
    cancel: { target: '.failed', actions: { type: 'takeReason', params: { error: 'cancelled' } } },
    due: { target: '.failed', actions: { type: 'takeReason', params: { error: 'restoreUntil' } } },
    pause: '.paused',
    'supplier.connected': { actions: 'markAgain' },
    'disk.became-low': { target: '.failed', actions: { type: 'takeReason', params: { error: 'disk-low' } } },
  },
  states: {
    locating: {
      entry: 'announceStarted',
      invoke: {
        src: 'openVersion',
        input: ({ context }) => ({ task: context.task }),
        onDone: { target: 'fetching', actions: assign({ resumed: ({ event }) => event.output.resumed }) },
        onError: { target: 'failed', actions: { type: 'takeReason', params: ({ event }) => ({ error: event.error }) } },
      },
      after: {
        locateTimeout: { target: 'failed', actions: { type: 'takeReason', params: { error: 'locate-timeout' } } },
      },
    },
    fetching: {
      entry: assign({ again: false }),
      invoke: {
        src: 'fetchWindow',
        input: ({ context }) => ({ task: context.task, cursor: context.cursor }),
        onDone: [
          {
            guard: ({ event }) => event.output.done && event.output.short === 0,
            target: 'fetched',
            actions: { type: 'takeWindow', params: ({ event }) => ({ window: event.output }) },
          },
          {
            guard: ({ event }) => event.output.short > 0 && event.output.done,
            target: 'waiting',
            actions: { type: 'takeWindow', params: ({ event }) => ({ window: event.output }) },
          },
          {
            target: 'fetching',
            reenter: true,
            actions: [
              { type: 'takeWindow', params: ({ event }) => ({ window: event.output }) },
              assign({ attempt: 0 }),
            ],
          },
        ],
        onError: { target: 'failed', actions: { type: 'takeReason', params: ({ event }) => ({ error: event.error }) } },
      },
      after: { windowTimeout: { target: 'waiting', actions: 'countTry' } },
    },
    waiting: {
      entry: 'announceWaiting',
      always: { guard: 'isAgain', target: 'fetching', actions: assign({ cursor: null }) },
      on: {
        'supplier.connected': { target: 'fetching', actions: assign({ cursor: null, attempt: 0 }) },
        resume: { target: 'fetching', actions: assign({ cursor: null }) },
      },
      after: { retryDelay: { target: 'fetching', actions: ['countTry', assign({ cursor: null })] } },
    },
    fetched: { always: [{ guard: 'wasResumed', target: 'verifying' }, { target: 'placing' }] },
    verifying: {
      invoke: {
        src: 'verifyOutput',
        input: ({ context }) => ({ task: context.task }),
        onDone: [
          { guard: ({ event }) => event.output.ok, target: 'placing' },
          { target: 'fetching', actions: assign({ cursor: null, resumed: true }) },
        ],
        onError: { target: 'failed', actions: { type: 'takeReason', params: ({ event }) => ({ error: event.error }) } },
      },
      after: {
        windowTimeout: { target: 'failed', actions: { type: 'takeReason', params: { error: 'verify-timeout' } } },
      },
    },
    placing: {
      invoke: {
        src: 'placeOutput',
        input: ({ context }) => ({ task: context.task }),
        onDone: 'restored',
        onError: { target: 'failed', actions: { type: 'takeReason', params: ({ event }) => ({ error: event.error }) } },
      },
      after: {
        windowTimeout: { target: 'failed', actions: { type: 'takeReason', params: { error: 'place-timeout' } } },
      },
    },
    paused: { on: { resume: 'fetching', pause: {} } },
    restored: { entry: 'announceFinished', type: 'final' },
    failed: { entry: 'announceFailed', type: 'final' },
  },
});

/** The machine with its ports given. */
export function restoreTaskWith(ports: RestoreTaskPorts) {
  return restoreTaskMachine.provide({
    actors: {
      openVersion: perform(ports.openVersion),
      fetchWindow: perform(ports.fetchWindow),
      verifyOutput: perform(ports.verifyOutput),
      placeOutput: perform(ports.placeOutput),
    },
  });
}
