import { assign, emit, setup } from 'xstate';
import type { Fact } from '../../bus/facts/index.ts';
import type { DeviceId } from '../../protocol/ids.ts';
import { backoffMs } from '../kit/backoff.ts';
import { type Effect, perform, port } from '../kit/port.ts';

export interface ContactStatusInput {
  readonly peer: DeviceId;
  readonly seed: number;
  /** Present levels, because facts are edges. */
  readonly linked: boolean;
  readonly networkUp: boolean;
  readonly closely: boolean;
}

export interface ContactStatusPorts {
  /** Greets the peer. `later` when too many are being greeted already: nothing is known then. */
  readonly greet: Effect<{ readonly peer: DeviceId }, 'met' | 'later'>;
}

type Judgement = 'unknown' | 'online' | 'offline';

interface ContactStatusContext {
  readonly peer: DeviceId;
  readonly seed: number;
  readonly closely: boolean;
  readonly linked: boolean;
  readonly networkUp: boolean;
  readonly judgement: Judgement;
  readonly attempt: number;
}

/** Is one peer online, judged by what we hear and by sparing probes. Our own outage changes no judgement. */
export const contactStatusMachine = setup({
  types: {
    input: {} as ContactStatusInput,
    context: {} as ContactStatusContext,
    events: {} as
      | { type: 'probe' }
      | { type: 'watchClosely' }
      | { type: 'watchLoosely' }
      | { type: 'stop' }
      | Fact<'peer.heard' | 'link.opened' | 'link.closed' | 'network.connected' | 'network.disconnected'>,
    emitted: {} as Fact<'contact.came-online' | 'contact.went-offline'>,
  },
  actors: { greet: port<ContactStatusPorts['greet']>('greet') },
  guards: {
    isMet: (_, { answer }: { answer: 'met' | 'later' }) => answer === 'met',
    wasOnline: ({ context }) => context.judgement === 'online',
    wasOffline: ({ context }) => context.judgement === 'offline',
    isLinked: ({ context }) => context.linked,
    isNetworkDown: ({ context }) => !context.networkUp,
  },
  actions: {
    closely: assign({ closely: true }),
    loosely: assign({ closely: false }),
    judgeOnline: assign({ judgement: 'online', attempt: 0 }),
    judgeOffline: assign({ judgement: 'offline' }),
    countAttempt: assign({ attempt: ({ context }) => context.attempt + 1 }),
    forgetAttempts: assign({ attempt: 0 }),
    sayOnline: emit(({ context }) => ({ type: 'contact.came-online' as const, peer: context.peer })),
    sayOffline: emit(({ context }) => ({ type: 'contact.went-offline' as const, peer: context.peer })),
  },
  delays: {
    staleAfter: ({ context }) => (context.closely ? 60_000 : 300_000),
    probeTimeout: 20_000,
    offlineRetry: ({ context }) => backoffMs(context.attempt, context.seed, { fromMs: 30_000, toMs: 1_800_000 }),
  },
}).createMachine({
  id: 'contact-status',
  description: 'Presence of one watched peer.',
  options: { maxIterations: 100 },
  context: ({ input }) => ({ ...input, judgement: 'unknown', attempt: 0 }),
  initial: 'unknown',
  on: {
    stop: '.stopped',
    watchClosely: { actions: 'closely' },
    watchLoosely: { actions: 'loosely' },
    'peer.heard': '.arrived',
    'link.opened': '.arrived',
    'network.disconnected': '.suspended',
  },
  states: {
    unknown: {
      description: 'Nothing was heard yet.',
      always: [
        { guard: 'isNetworkDown', target: 'suspended' },
        { guard: 'isLinked', target: 'arrived' },
      ],
      on: { probe: 'probing', watchClosely: { target: 'unknown', reenter: true, actions: 'closely' } },
      after: { staleAfter: 'probing' },
    },
    arrived: {
      description: 'Passed through when a word came; only a change of judgement is announced.',
      always: [
        { guard: 'wasOnline', target: 'online', actions: 'judgeOnline' },
        { target: 'online', actions: ['judgeOnline', 'sayOnline'] },
      ],
    },
    online: {
      on: {
        probe: 'probing',
        'link.closed': 'probing',
        watchClosely: { target: 'online', reenter: true, actions: 'closely' },
      },
      after: { staleAfter: 'probing' },
    },
    probing: {
      invoke: {
        src: 'greet',
        input: ({ context }) => ({ peer: context.peer }),
        onDone: [
          { guard: { type: 'isMet', params: ({ event }) => ({ answer: event.output }) }, target: 'arrived' },
          { guard: 'wasOnline', target: 'online' },
          { guard: 'wasOffline', target: 'offline' },
          { target: 'unknown', actions: assign({ linked: false }) },
        ],
        onError: 'departed',
      },
      after: { probeTimeout: 'departed' },
    },
    departed: {
      description: 'Passed through when a probe failed.',
      always: [
        { guard: 'wasOffline', target: 'offline' },
        { target: 'offline', actions: ['judgeOffline', 'sayOffline'] },
      ],
    },
    offline: {
      entry: 'countAttempt',
      on: { probe: 'probing' },
      after: { offlineRetry: 'probing' },
    },
    suspended: {
      description: 'Our own network is down: the last judgement stays, nothing is announced.',
      on: {
        'network.disconnected': {},
        'network.connected': { target: 'probing', actions: ['forgetAttempts', assign({ networkUp: true })] },
      },
    },
    stopped: { type: 'final' },
  },
});

/** The machine with its ports, for `createActor`. */
export function contactStatusWith(ports: ContactStatusPorts) {
  return contactStatusMachine.provide({ actors: { greet: perform(ports.greet) } });
}
