import { assign } from 'xstate';
import { perform } from '../kit/port.ts';
import type { LogSynchronizerPorts } from './log-synchronizer.ports.ts';
import { logSynchronizerSetup } from './log-synchronizer.setup.ts';

/** Keeps the owner's order log alike on this device and on the seats, and says what is at a quorum. */
export const logSynchronizerMachine = logSynchronizerSetup.createMachine({
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
