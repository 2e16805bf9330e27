import { assign, emit, setup } from 'xstate';
import type { Fact } from '../../bus/facts/index.ts';
import { backoffMs } from '../kit/backoff.ts';
import { type Effect, perform, port } from '../kit/port.ts';

export interface DirectoryMemberInput {
  readonly seed: number;
  /** Whether the network works now. */
  readonly connected: boolean;
}

export interface DirectoryHealth {
  /** Nodes that answer. */
  readonly neighbours: number;
  /** Nodes seen lately. */
  readonly known: number;
}

export interface DirectoryMemberPorts {
  readonly join: Effect<Record<never, never>, { readonly neighbours: number }>;
  readonly health: Effect<Record<never, never>, DirectoryHealth>;
}

interface DirectoryMemberContext {
  readonly seed: number;
  readonly attempt: number;
  readonly connected: boolean;
  readonly neighbours: number;
}

const NEIGHBOURS_WANTED = 8;

/** Joins the directory and sees to it that enough neighbours answer. */
export const directoryMemberMachine = setup({
  types: {
    input: {} as DirectoryMemberInput,
    context: {} as DirectoryMemberContext,
    events: {} as
      | { type: 'stop' }
      | Fact<'network.connected' | 'network.disconnected' | 'peer.sighted' | 'link.opened'>,
    emitted: {} as Fact<'directory.joined' | 'directory.thinned' | 'directory.left'>,
  },
  actors: {
    join: port<DirectoryMemberPorts['join']>('join'),
    health: port<DirectoryMemberPorts['health']>('health'),
  },
  guards: {
    isConnected: ({ context }) => context.connected,
    isEnough: (_, { neighbours, known }: DirectoryHealth) => neighbours >= Math.min(NEIGHBOURS_WANTED, known),
  },
  actions: {
    noteConnected: assign({ connected: true, attempt: 0 }),
    noteDisconnected: assign({ connected: false }),
    countAttempt: assign({ attempt: ({ context }) => context.attempt + 1 }),
    forgetAttempts: assign({ attempt: 0 }),
    count: assign({ neighbours: (_, { neighbours }: { neighbours: number }) => neighbours }),
    sayJoined: emit(({ context }) => ({ type: 'directory.joined' as const, neighbours: context.neighbours })),
    sayThinned: emit(({ context }) => ({ type: 'directory.thinned' as const, neighbours: context.neighbours })),
    sayLeft: emit({ type: 'directory.left' }),
  },
  delays: {
    joinTimeout: 20_000,
    healthTimeout: 10_000,
    healthEvery: ({ context }) =>
      240_000 + backoffMs(context.neighbours, context.seed, { fromMs: 120_000, toMs: 120_000 }),
    retryDelay: ({ context }) => backoffMs(context.attempt, context.seed, { fromMs: 2_000, toMs: 300_000 }),
  },
}).createMachine({
  id: 'directory-member',
  description: 'Keeps the node in the directory: joins, measures how many neighbours answer, tries again.',
  options: { maxIterations: 100 },
  context: ({ input }) => ({ seed: input.seed, attempt: 0, connected: input.connected, neighbours: 0 }),
  initial: 'alone',
  on: {
    stop: '.stopped',
    'network.disconnected': { target: '.alone', actions: ['noteDisconnected', 'sayLeft'] },
    'network.connected': { actions: 'noteConnected' },
  },
  states: {
    alone: {
      description: 'Not a member; waits for the network or for the next try.',
      always: { guard: ({ context }) => context.connected && context.attempt === 0, target: 'joining' },
      on: {
        'network.disconnected': { actions: 'noteDisconnected' },
        'peer.sighted': { guard: 'isConnected', target: 'joining' },
        'link.opened': { guard: 'isConnected', target: 'joining' },
      },
      after: { retryDelay: { guard: 'isConnected', target: 'joining' } },
    },
    joining: {
      invoke: {
        src: 'join',
        input: {},
        onDone: {
          target: 'joined',
          actions: ['forgetAttempts', { type: 'count', params: ({ event }) => event.output }, 'sayJoined'],
        },
        onError: { target: 'alone', actions: 'countAttempt' },
      },
      after: { joinTimeout: { target: 'alone', actions: 'countAttempt' } },
    },
    joined: {
      initial: 'resting',
      states: {
        resting: { after: { healthEvery: 'measuring' } },
        measuring: {
          invoke: {
            src: 'health',
            input: {},
            onDone: [
              {
                guard: { type: 'isEnough', params: ({ event }) => event.output },
                target: 'resting',
                actions: { type: 'count', params: ({ event }) => event.output },
              },
              {
                target: '#directory-member.thin',
                actions: [{ type: 'count', params: ({ event }) => event.output }, 'sayThinned'],
              },
            ],
            onError: { target: '#directory-member.thin', actions: 'sayThinned' },
          },
          after: { healthTimeout: { target: '#directory-member.thin', actions: 'sayThinned' } },
        },
      },
    },
    thin: {
      description: 'A member with too few neighbours: measured again soon, and joined anew when nobody answers.',
      initial: 'resting',
      states: {
        resting: { entry: 'countAttempt', after: { retryDelay: 'measuring' } },
        measuring: {
          invoke: {
            src: 'health',
            input: {},
            onDone: [
              {
                guard: { type: 'isEnough', params: ({ event }) => event.output },
                target: '#directory-member.joined',
                actions: ['forgetAttempts', { type: 'count', params: ({ event }) => event.output }, 'sayJoined'],
              },
              { target: 'resting', actions: { type: 'count', params: ({ event }) => event.output } },
            ],
            onError: '#directory-member.joining',
          },
          after: { healthTimeout: '#directory-member.joining' },
        },
      },
    },
    stopped: { type: 'final' },
  },
});

/** The machine with its ports, for `createActor`. */
export function directoryMemberWith(ports: DirectoryMemberPorts) {
  return directoryMemberMachine.provide({ actors: { join: perform(ports.join), health: perform(ports.health) } });
}
