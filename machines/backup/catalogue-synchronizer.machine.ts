import { assign } from 'xstate';
import { perform } from '../kit/port.ts';
import { type CatalogueSynchronizerPorts, catalogueSynchronizerSetup } from './catalogue-synchronizer.setup.ts';

export type { CatalogueSynchronizerPorts } from './catalogue-synchronizer.setup.ts';

/** Opens and merges what the log brings for one sealed document, and says whether all of it could be read. */
export const catalogueSynchronizerMachine = catalogueSynchronizerSetup.createMachine({
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
