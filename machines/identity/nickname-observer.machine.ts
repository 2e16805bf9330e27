import { assign, emit, enqueueActions, setup } from 'xstate';
import type { Fact } from '../../bus/facts/index.ts';
import type { PersonId } from '../../protocol/ids.ts';
import { type Effect, perform, port } from '../kit/port.ts';

/** A claim whose signature was checked. */
export interface SightedClaim {
  readonly person: PersonId;
  readonly contactsInCommon: number;
  readonly claimedAt: number;
  readonly lookAlike: boolean;
}

export interface NicknameObserverPorts {
  /** The signed claims, fetched from the devices that announced themselves; what came within 3 s is given early. */
  readonly lookUpClaims: Effect<
    { name: string },
    { readonly claims: readonly SightedClaim[]; readonly flooded: boolean }
  >;
  readonly rankClaims: Effect<{ claims: readonly SightedClaim[] }, readonly SightedClaim[]>;
}

interface Context {
  readonly name: string;
  readonly claims: readonly SightedClaim[];
  readonly flooded: boolean;
}

/** Finds who claims a nickname and ranks the claims; none is called "the" right one. */
export const nicknameObserverMachine = setup({
  types: {
    input: {} as { readonly name: string },
    context: {} as Context,
    events: {} as { readonly type: 'cancel' },
    emitted: {} as Fact<'nickname.sighted'>,
    output: {} as { readonly claims: readonly SightedClaim[]; readonly flooded: boolean },
  },
  actors: {
    lookUpClaims: port<NicknameObserverPorts['lookUpClaims']>('lookUpClaims'),
    rankClaims: port<NicknameObserverPorts['rankClaims']>('rankClaims'),
  },
  actions: {
    announceClaims: enqueueActions(({ context, enqueue }) => {
      context.claims.forEach((claim, rank) => {
        enqueue(emit({ type: 'nickname.sighted' as const, nickname: context.name, person: claim.person, rank }));
      });
    }),
  },
  delays: { searchTimeout: 10_000, rankTimeout: 10_000 },
}).createMachine({
  id: 'nickname-observer',
  description: 'Finds who claims a nickname and ranks the claims.',
  options: { maxIterations: 100 },
  context: ({ input }) => ({ name: input.name, claims: [], flooded: false }),
  output: ({ context }) => ({ claims: context.claims, flooded: context.flooded }),
  initial: 'asking',
  on: { cancel: '.notFound' },
  states: {
    asking: {
      invoke: {
        src: 'lookUpClaims',
        input: ({ context }) => ({ name: context.name }),
        onDone: [
          {
            guard: ({ event }) => event.output.claims.length > 0,
            target: 'ranking',
            actions: assign({
              claims: ({ event }) => event.output.claims,
              flooded: ({ event }) => event.output.flooded,
            }),
          },
          { target: 'notFound', actions: assign({ flooded: ({ event }) => event.output.flooded }) },
        ],
        onError: 'notFound',
      },
      after: { searchTimeout: 'notFound' },
    },
    ranking: {
      invoke: {
        src: 'rankClaims',
        input: ({ context }) => ({ claims: context.claims }),
        onDone: { target: 'found', actions: assign({ claims: ({ event }) => event.output }) },
        onError: 'found',
      },
      after: { rankTimeout: 'found' },
    },
    found: { entry: 'announceClaims', type: 'final' },
    notFound: { type: 'final' },
  },
});

/** The machine with its ports given. */
export function nicknameObserverWith(ports: NicknameObserverPorts) {
  return nicknameObserverMachine.provide({
    actors: { lookUpClaims: perform(ports.lookUpClaims), rankClaims: perform(ports.rankClaims) },
  });
}
