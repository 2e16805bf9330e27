import { assign, emit, setup } from 'xstate';
import type { Fact } from '../../bus/facts/index.ts';
import { backoffMs } from '../kit/backoff.ts';
import { type Effect, perform, port } from '../kit/port.ts';

export interface CatalogueSynchronizerPorts {
  /** Opens what the log brought for the document since the cursor. */
  readonly openEntries: Effect<
    { document: string; cursor: string | null },
    { readonly cursor: string | null; readonly opened: number; readonly left: number }
  >;
  /** Reads index objects from the blocks; `missing` ones are not readable now. */
  readonly fetchObjects: Effect<
    { document: string; cursor: string | null },
    { readonly cursor: string | null; readonly missing: number; readonly left: number }
  >;
  /** The same from the footers of all blocks. */
  readonly readFooters: Effect<{ cursor: string | null }, { readonly cursor: string | null; readonly left: number }>;
  readonly merge: Effect<{ document: string }, { readonly changed: boolean; readonly conflicts: readonly string[] }>;
}

type Event =
  | { readonly type: 'refresh' }
  | { readonly type: 'rebuild' }
  | { readonly type: 'stop' }
  | Fact<'log.changed' | 'log.in-sync' | 'log.unavailable' | 'supplier.connected'>;

interface Context {
  readonly document: string;
  readonly seed: number;
  readonly cursor: string | null;
  readonly missing: number;
  readonly conflicts: readonly string[];
  readonly changed: boolean;
  readonly again: boolean;
  readonly attempt: number;
}

