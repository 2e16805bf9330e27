import { assign, emit, setup } from 'xstate';
import type { Fact } from '../../bus/facts/index.ts';
import type { DeviceId, PersonId } from '../../protocol/ids.ts';
import { type Effect, perform, port } from '../kit/port.ts';

export interface HandshakerInput {
  readonly peer: DeviceId;
  readonly person: PersonId | null;
  /** Revision of the identity we know of the peer's person; 0 when none. */
  readonly revision: number;
}

/** What a greeting told. */
export interface Greeting {
  readonly person: PersonId | null;
  readonly revision: number;
  readonly refused: boolean;
}

export interface HandshakerPorts {
  /** Looks where the peer is, cached and newest; false when nobody ever told. */
  readonly fetchRecord: Effect<{ readonly peer: DeviceId }, { readonly found: boolean }>;
  readonly connect: Effect<{ readonly peer: DeviceId }, void>;
  readonly greet: Effect<{ readonly peer: DeviceId }, Greeting>;
}

export interface HandshakerOutput {
  readonly outcome: 'shaken' | 'unknown' | 'unreachable' | 'refused' | 'cancelled';
  readonly person: PersonId | null;
  readonly revision: number;
}

interface HandshakerContext extends HandshakerInput {
  readonly greetings: number;
  readonly outcome: HandshakerOutput['outcome'];
}

const GREETINGS_MAX = 2;

/** Greets one peer: finds it, connects, exchanges identities. The result is shared by all who asked. */
export const handshakerMachine = setup({
  types: {
    input: {} as HandshakerInput,
    context: {} as HandshakerContext,
    events: {} as { type: 'cancel' },
    emitted: {} as Fact<'contact.record-changed'>,
    output: {} as HandshakerOutput,
  },
  actors: {
    fetchRecord: port<HandshakerPorts['fetchRecord']>('fetchRecord'),
    connect: port<HandshakerPorts['connect']>('connect'),
    greet: port<HandshakerPorts['greet']>('greet'),
  },
  guards: {
    isFound: (_, { found }: { found: boolean }) => found,
    isRefused: (_, greeting: Greeting) => greeting.refused,
    isChanged: ({ context }, greeting: Greeting) => greeting.person !== null && greeting.revision > context.revision,
    isSpent: ({ context }) => context.greetings + 1 >= GREETINGS_MAX,
  },
  actions: {
    countGreeting: assign({ greetings: ({ context }) => context.greetings + 1 }),
    keep: assign((_, { person, revision }: Greeting) => ({ person, revision })),
    sayChanged: emit((_, { person, revision }: Greeting) => ({
      type: 'contact.record-changed' as const,
      person: person as PersonId,
      revision,
    })),
  },
  delays: { recordTimeout: 10_000, connectTimeout: 15_000, greetTimeout: 15_000 },
}).createMachine({
  id: 'handshaker',
  description: 'One greeting: record, link, identities.',
  options: { maxIterations: 100 },
  context: ({ input }) => ({ ...input, greetings: 0, outcome: 'cancelled' }),
  initial: 'fetchingRecord',
  on: { cancel: '.cancelled' },
  states: {
    fetchingRecord: {
      invoke: {
        src: 'fetchRecord',
        input: ({ context }) => ({ peer: context.peer }),
        onDone: [
          { guard: { type: 'isFound', params: ({ event }) => event.output }, target: 'connecting' },
          { target: 'unknown' },
        ],
        onError: 'unreachable',
      },
      after: { recordTimeout: 'unreachable' },
    },
    connecting: {
      invoke: {
        src: 'connect',
        input: ({ context }) => ({ peer: context.peer }),
        onDone: 'greeting',
        onError: 'unreachable',
      },
      after: { connectTimeout: 'unreachable' },
    },
    greeting: {
      invoke: {
        src: 'greet',
        input: ({ context }) => ({ peer: context.peer }),
        onDone: [
          { guard: { type: 'isRefused', params: ({ event }) => event.output }, target: 'refused' },
          {
            guard: { type: 'isChanged', params: ({ event }) => event.output },
            target: 'shaken',
            actions: [
              { type: 'keep', params: ({ event }) => event.output },
              { type: 'sayChanged', params: ({ event }) => event.output },
            ],
          },
          { target: 'shaken', actions: { type: 'keep', params: ({ event }) => event.output } },
        ],
        onError: [
          { guard: 'isSpent', target: 'unreachable' },
          { target: 'connecting', actions: 'countGreeting' },
        ],
      },
      after: {
        greetTimeout: [
          { guard: 'isSpent', target: 'unreachable' },
          { target: 'connecting', actions: 'countGreeting' },
        ],
      },
    },
    shaken: { entry: assign({ outcome: 'shaken' }), type: 'final' },
    unknown: { entry: assign({ outcome: 'unknown' }), type: 'final' },
    unreachable: { entry: assign({ outcome: 'unreachable' }), type: 'final' },
    refused: { entry: assign({ outcome: 'refused' }), type: 'final' },
    cancelled: { type: 'final' },
  },
  output: ({ context }) => ({ outcome: context.outcome, person: context.person, revision: context.revision }),
});

/** The machine with its ports, for `createActor`. */
export function handshakerWith(ports: HandshakerPorts) {
  return handshakerMachine.provide({
    actors: {
      fetchRecord: perform(ports.fetchRecord),
      connect: perform(ports.connect),
      greet: perform(ports.greet),
    },
  });
}
