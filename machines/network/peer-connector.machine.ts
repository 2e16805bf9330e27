import { assign, emit, setup } from 'xstate';
import type { Fact } from '../../bus/facts/index.ts';
import type { DeviceId } from '../../protocol/ids.ts';
import { type Effect, perform, port } from '../kit/port.ts';

export interface PeerConnectorInput {
  readonly peer: DeviceId;
}

export interface PeerConnectorPorts {
  /** Addresses of the peer, the most promising first; empty when nobody knows one. */
  readonly resolvePeer: Effect<{ readonly peer: DeviceId }, { readonly addresses: readonly string[] }>;
  /** Dials the addresses one after another, each a little later; the first authenticated link wins. */
  readonly raceDials: Effect<
    { readonly peer: DeviceId; readonly ways: readonly string[]; readonly staggerMs: number },
    { readonly path: string }
  >;
}

export type UnreachableReason = 'no-address' | 'no-answer' | 'network-down';

export interface PeerConnectorOutput {
  readonly outcome: 'direct' | 'unreachable' | 'cancelled';
  readonly reason: UnreachableReason | null;
}

interface PeerConnectorContext {
  readonly peer: DeviceId;
  readonly ways: readonly string[];
  readonly path: string | null;
  readonly reason: UnreachableReason | null;
  readonly outcome: PeerConnectorOutput['outcome'];
}

const WAYS_MAX = 8;
const STAGGER_MS = 250;

/** Gets a link to one peer by the fastest direct way. */
export const peerConnectorMachine = setup({
  types: {
    input: {} as PeerConnectorInput,
    context: {} as PeerConnectorContext,
    events: {} as { type: 'cancel' } | Fact<'network.disconnected' | 'peer.sighted'>,
    emitted: {} as Fact<'peer.connected' | 'peer.unreachable'>,
    output: {} as PeerConnectorOutput,
  },
  actors: {
    resolvePeer: port<PeerConnectorPorts['resolvePeer']>('resolvePeer'),
    raceDials: port<PeerConnectorPorts['raceDials']>('raceDials'),
  },
  guards: { hasWays: (_, { addresses }: { addresses: readonly string[] }) => addresses.length > 0 },
  actions: {
    keepWays: assign({ ways: (_, { addresses }: { addresses: readonly string[] }) => addresses.slice(0, WAYS_MAX) }),
    keepPath: assign({ path: (_, { path }: { path: string }) => path }),
    blame: assign({ reason: (_, { reason }: { reason: UnreachableReason }) => reason }),
    sayConnected: emit(({ context }) => ({
      type: 'peer.connected' as const,
      peer: context.peer,
      path: context.path ?? 'unknown',
    })),
    sayUnreachable: emit(({ context }) => ({
      type: 'peer.unreachable' as const,
      peer: context.peer,
      reason: context.reason ?? 'no-answer',
    })),
  },
  delays: { resolveTimeout: 5_000, raceTimeout: 10_000 },
}).createMachine({
  id: 'peer-connector',
  description:
    'Finds the addresses of one peer and dials them side by side; everybody who wants the peer shares the run.',
  options: { maxIterations: 100 },
  context: ({ input }) => ({ peer: input.peer, ways: [], path: null, reason: null, outcome: 'cancelled' }),
  initial: 'resolving',
  on: {
    cancel: '.cancelled',
    'network.disconnected': { target: '.unreachable', actions: { type: 'blame', params: { reason: 'network-down' } } },
    'peer.sighted': '.resolving',
  },
  states: {
    resolving: {
      invoke: {
        src: 'resolvePeer',
        input: ({ context }) => ({ peer: context.peer }),
        onDone: [
          {
            guard: { type: 'hasWays', params: ({ event }) => event.output },
            target: 'racing',
            actions: { type: 'keepWays', params: ({ event }) => event.output },
          },
          { target: 'unreachable', actions: { type: 'blame', params: { reason: 'no-address' } } },
        ],
        onError: { target: 'unreachable', actions: { type: 'blame', params: { reason: 'no-address' } } },
      },
      after: {
        resolveTimeout: { target: 'unreachable', actions: { type: 'blame', params: { reason: 'no-address' } } },
      },
    },
    racing: {
      invoke: {
        src: 'raceDials',
        input: ({ context }) => ({ peer: context.peer, ways: context.ways, staggerMs: STAGGER_MS }),
        onDone: { target: 'direct', actions: { type: 'keepPath', params: ({ event }) => event.output } },
        onError: { target: 'unreachable', actions: { type: 'blame', params: { reason: 'no-answer' } } },
      },
      after: {
        raceTimeout: { target: 'unreachable', actions: { type: 'blame', params: { reason: 'no-answer' } } },
      },
    },
    direct: { entry: [assign({ outcome: 'direct' }), 'sayConnected'], type: 'final' },
    unreachable: { entry: [assign({ outcome: 'unreachable' }), 'sayUnreachable'], type: 'final' },
    cancelled: { type: 'final' },
  },
  output: ({ context }) => ({ outcome: context.outcome, reason: context.reason }),
});

/** The machine with its ports, for `createActor`. */
export function peerConnectorWith(ports: PeerConnectorPorts) {
  return peerConnectorMachine.provide({
    actors: { resolvePeer: perform(ports.resolvePeer), raceDials: perform(ports.raceDials) },
  });
}
