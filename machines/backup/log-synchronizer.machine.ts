import { assign, emit, enqueueActions, setup } from 'xstate';
import type { Fact } from '../../bus/facts/index.ts';
import type { DeviceId } from '../../protocol/ids.ts';
import { backoffMs } from '../kit/backoff.ts';
import { perform, port } from '../kit/port.ts';
import type {
  LogSynchronizerInput,
  LogSynchronizerPorts,
  PulledEntries,
  PushedEntries,
} from './log-synchronizer.ports.ts';

type Event =
  | { readonly type: 'pull' | 'resolveFork' | 'stop' }
  | { readonly type: 'append'; readonly kinds: readonly string[] }
  | { readonly type: 'due'; readonly name: 'dropBefore' }
  | Fact<'document.changed' | 'log.noticed' | 'supplier.connected' | 'suppliers.changed' | 'network.connected'>;

interface Context extends LogSynchronizerInput {
  readonly attempt: number;
  /** Something to hear, to send, to gather came up while busy. */
  readonly wantPull: boolean;
  readonly wantPush: boolean;
  readonly edited: boolean;
  readonly pushed: PushedEntries | null;
}

/** Keeps the owner's order log alike on this device and on the seats, and says what is at a quorum. */
export const logSynchronizerMachine = setup({
  types: {
    input: {} as LogSynchronizerInput,
    context: {} as Context,
    events: {} as Event,
    emitted: {} as Fact<
      'log.changed' | 'log.in-sync' | 'log.unavailable' | 'log.withheld' | 'log.forked' | 'seat.caught-up'
    >,
  },
  actors: {
    fetchHeads: port<LogSynchronizerPorts['fetchHeads']>('fetchHeads'),
    pullEntries: port<LogSynchronizerPorts['pullEntries']>('pullEntries'),
    appendEntries: port<LogSynchronizerPorts['appendEntries']>('appendEntries'),
    pushEntries: port<LogSynchronizerPorts['pushEntries']>('pushEntries'),
    writeCheckpoint: port<LogSynchronizerPorts['writeCheckpoint']>('writeCheckpoint'),
  },
  guards: {
    wantsPull: ({ context }) => context.wantPull,
    wantsPush: ({ context }) => context.wantPush,
    wasEdited: ({ context }) => context.edited,
    isForked: ({ context }) => context.forked,
    isAlone: ({ context }) => context.pushed?.seats === 0,
    isAtQuorum: ({ context }) => context.pushed?.quorum === true,
    canShrink: ({ context }) => context.pushed?.canShrink === true,
  },
  actions: {
    markPull: assign({ wantPull: true }),
    markPush: assign({ wantPush: true }),
    markBoth: assign({ wantPull: true, wantPush: true }),
    markEdited: assign({ edited: true }),
    countTry: assign({ attempt: ({ context }) => context.attempt + 1 }),
    forgetTries: assign({ attempt: 0 }),
    announceChanged: emit(({ context }, params: { device?: DeviceId; kinds: readonly string[] }) => ({
      type: 'log.changed' as const,
      owner: context.owner,
      device: params.device ?? context.device,
      kinds: params.kinds,
    })),
    announceUnavailable: emit(({ context }, params: { reason: string }) => ({
      type: 'log.unavailable' as const,
      owner: context.owner,
      reason: params.reason,
    })),
    announceInSync: emit(({ context }) => ({ type: 'log.in-sync' as const, owner: context.owner })),
    announceWithheld: enqueueActions(({ context, enqueue }, params: { withheld: readonly DeviceId[] }) => {
      for (const supplier of params.withheld) {
        enqueue(emit({ type: 'log.withheld' as const, owner: context.owner, supplier }));
      }
    }),
    takePulled: enqueueActions(({ context, enqueue }, { applied, forked, device, kinds }: PulledEntries) => {
      const { owner } = context;
      if (applied > 0) enqueue(emit({ type: 'log.changed' as const, owner, device, kinds }));
      if (forked && !context.forked) enqueue(emit({ type: 'log.forked' as const, owner, device }));
      enqueue(assign({ forked }));
    }),
    takePushed: enqueueActions(({ enqueue }, params: { pushed: PushedEntries }) => {
      enqueue(assign({ pushed: params.pushed }));
      for (const one of params.pushed.caughtUp) enqueue(emit({ type: 'seat.caught-up' as const, ...one }));
    }),
  },
  delays: {
    headsTimeout: 20_000,
    rangeTimeout: 60_000,
    gatherDelay: 2_000,
    localTimeout: 10_000,
    pushTimeout: 60_000,
    checkpointTimeout: 300_000,
    pullEvery: ({ context }) => 24 * 60_000 + backoffMs(12, context.seed, { fromMs: 12 * 60_000, toMs: 12 * 60_000 }),
    retryDelay: ({ context }) => backoffMs(context.attempt, context.seed, { fromMs: 5_000, toMs: 600_000 }),
  },
}).createMachine({
  id: 'log-synchronizer',
  description: 'Keeps the order log alike on the device and the seats.',
  options: { maxIterations: 100 },
  context: ({ input }) => ({ ...input, attempt: 0, wantPull: true, wantPush: true, edited: false, pushed: null }),
  initial: 'unknown',
  on: {
    stop: '.stopped',
    pull: { actions: 'markPull' },
    append: {
      actions: ['markPush', { type: 'announceChanged', params: ({ event }) => ({ kinds: event.kinds }) }],
    },
    due: { actions: 'markPush' },
    'document.changed': { actions: 'markEdited' },
    'log.noticed': { actions: 'markPull' },
    'supplier.connected': { actions: ['markBoth', 'forgetTries'] },
    'suppliers.changed': { actions: 'markBoth' },
    'network.connected': { actions: ['markBoth', 'forgetTries'] },
  },
  states: {
    unknown: {
      always: [
        { guard: 'wasEdited', target: 'gathering' },
        { guard: 'wantsPull', target: 'pulling' },
      ],
      after: { retryDelay: 'pulling' },
    },
    pulling: {
      entry: assign({ wantPull: false }),
      invoke: {
        src: 'fetchHeads',
        input: ({ context }) => ({ owner: context.owner }),
        onDone: [
          {
            guard: ({ event }) => event.output.asked > 0 && event.output.answered === 0,
            target: 'unknown',
            actions: ['countTry', { type: 'announceUnavailable', params: { reason: 'no-seat-answered' } }],
          },
          {
            guard: ({ event }) => event.output.newer > 0,
            target: 'reading',
            actions: { type: 'announceWithheld', params: ({ event }) => ({ withheld: event.output.withheld }) },
          },
          {
            target: 'pushing',
            actions: { type: 'announceWithheld', params: ({ event }) => ({ withheld: event.output.withheld }) },
          },
        ],
        onError: {
          target: 'unknown',
          actions: ['countTry', { type: 'announceUnavailable', params: { reason: 'heads-failed' } }],
        },
      },
      after: {
        headsTimeout: {
          target: 'unknown',
          actions: ['countTry', { type: 'announceUnavailable', params: { reason: 'heads-late' } }],
        },
      },
    },
    reading: {
      invoke: {
        src: 'pullEntries',
        input: ({ context }) => ({ owner: context.owner }),
        onDone: [
          {
            guard: ({ event }) => event.output.left > 0,
            target: 'reading',
            reenter: true,
            actions: { type: 'takePulled', params: ({ event }) => event.output },
          },
          { target: 'pushing', actions: { type: 'takePulled', params: ({ event }) => event.output } },
        ],
        onError: { target: 'pushing', actions: 'countTry' },
      },
      after: { rangeTimeout: { target: 'pushing', actions: 'countTry' } },
    },
    pushing: {
      entry: assign({ wantPush: false }),
      invoke: {
        src: 'pushEntries',
        input: {},
        onDone: {
          target: 'settled',
          actions: { type: 'takePushed', params: ({ event }) => ({ pushed: event.output }) },
        },
        onError: { target: 'ahead', actions: 'countTry' },
      },
      after: { pushTimeout: { target: 'ahead', actions: 'countTry' } },
    },
    settled: {
      always: [
        { guard: 'wantsPush', target: 'pushing' },
        { guard: 'isForked', target: 'forked' },
        { guard: 'isAlone', target: 'alone' },
        { guard: 'isAtQuorum', target: 'inSync', actions: ['forgetTries', 'announceInSync'] },
        { target: 'ahead', actions: 'countTry' },
      ],
    },
    inSync: {
      tags: 'resting',
      always: [
        { guard: 'wasEdited', target: 'gathering' },
        { guard: 'wantsPull', target: 'pulling' },
        { guard: 'wantsPush', target: 'pushing' },
        { guard: 'canShrink', target: 'checkpointing' },
      ],
      after: { pullEvery: 'pulling' },
    },
    ahead: {
      tags: 'resting',
      always: [
        { guard: 'wasEdited', target: 'gathering' },
        { guard: 'wantsPull', target: 'pulling' },
        { guard: 'wantsPush', target: 'pushing' },
      ],
      after: { retryDelay: 'pulling' },
    },
    alone: {
      tags: 'resting',
      always: [
        { guard: 'wasEdited', target: 'gathering' },
        { guard: 'wantsPull', target: 'pulling' },
      ],
      after: { pullEvery: 'pulling' },
    },
    gathering: { after: { gatherDelay: 'appending' } },
    appending: {
      entry: assign({ edited: false }),
      invoke: {
        src: 'appendEntries',
        input: {},
        onDone: {
          target: 'pushing',
          actions: { type: 'announceChanged', params: ({ event }) => ({ kinds: event.output.kinds }) },
        },
        onError: { target: 'pushing', actions: 'countTry' },
      },
      after: { localTimeout: { target: 'pushing', actions: 'countTry' } },
    },
    checkpointing: {
      entry: assign({ pushed: null }),
      invoke: {
        src: 'writeCheckpoint',
        input: {},
        onDone: [{ guard: ({ event }) => event.output.wrote, target: 'pushing' }, { target: 'inSync' }],
        onError: { target: 'inSync' },
      },
      after: { checkpointTimeout: 'inSync' },
    },
    /** Storing goes on, removing does not: the log itself refuses it while it is forked. */
    forked: {
      tags: 'resting',
      always: [
        { guard: 'wasEdited', target: 'gathering' },
        { guard: 'wantsPull', target: 'pulling' },
        { guard: 'wantsPush', target: 'pushing' },
      ],
      on: { resolveFork: { target: 'pulling', actions: assign({ forked: false }) } },
      after: { pullEvery: 'pulling' },
    },
    stopped: { type: 'final' },
  },
});

/** The machine with its ports given. */
export function logSynchronizerWith(ports: LogSynchronizerPorts) {
  return logSynchronizerMachine.provide({
    actors: {
      fetchHeads: perform(ports.fetchHeads),
      pullEntries: perform(ports.pullEntries),
      appendEntries: perform(ports.appendEntries),
      pushEntries: perform(ports.pushEntries),
      writeCheckpoint: perform(ports.writeCheckpoint),
    },
  });
}
