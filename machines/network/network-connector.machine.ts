import { assign, emit, setup } from 'xstate';
import type { Fact } from '../../bus/facts/index.ts';
import { backoffMs } from '../kit/backoff.ts';
import { type Effect, perform, port } from '../kit/port.ts';

export interface NetworkConnectorInput {
  readonly seed: number;
}

export interface NetworkConnectorPorts {
  /** Interfaces that can carry traffic; loopback counts when the node is told to use it. */
  readonly listInterfaces: Effect<Record<never, never>, { readonly usable: number }>;
  /** Starts what does not listen. */
  readonly wakeTransports: Effect<Record<never, never>, { readonly listening: number }>;
  /** Asks some known peers for a sign of life; `asked` is 0 when nobody is known. */
  readonly probePeers: Effect<{ readonly count: number }, { readonly asked: number; readonly reached: number }>;
}

interface NetworkConnectorContext {
  readonly seed: number;
  readonly attempt: number;
  /** What the rest of the node was told last. */
  readonly told: 'nothing' | 'connected' | 'impaired' | 'disconnected';
}

const PROBED_PEERS = 3;

/** Knows whether there is a working network and keeps the transports up. */
export const networkConnectorMachine = setup({
  types: {
    input: {} as NetworkConnectorInput,
    context: {} as NetworkConnectorContext,
    events: {} as
      | { type: 'reconnect' }
      | { type: 'stop' }
      | Fact<'interfaces.changed' | 'host.woke' | 'transport.listening' | 'transport.failed' | 'link.opened'>,
    emitted: {} as Fact<'network.connected' | 'network.impaired' | 'network.disconnected'>,
  },
  actors: {
    listInterfaces: port<NetworkConnectorPorts['listInterfaces']>('listInterfaces'),
    wakeTransports: port<NetworkConnectorPorts['wakeTransports']>('wakeTransports'),
    probePeers: port<NetworkConnectorPorts['probePeers']>('probePeers'),
  },
  guards: {
    isReached: (_, { asked, reached }: { asked: number; reached: number }) => reached > 0 || asked === 0,
    isAny: (_, { count }: { count: number }) => count > 0,
  },
  actions: {
    countAttempt: assign({ attempt: ({ context }) => context.attempt + 1 }),
    forgetAttempts: assign({ attempt: 0 }),
    sayConnected: emit({ type: 'network.connected' }),
    sayImpaired: emit({ type: 'network.impaired' }),
    sayDisconnected: emit({ type: 'network.disconnected' }),
    noteConnected: assign({ told: 'connected' }),
    noteImpaired: assign({ told: 'impaired' }),
    noteDisconnected: assign({ told: 'disconnected' }),
  },
  delays: {
    localTimeout: 10_000,
    settleDelay: 2_000,
    probeEvery: 30_000,
    probeTimeout: 5_000,
    retryDelay: ({ context }) => backoffMs(context.attempt, context.seed, { fromMs: 2_000, toMs: 300_000 }),
  },
}).createMachine({
  id: 'network-connector',
  description: 'Knows whether we have a working network: interfaces, listening transports, and one peer that answers.',
  options: { maxIterations: 100 },
  context: ({ input }) => ({ seed: input.seed, attempt: 0, told: 'nothing' }),
  initial: 'checking',
  on: {
    stop: '.stopped',
    reconnect: { target: '.checking', actions: 'forgetAttempts' },
    'host.woke': { target: '.checking', actions: 'forgetAttempts' },
    'interfaces.changed': { target: '.checking.settling', actions: 'forgetAttempts' },
  },
  states: {
    checking: {
      description: 'Looks which interfaces there are.',
      initial: 'listing',
      states: {
        settling: { after: { settleDelay: 'listing' } },
        listing: {
          invoke: {
            src: 'listInterfaces',
            input: {},
            onDone: [
              {
                guard: { type: 'isAny', params: ({ event }) => ({ count: event.output.usable }) },
                target: '#network-connector.startingTransports',
              },
              { target: '#network-connector.offline' },
            ],
            onError: '#network-connector.offline',
          },
          after: { localTimeout: '#network-connector.offline' },
        },
      },
    },
    startingTransports: {
      description: 'Has every transport listen again that does not.',
      invoke: {
        src: 'wakeTransports',
        input: {},
        onDone: [
          { guard: { type: 'isAny', params: ({ event }) => ({ count: event.output.listening }) }, target: 'connected' },
          { target: 'offline' },
        ],
        onError: 'offline',
      },
      after: { localTimeout: 'offline' },
    },
    connected: {
      description: 'Works. Peers are asked for a sign of life only when nothing was heard.',
      entry: ['sayConnected', 'noteConnected', 'forgetAttempts'],
      initial: 'probing',
      on: { 'link.opened': '.resting', 'transport.failed': 'checking.settling' },
      states: {
        resting: { after: { probeEvery: 'probing' } },
        probing: {
          invoke: {
            src: 'probePeers',
            input: { count: PROBED_PEERS },
            onDone: [
              { guard: { type: 'isReached', params: ({ event }) => event.output }, target: 'resting' },
              { target: '#network-connector.impaired' },
            ],
            onError: '#network-connector.impaired',
          },
          after: { probeTimeout: '#network-connector.impaired' },
        },
      },
    },
    impaired: {
      description: 'No peer answered once; one more round decides before anybody is told that we are offline.',
      entry: ['sayImpaired', 'noteImpaired'],
      initial: 'resting',
      on: { 'link.opened': 'connected.resting' },
      states: {
        resting: { after: { retryDelay: 'probing' } },
        probing: {
          invoke: {
            src: 'probePeers',
            input: { count: PROBED_PEERS },
            onDone: [
              {
                guard: { type: 'isReached', params: ({ event }) => event.output },
                target: '#network-connector.connected',
              },
              { target: '#network-connector.offline' },
            ],
            onError: '#network-connector.offline',
          },
          after: { probeTimeout: '#network-connector.offline' },
        },
      },
    },
    offline: {
      description: 'No network. Everything is checked again after a while, at once when something changes.',
      entry: [{ type: 'sayDisconnected' }, 'noteDisconnected', 'countAttempt'],
      on: { 'link.opened': 'connected.resting', 'transport.listening': 'checking' },
      after: { retryDelay: 'checking' },
    },
    stopped: { type: 'final' },
  },
});

/** The machine with its ports, for `createActor`. */
export function networkConnectorWith(ports: NetworkConnectorPorts) {
  return networkConnectorMachine.provide({
    actors: {
      listInterfaces: perform(ports.listInterfaces),
      wakeTransports: perform(ports.wakeTransports),
      probePeers: perform(ports.probePeers),
    },
  });
}
