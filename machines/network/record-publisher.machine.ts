import { assign, emit, setup } from 'xstate';
import type { Fact } from '../../bus/facts/index.ts';
import { backoffMs } from '../kit/backoff.ts';
import { type Effect, perform, port } from '../kit/port.ts';

export interface RecordPublisherInput {
  /** Name of the record among our own: `presence`, `root-head`, `role:supplier`. */
  readonly record: string;
  readonly seed: number;
}

/** What a look-up of our own record showed. */
export interface RecordReading {
  readonly version: number;
  readonly holders: number;
  /** Holders there could be in the network as it is now. */
  readonly holdersPossible: number;
}

export interface RecordPublisherPorts {
  /** Signs the present value, or gives the kept record; the version is its sequence. */
  readonly signRecord: Effect<{ readonly record: string }, { readonly version: number }>;
  readonly storeRecord: Effect<{ readonly record: string; readonly version: number }, void>;
  readonly readBack: Effect<{ readonly record: string }, RecordReading>;
}

interface RecordPublisherContext {
  readonly record: string;
  readonly seed: number;
  readonly attempt: number;
  readonly version: number;
  readonly holders: number;
}

const HOLDERS_SPREAD_BELOW = 8;
const SPREADS_MAX = 3;

/** Keeps one signed record of ours stored on enough holders. */
export const recordPublisherMachine = setup({
  types: {
    input: {} as RecordPublisherInput,
    context: {} as RecordPublisherContext,
    events: {} as
      | { type: 'update' }
      | { type: 'withdraw' }
      | Fact<'directory.joined' | 'transport.listening' | 'suppliers.changed'>,
    emitted: {} as Fact<'record.published' | 'record.stalled' | 'record.superseded'>,
  },
  actors: {
    signRecord: port<RecordPublisherPorts['signRecord']>('signRecord'),
    storeRecord: port<RecordPublisherPorts['storeRecord']>('storeRecord'),
    readBack: port<RecordPublisherPorts['readBack']>('readBack'),
  },
  guards: {
    isNewerThanOurs: ({ context }, reading: RecordReading) => reading.version > context.version,
    isSpread: ({ context }, reading: RecordReading) =>
      reading.version === context.version && reading.holders >= Math.min(HOLDERS_SPREAD_BELOW, reading.holdersPossible),
    isHeld: ({ context }, reading: RecordReading) =>
      reading.version === context.version && reading.holders > 0 && context.attempt >= SPREADS_MAX,
  },
  actions: {
    noteVersion: assign({ version: (_, { version }: { version: number }) => version }),
    noteReading: assign((_, { version, holders }: RecordReading) => ({ version, holders })),
    countAttempt: assign({ attempt: ({ context }) => context.attempt + 1 }),
    forgetAttempts: assign({ attempt: 0 }),
    sayPublished: emit(({ context }) => ({
      type: 'record.published' as const,
      record: context.record,
      version: context.version,
      holders: context.holders,
    })),
    saySuperseded: emit(({ context }) => ({
      type: 'record.superseded' as const,
      record: context.record,
      version: context.version,
    })),
    sayStalled: emit(({ context }, { reason }: { reason: string }) => ({
      type: 'record.stalled' as const,
      record: context.record,
      reason,
    })),
  },
  delays: {
    localTimeout: 10_000,
    storeTimeout: 20_000,
    checkTimeout: 15_000,
    refreshEvery: ({ context }) =>
      8_640_000 + backoffMs(context.version, context.seed, { fromMs: 4_320_000, toMs: 4_320_000 }),
    retryDelay: ({ context }) => backoffMs(context.attempt, context.seed, { fromMs: 5_000, toMs: 600_000 }),
  },
}).createMachine({
  id: 'record-publisher',
  description: 'Signs, stores and reads back one own record, spreads it when too few hold it, refreshes it every 3 h.',
  options: { maxIterations: 100 },
  context: ({ input }) => ({ record: input.record, seed: input.seed, attempt: 0, version: 0, holders: 0 }),
  initial: 'publishing',
  on: {
    withdraw: '.withdrawn',
    update: { target: '.publishing', actions: 'forgetAttempts' },
    'transport.listening': { target: '.publishing', actions: 'forgetAttempts' },
    'suppliers.changed': { target: '.publishing', actions: 'forgetAttempts' },
  },
  states: {
    publishing: {
      initial: 'signing',
      states: {
        signing: {
          invoke: {
            src: 'signRecord',
            input: ({ context }) => ({ record: context.record }),
            onDone: { target: 'storing', actions: { type: 'noteVersion', params: ({ event }) => event.output } },
            onError: {
              target: '#record-publisher.stalled',
              actions: { type: 'sayStalled', params: { reason: 'not-signed' } },
            },
          },
          after: {
            localTimeout: {
              target: '#record-publisher.stalled',
              actions: { type: 'sayStalled', params: { reason: 'not-signed' } },
            },
          },
        },
        storing: {
          invoke: {
            src: 'storeRecord',
            input: ({ context }) => ({ record: context.record, version: context.version }),
            onDone: '#record-publisher.checking',
            onError: {
              target: '#record-publisher.stalled',
              actions: { type: 'sayStalled', params: { reason: 'not-stored' } },
            },
          },
          after: {
            storeTimeout: {
              target: '#record-publisher.stalled',
              actions: { type: 'sayStalled', params: { reason: 'not-stored' } },
            },
          },
        },
      },
    },
    checking: {
      description: 'Counts the holders by reading back; a writer is never told of a refusal.',
      invoke: {
        src: 'readBack',
        input: ({ context }) => ({ record: context.record }),
        onDone: [
          {
            guard: { type: 'isNewerThanOurs', params: ({ event }) => event.output },
            target: 'fresh',
            actions: [{ type: 'noteReading', params: ({ event }) => event.output }, 'saySuperseded'],
          },
          {
            guard: { type: 'isSpread', params: ({ event }) => event.output },
            target: 'fresh',
            actions: [{ type: 'noteReading', params: ({ event }) => event.output }, 'sayPublished'],
          },
          {
            guard: { type: 'isHeld', params: ({ event }) => event.output },
            target: 'fresh',
            actions: [{ type: 'noteReading', params: ({ event }) => event.output }, 'sayPublished'],
          },
          { target: 'spreading' },
        ],
        onError: 'spreading',
      },
      after: { checkTimeout: 'spreading' },
    },
    spreading: {
      description: 'Too few hold it: it is stored once more after a while.',
      entry: 'countAttempt',
      after: { retryDelay: 'publishing' },
    },
    fresh: { entry: 'forgetAttempts', after: { refreshEvery: 'publishing' } },
    stalled: {
      description: 'The directory does not take it now.',
      entry: 'countAttempt',
      on: { 'directory.joined': { target: 'publishing', actions: 'forgetAttempts' } },
      after: { retryDelay: 'publishing' },
    },
    withdrawn: { type: 'final' },
  },
});

/** The machine with its ports, for `createActor`. */
export function recordPublisherWith(ports: RecordPublisherPorts) {
  return recordPublisherMachine.provide({
    actors: {
      signRecord: perform(ports.signRecord),
      storeRecord: perform(ports.storeRecord),
      readBack: perform(ports.readBack),
    },
  });
}
