import { assign, emit, setup } from 'xstate';
import type { Fact } from '../../bus/facts/index.ts';
import type { DeviceId } from '../../protocol/ids.ts';
import { type Effect, perform, port } from '../kit/port.ts';

export interface PeerLinkInput {
  /** Names this link among all of the node's. */
  readonly link: string;
  /** Null for an inbound stream: who it is comes out of the handshake. */
  readonly peer: DeviceId | null;
  readonly path: string;
  readonly inbound: boolean;
}

export interface PeerLinkPorts {
  /** Knock, TLS and proof. `undefined` for a stranger who has no business here. */
  readonly handshake: Effect<
    { readonly link: string; readonly peer: DeviceId | null },
    { readonly deviceId: DeviceId } | undefined
  >;
  readonly probe: Effect<{ readonly link: string }, { readonly rttMs: number }>;
  readonly drainStreams: Effect<{ readonly link: string }, void>;
}

interface PeerLinkContext {
  readonly link: string;
  readonly peer: DeviceId | null;
  readonly path: string;
  readonly inbound: boolean;
  readonly holds: number;
  readonly failedProbes: number;
  /** Probes answered since somebody last used the link. */
  readonly quietRounds: number;
  readonly cause: string | null;
}

const PROBES_MAX = 3;
/** Rounds of 25 s that make about 10 min. */
const QUIET_ROUNDS_MAX = 24;

/** The life of one authenticated link. */
export const peerLinkMachine = setup({
  types: {
    input: {} as PeerLinkInput,
    context: {} as PeerLinkContext,
    events: {} as
      | { type: 'noteActivity' }
      | { type: 'hold' }
      | { type: 'release' }
      | { type: 'drain' }
      | { type: 'lose'; cause: string }
      | Fact<'host.woke'>,
    emitted: {} as Fact<'link.opened' | 'link.closed'>,
  },
  actors: {
    handshake: port<PeerLinkPorts['handshake']>('handshake'),
    probe: port<PeerLinkPorts['probe']>('probe'),
    drainStreams: port<PeerLinkPorts['drainStreams']>('drainStreams'),
  },
  guards: {
    isSpent: ({ context }) => context.failedProbes + 1 >= PROBES_MAX,
    isUnused: ({ context }) => context.holds === 0 && context.quietRounds >= QUIET_ROUNDS_MAX,
    isSomebody: (_, { found }: { found: boolean }) => found,
  },
  actions: {
    meet: assign({ peer: (_, { peer }: { peer: DeviceId | null }) => peer }),
    hold: assign({ holds: ({ context }) => context.holds + 1 }),
    release: assign({ holds: ({ context }) => Math.max(0, context.holds - 1) }),
    countFailure: assign({ failedProbes: ({ context }) => context.failedProbes + 1 }),
    countQuiet: assign({ failedProbes: 0, quietRounds: ({ context }) => context.quietRounds + 1 }),
    noteUse: assign({ failedProbes: 0, quietRounds: 0 }),
    blame: assign({ cause: (_, { cause }: { cause: string }) => cause }),
    sayOpened: emit(({ context }) => ({
      type: 'link.opened' as const,
      peer: context.peer as DeviceId,
      path: context.path,
      inbound: context.inbound,
    })),
    sayClosed: emit(({ context }) => ({
      type: 'link.closed' as const,
      peer: context.peer as DeviceId,
      cause: context.cause ?? 'closed',
    })),
  },
  delays: {
    handshakeTimeout: 10_000,
    quietAfter: 25_000,
    probeTimeout: 5_000,
    drainTimeout: 5_000,
  },
}).createMachine({
  id: 'peer-link',
  description: 'One authenticated link: opened by a handshake, probed when quiet, closed when broken or unused.',
  options: { maxIterations: 100 },
  context: ({ input }) => ({ ...input, holds: 0, failedProbes: 0, quietRounds: 0, cause: null }),
  initial: 'handshaking',
  on: { hold: { actions: 'hold' }, release: { actions: 'release' } },
  states: {
    handshaking: {
      invoke: {
        src: 'handshake',
        input: ({ context }) => ({ link: context.link, peer: context.peer }),
        onDone: [
          {
            guard: { type: 'isSomebody', params: ({ event }) => ({ found: event.output !== undefined }) },
            target: 'open',
            actions: { type: 'meet', params: ({ event }) => ({ peer: event.output?.deviceId ?? null }) },
          },
          { target: 'refused' },
        ],
        onError: 'refused',
      },
      on: { lose: 'refused', drain: 'refused' },
      after: { handshakeTimeout: 'refused' },
    },
    open: {
      entry: 'sayOpened',
      initial: 'live',
      on: {
        noteActivity: { target: '.live', actions: 'noteUse' },
        'host.woke': '.probing',
        drain: 'draining',
        lose: { target: 'closed', actions: { type: 'blame', params: ({ event }) => ({ cause: event.cause }) } },
      },
      states: {
        live: { after: { quietAfter: 'probing' } },
        quiet: {
          always: { guard: 'isUnused', target: '#peer-link.draining' },
          after: { quietAfter: 'probing' },
        },
        probing: {
          invoke: {
            src: 'probe',
            input: ({ context }) => ({ link: context.link }),
            onDone: { target: 'quiet', actions: 'countQuiet' },
            onError: [
              {
                guard: 'isSpent',
                target: '#peer-link.closed',
                actions: { type: 'blame', params: { cause: 'silent' } },
              },
              { target: 'probing', reenter: true, actions: 'countFailure' },
            ],
          },
          after: {
            probeTimeout: [
              {
                guard: 'isSpent',
                target: '#peer-link.closed',
                actions: { type: 'blame', params: { cause: 'silent' } },
              },
              { target: 'probing', reenter: true, actions: 'countFailure' },
            ],
          },
        },
      },
    },
    draining: {
      description: 'Lets what is under way finish, then closes.',
      entry: { type: 'blame', params: { cause: 'drained' } },
      invoke: {
        src: 'drainStreams',
        input: ({ context }) => ({ link: context.link }),
        onDone: 'closed',
        onError: 'closed',
      },
      on: { lose: { target: 'closed', actions: { type: 'blame', params: ({ event }) => ({ cause: event.cause }) } } },
      after: { drainTimeout: 'closed' },
    },
    refused: { description: 'Never became a link; nobody hears of it.', type: 'final' },
    closed: { entry: 'sayClosed', type: 'final' },
  },
});

/** The machine with its ports, for `createActor`. */
export function peerLinkWith(ports: PeerLinkPorts) {
  return peerLinkMachine.provide({
    actors: {
      handshake: perform(ports.handshake),
      probe: perform(ports.probe),
      drainStreams: perform(ports.drainStreams),
    },
  });
}
