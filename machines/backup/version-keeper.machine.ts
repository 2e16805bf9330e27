import { assign, emit, enqueueActions, setup } from 'xstate';
import type { Fact } from '../../bus/facts/index.ts';
import type { PersonId, VersionId } from '../../protocol/ids.ts';
import { backoffMs } from '../kit/backoff.ts';
import { type Effect, perform, port } from '../kit/port.ts';

export interface VersionKeeperPorts {
  /** Versions that the retention rules let go; empty while removal is closed after a recovery. */
  readonly chooseExpired: Effect<
    Record<never, never>,
    { readonly versions: readonly VersionId[]; readonly closed: boolean }
  >;
  readonly retire: Effect<{ versions: readonly VersionId[] }, void>;
  readonly bringBack: Effect<{ versions: readonly VersionId[] }, void>;
}

type Event =
  | { readonly type: 'sweep' }
  | { readonly type: 'stop' }
  | { readonly type: 'due'; readonly name: 'readOnlyUntil' | 'undeleteUntil' }
  | { readonly type: 'undelete'; readonly versions: readonly VersionId[] }
  | Fact<'backup.stored' | 'log.in-sync' | 'log.unavailable'>;

interface Context {
  readonly seed: number;
  readonly owner: PersonId;
  readonly chosen: readonly VersionId[];
  readonly undelete: readonly VersionId[];
  readonly again: boolean;
  readonly attempt: number;
}

/** Retires old versions by the retention rules, never the newest, and brings retired ones back. It removes no byte itself. */
export const versionKeeperMachine = setup({
  types: {
    input: {} as { readonly seed: number; readonly owner: PersonId },
    context: {} as Context,
    events: {} as Event,
    emitted: {} as Fact<'version.expired' | 'version.undeleted'>,
  },
  actors: {
    chooseExpired: port<VersionKeeperPorts['chooseExpired']>('chooseExpired'),
    retire: port<VersionKeeperPorts['retire']>('retire'),
    bringBack: port<VersionKeeperPorts['bringBack']>('bringBack'),
  },
  guards: {
    isAgain: ({ context }) => context.again,
    hasUndelete: ({ context }) => context.undelete.length > 0,
    hasChosen: ({ context }) => context.chosen.length > 0,
  },
  actions: {
    markAgain: assign({ again: true }),
    countTry: assign({ attempt: ({ context }) => context.attempt + 1 }),
    takeUndelete: assign(({ context, event }) =>
      event.type === 'undelete' ? { undelete: [...context.undelete, ...event.versions] } : {},
    ),
    announceExpired: enqueueActions(({ context, enqueue }) => {
      for (const version of context.chosen) enqueue(emit({ type: 'version.expired' as const, version }));
    }),
    announceUndeleted: enqueueActions(({ context, enqueue }) => {
      for (const version of context.undelete) enqueue(emit({ type: 'version.undeleted' as const, version }));
    }),
  },
  delays: {
    sweepEvery: 6 * 3_600_000,
    stepTimeout: 60_000,
    retryDelay: ({ context }) => backoffMs(context.attempt, context.seed, { fromMs: 60_000, toMs: 6 * 3_600_000 }),
  },
}).createMachine({
  id: 'version-keeper',
  description: 'Retires old versions by the retention rules.',
  options: { maxIterations: 100 },
  context: ({ input }) => ({ ...input, chosen: [], undelete: [], again: false, attempt: 0 }),
  initial: 'resting',
  on: {
    stop: '.stopped',
    sweep: { actions: 'markAgain' },
    due: { actions: 'markAgain' },
    'backup.stored': { actions: 'markAgain' },
    undelete: { actions: 'takeUndelete' },
    'log.unavailable': {},
  },
  states: {
    resting: {
      always: [
        { guard: 'hasUndelete', target: 'bringingBack' },
        { guard: 'isAgain', target: 'choosing' },
      ],
      after: { sweepEvery: 'choosing' },
    },
    choosing: {
      entry: assign({ again: false }),
      invoke: {
        src: 'chooseExpired',
        input: {},
        onDone: [
          { guard: ({ event }) => event.output.closed, target: 'held' },
          { target: 'chosen', actions: assign({ chosen: ({ event }) => event.output.versions }) },
        ],
        onError: { target: 'coolingDown', actions: 'countTry' },
      },
      after: { stepTimeout: { target: 'coolingDown', actions: 'countTry' } },
    },
    chosen: { always: [{ guard: 'hasChosen', target: 'retiring' }, { target: 'resting' }] },
    retiring: {
      invoke: {
        src: 'retire',
        input: ({ context }) => ({ versions: context.chosen }),
        onDone: { target: 'resting', actions: ['announceExpired', assign({ chosen: [], attempt: 0 })] },
        onError: { target: 'coolingDown', actions: 'countTry' },
      },
      after: { stepTimeout: { target: 'coolingDown', actions: 'countTry' } },
    },
    bringingBack: {
      invoke: {
        src: 'bringBack',
        input: ({ context }) => ({ versions: context.undelete }),
        onDone: { target: 'resting', actions: ['announceUndeleted', assign({ undelete: [], attempt: 0 })] },
        onError: { target: 'coolingDown', actions: 'countTry' },
      },
      after: { stepTimeout: { target: 'coolingDown', actions: 'countTry' } },
    },
    coolingDown: { entry: 'markAgain', after: { retryDelay: 'resting' } },
    held: {
      always: { guard: 'hasUndelete', target: 'bringingBack' },
      on: { 'log.in-sync': 'choosing', due: 'choosing', sweep: 'choosing' },
      after: { sweepEvery: 'choosing' },
    },
    stopped: { type: 'final' },
  },
});

/** The machine with its ports given. */
export function versionKeeperWith(ports: VersionKeeperPorts) {
  return versionKeeperMachine.provide({
    actors: {
      chooseExpired: perform(ports.chooseExpired),
      retire: perform(ports.retire),
      bringBack: perform(ports.bringBack),
    },
  });
}
