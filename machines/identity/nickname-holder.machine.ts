import { assign, emit, setup } from 'xstate';
import type { Fact } from '../../bus/facts/index.ts';
import { backoffMs } from '../kit/backoff.ts';
import { type Effect, perform, port } from '../kit/port.ts';

export interface NicknameHolderPorts {
  /** How many others claim the name, and whether our own claim is found. */
  readonly readClaims: Effect<{ name: string }, { readonly others: number; readonly ours: boolean }>;
  readonly publishClaim: Effect<{ name: string }, void>;
}

type Event =
  | { readonly type: 'hold' }
  | { readonly type: 'release' }
  | { readonly type: 'stop' }
  | Fact<'directory.joined'>;

interface Context {
  readonly name: string;
  readonly seed: number;
  /** Whether the directory was joined when this began. */
  readonly joined: boolean;
  readonly others: number;
  readonly attempt: number;
}

const TRIES_MAX = 5;

/** Claims a nickname in the directory and keeps the claim alive. Claims coexist; a contest is shown, never silently lost. */
export const nicknameHolderMachine = setup({
  types: {
    input: {} as { readonly name: string; readonly seed: number; readonly joined: boolean },
    context: {} as Context,
    events: {} as Event,
    emitted: {} as Fact<'nickname.held' | 'nickname.contested' | 'nickname.lost'>,
  },
  actors: {
    readClaims: port<NicknameHolderPorts['readClaims']>('readClaims'),
    publishClaim: port<NicknameHolderPorts['publishClaim']>('publishClaim'),
  },
  guards: {
    isJoined: ({ context }) => context.joined,
    isWeary: ({ context }) => context.attempt >= TRIES_MAX,
  },
  actions: {
    countTry: assign({ attempt: ({ context }) => context.attempt + 1 }),
    announceHeld: emit(({ context }) => ({ type: 'nickname.held' as const, nickname: context.name })),
    announceContested: emit(({ context }) => ({
      type: 'nickname.contested' as const,
      nickname: context.name,
      claims: context.others + 1,
    })),
    announceLost: emit(({ context }) => ({ type: 'nickname.lost' as const, nickname: context.name })),
  },
  delays: {
    answerTimeout: 10_000,
    publishTimeout: 30_000,
    refreshEvery: ({ context }) => 3 * 3_600_000 * (0.8 + ((context.seed >>> 0) % 1_000) / 2_500),
    retryDelay: ({ context }) => backoffMs(context.attempt, context.seed, { fromMs: 30_000, toMs: 30 * 60_000 }),
  },
}).createMachine({
  id: 'nickname-holder',
  description: 'Claims a nickname in the directory and keeps the claim alive.',
  options: { maxIterations: 100 },
  context: ({ input }) => ({ ...input, others: 0, attempt: 0 }),
  initial: 'opening',
  on: { stop: '.stopped', release: '.stopped' },
  states: {
    opening: { always: [{ guard: 'isJoined', target: 'claiming' }, { target: 'unheld' }] },
    unheld: { entry: assign({ attempt: 0 }), on: { hold: 'claiming', 'directory.joined': 'claiming' } },
    claiming: {
      invoke: {
        src: 'publishClaim',
        input: ({ context }) => ({ name: context.name }),
        onDone: 'reading',
        onError: { target: 'waiting', actions: 'countTry' },
      },
      after: { publishTimeout: { target: 'waiting', actions: 'countTry' } },
    },
    reading: {
      invoke: {
        src: 'readClaims',
        input: ({ context }) => ({ name: context.name }),
        onDone: [
          { guard: ({ event }) => !event.output.ours, target: 'waiting', actions: 'countTry' },
          {
            guard: ({ event }) => event.output.others > 0,
            target: 'contested',
            actions: assign({ others: ({ event }) => event.output.others }),
          },
          { target: 'held' },
        ],
        onError: { target: 'waiting', actions: 'countTry' },
      },
      after: { answerTimeout: { target: 'waiting', actions: 'countTry' } },
    },
    waiting: {
      always: { guard: 'isWeary', target: 'unheld', actions: 'announceLost' },
      after: { retryDelay: 'claiming' },
    },
    held: { entry: ['announceHeld', assign({ attempt: 0, others: 0 })], after: { refreshEvery: 'refreshing' } },
    contested: { entry: ['announceContested', assign({ attempt: 0 })], after: { refreshEvery: 'refreshing' } },
    refreshing: {
      invoke: {
        src: 'publishClaim',
        input: ({ context }) => ({ name: context.name }),
        onDone: 'reading',
        onError: { target: 'waiting', actions: 'countTry' },
      },
      after: { publishTimeout: { target: 'waiting', actions: 'countTry' } },
    },
    stopped: { type: 'final' },
  },
});

/** The machine with its ports given. */
export function nicknameHolderWith(ports: NicknameHolderPorts) {
  return nicknameHolderMachine.provide({
    actors: { readClaims: perform(ports.readClaims), publishClaim: perform(ports.publishClaim) },
  });
}