/** Opens and merges what the log brings for one sealed document, and says whether all of it could be read. */
export const catalogueSynchronizerMachine = setup({
  types: {
    input: {} as { readonly document: string; readonly seed: number },
    context: {} as Context,
    events: {} as Event,
    emitted: {} as Fact<'document.in-sync' | 'document.merged' | 'document.conflicted' | 'document.unavailable'>,
  },
  actors: {
    openEntries: port<CatalogueSynchronizerPorts['openEntries']>('openEntries'),
    fetchObjects: port<CatalogueSynchronizerPorts['fetchObjects']>('fetchObjects'),
    readFooters: port<CatalogueSynchronizerPorts['readFooters']>('readFooters'),
    merge: port<CatalogueSynchronizerPorts['merge']>('merge'),
  },
  guards: {
    isAgain: ({ context }) => context.again,
    hasMissing: ({ context }) => context.missing > 0,
    hasConflicts: ({ context }) => context.conflicts.length > 0,
    hasChanged: ({ context }) => context.changed,
  },
  actions: {
    markAgain: assign({ again: true }),
    countTry: assign({ attempt: ({ context }) => context.attempt + 1 }),
    announceInSync: emit(({ context }) => ({ type: 'document.in-sync' as const, document: context.document })),
    announceMerged: emit(({ context }) => ({ type: 'document.merged' as const, document: context.document })),
    announceConflicted: emit(({ context }) => ({
      type: 'document.conflicted' as const,
      document: context.document,
      names: context.conflicts,
    })),
    announceUnavailable: emit(({ context }, params: { reason: string }) => ({
      type: 'document.unavailable' as const,
      document: context.document,
      reason: params.reason,
    })),
  },
  delays: {
    openTimeout: 30_000,
    fetchTimeout: 180_000,
    mergeTimeout: 30_000,
    settleDelay: 2_000,
    reviewEvery: ({ context }) => 6 * 3_600_000 * (0.8 + ((context.seed >>> 0) % 1_000) / 2_500),
    retryDelay: ({ context }) => backoffMs(context.attempt, context.seed, { fromMs: 5_000, toMs: 600_000 }),
  },
}).createMachine({
  id: 'catalogue-synchronizer',
  description: 'Opens and merges what the log brings for one encrypted document.',
  options: { maxIterations: 100 },
  context: ({ input }) => ({
    ...input,
    cursor: null,
    missing: 0,
    conflicts: [],
    changed: false,
    again: false,
    attempt: 0,
  }),
  initial: 'unknown',
  on: {
    stop: '.stopped',
    'log.changed': { actions: 'markAgain' },
    refresh: { actions: 'markAgain' },
    rebuild: '.readingFooters',
    'log.unavailable': {},
  },
  states: {
    unknown: {
      on: {
        'log.in-sync': 'opening',
        'log.changed': 'opening',
        refresh: 'opening',
        'log.unavailable': { actions: { type: 'announceUnavailable', params: { reason: 'log-unavailable' } } },
      },
      after: { retryDelay: 'opening' },
    },
    opening: {
      entry: assign({ again: false, missing: 0 }),
      invoke: {
        src: 'openEntries',
        input: ({ context }) => ({ document: context.document, cursor: context.cursor }),
        onDone: [
          {
            guard: ({ event }) => event.output.left > 0,
            target: 'opening',
            reenter: true,
            actions: assign({ cursor: ({ event }) => event.output.cursor }),
          },
          { target: 'fetching', actions: assign({ cursor: null }) },
        ],
        onError: {
          target: 'partial',
          actions: ['countTry', { type: 'announceUnavailable', params: { reason: 'not-opened' } }],
        },
      },
      after: { openTimeout: { target: 'partial', actions: 'countTry' } },
    },
    fetching: {
      invoke: {
        src: 'fetchObjects',
        input: ({ context }) => ({ document: context.document, cursor: context.cursor }),
        onDone: [
          {
            guard: ({ event }) => event.output.left > 0,
            target: 'fetching',
            reenter: true,
            actions: assign({
              cursor: ({ event }) => event.output.cursor,
              missing: ({ context, event }) => context.missing + event.output.missing,
            }),
          },
          {
            target: 'merging',
            actions: assign({ cursor: null, missing: ({ context, event }) => context.missing + event.output.missing }),
          },
        ],
        onError: {
          target: 'partial',
          actions: ['countTry', { type: 'announceUnavailable', params: { reason: 'not-fetched' } }],
        },
      },
      after: {
        fetchTimeout: {
          target: 'partial',
          actions: ['countTry', { type: 'announceUnavailable', params: { reason: 'no-progress' } }],
        },
      },
    },
    readingFooters: {
      invoke: {
        src: 'readFooters',
        input: ({ context }) => ({ cursor: context.cursor }),
        onDone: [
          {
            guard: ({ event }) => event.output.left > 0,
            target: 'readingFooters',
            reenter: true,
            actions: assign({ cursor: ({ event }) => event.output.cursor }),
          },
          { target: 'merging', actions: assign({ cursor: null }) },
        ],
        onError: {
          target: 'partial',
          actions: ['countTry', { type: 'announceUnavailable', params: { reason: 'footers-unreadable' } }],
        },
      },
      after: { fetchTimeout: { target: 'partial', actions: 'countTry' } },
    },
    merging: {
      invoke: {
        src: 'merge',
        input: ({ context }) => ({ document: context.document }),
        onDone: {
          target: 'merged',
          actions: assign({
            changed: ({ event }) => event.output.changed,
            conflicts: ({ event }) => event.output.conflicts,
          }),
        },
        onError: { target: 'partial', actions: 'countTry' },
      },
      after: { mergeTimeout: { target: 'partial', actions: 'countTry' } },
    },
    merged: {
      always: [
        { guard: 'hasConflicts', target: 'told', actions: ['announceConflicted', 'announceMerged'] },
        { guard: 'hasChanged', target: 'told', actions: 'announceMerged' },
        { target: 'told' },
      ],
    },
    told: {
      always: [
        {
          guard: 'hasMissing',
          target: 'partial',
          actions: { type: 'announceUnavailable', params: { reason: 'some-objects-unreadable' } },
        },
        { target: 'inSync', actions: 'announceInSync' },
      ],
    },
    inSync: {
      entry: assign({ attempt: 0 }),
      always: { guard: 'isAgain', target: 'settling' },
      after: { reviewEvery: 'opening' },
    },
    settling: { after: { settleDelay: 'opening' } },
    partial: {
      on: { 'supplier.connected': 'opening', 'log.in-sync': 'opening', refresh: 'opening' },
      after: { retryDelay: 'opening' },
    },
    stopped: { type: 'final' },
  },
});

/** The machine with its ports given. */
export function catalogueSynchronizerWith(ports: CatalogueSynchronizerPorts) {
  return catalogueSynchronizerMachine.provide({
    actors: {
      openEntries: perform(ports.openEntries),
      fetchObjects: perform(ports.fetchObjects),
      readFooters: perform(ports.readFooters),
      merge: perform(ports.merge),
    },
  });
}
