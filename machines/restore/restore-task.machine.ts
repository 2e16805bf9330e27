import { assign } from 'xstate';
import { perform } from '../kit/port.ts';
import { type RestoreTaskPorts, restoreTaskSetup } from './restore-task.setup.ts';

export type { FetchedWindow, RestoreTaskInput, RestoreTaskPorts } from './restore-task.setup.ts';

/** Brings one version, or a part of it, to a place on disk; blocks that cannot be had now do not end it. */
export const restoreTaskMachine = restoreTaskSetup.createMachine({
  id: 'restore-task',
  description: 'Brings one version, or a part of it, to a place on disk.',
  options: { maxIterations: 100 },
  context: ({ input }) => ({
    ...input,
    cursor: null,
    resumed: false,
    located: false,
    short: 0,
    missed: [],
    damaged: 0,
    attempt: 0,
    reason: '',
    again: false,
  }),
  output: ({ context }) => ({ reason: context.reason }),
  initial: 'locating',
  on: {
    cancel: { target: '.failed', actions: { type: 'takeReason', params: { error: 'cancelled' } } },
    due: { target: '.failed', actions: { type: 'takeReason', params: { error: 'restoreUntil' } } },
    pause: '.paused',
    'supplier.connected': { actions: 'markAgain' },
    'disk.became-low': { target: '.failed', actions: { type: 'takeReason', params: { error: 'disk-low' } } },
  },
  states: {
    locating: {
      entry: 'announceStarted',
      invoke: {
        src: 'openVersion',
        input: ({ context }) => ({ task: context.task }),
        onDone: {
          target: 'fetching',
          actions: assign({ located: true, resumed: ({ event }) => event.output.resumed }),
        },
        onError: { target: 'failed', actions: { type: 'takeReason', params: ({ event }) => ({ error: event.error }) } },
      },
      after: {
        locateTimeout: { target: 'failed', actions: { type: 'takeReason', params: { error: 'locate-timeout' } } },
      },
    },
    fetching: {
      entry: assign({ again: false }),
      invoke: {
        src: 'fetchWindow',
        input: ({ context }) => ({ task: context.task, cursor: context.cursor }),
        onDone: [
          {
            guard: ({ event }) => event.output.done && event.output.short === 0,
            target: 'fetched',
            actions: { type: 'takeWindow', params: ({ event }) => ({ window: event.output }) },
          },
          {
            guard: ({ event }) => event.output.short > 0 && event.output.done,
            target: 'waiting',
            actions: { type: 'takeWindow', params: ({ event }) => ({ window: event.output }) },
          },
          {
            target: 'fetching',
            reenter: true,
            actions: [
              { type: 'takeWindow', params: ({ event }) => ({ window: event.output }) },
              assign({ attempt: 0 }),
            ],
          },
        ],
        onError: { target: 'failed', actions: { type: 'takeReason', params: ({ event }) => ({ error: event.error }) } },
      },
      after: { windowTimeout: { target: 'waiting', actions: 'countTry' } },
    },
    waiting: {
      entry: 'announceWaiting',
      always: { guard: 'isAgain', target: 'fetching', actions: assign({ cursor: null }) },
      on: {
        'supplier.connected': { target: 'fetching', actions: assign({ cursor: null, attempt: 0 }) },
        resume: { target: 'fetching', actions: assign({ cursor: null }) },
      },
      after: { retryDelay: { target: 'fetching', actions: ['countTry', assign({ cursor: null })] } },
    },
    fetched: { always: [{ guard: 'wasResumed', target: 'verifying' }, { target: 'placing' }] },
    verifying: {
      invoke: {
        src: 'verifyOutput',
        input: ({ context }) => ({ task: context.task }),
        onDone: [
          { guard: ({ event }) => event.output.ok, target: 'placing' },
          { target: 'fetching', actions: assign({ cursor: null, resumed: true }) },
        ],
        onError: { target: 'failed', actions: { type: 'takeReason', params: ({ event }) => ({ error: event.error }) } },
      },
      after: {
        windowTimeout: { target: 'failed', actions: { type: 'takeReason', params: { error: 'verify-timeout' } } },
      },
    },
    placing: {
      invoke: {
        src: 'placeOutput',
        input: ({ context }) => ({ task: context.task }),
        onDone: 'restored',
        onError: { target: 'failed', actions: { type: 'takeReason', params: ({ event }) => ({ error: event.error }) } },
      },
      after: {
        windowTimeout: { target: 'failed', actions: { type: 'takeReason', params: { error: 'place-timeout' } } },
      },
    },
    paused: { on: { resume: [{ guard: 'isLocated', target: 'fetching' }, { target: 'locating' }], pause: {} } },
    restored: { entry: 'announceFinished', type: 'final' },
    failed: { entry: 'announceFailed', type: 'final' },
  },
});

/** The machine with its ports given. */
export function restoreTaskWith(ports: RestoreTaskPorts) {
  return restoreTaskMachine.provide({
    actors: {
      openVersion: perform(ports.openVersion),
      fetchWindow: perform(ports.fetchWindow),
      verifyOutput: perform(ports.verifyOutput),
      placeOutput: perform(ports.placeOutput),
    },
  });
}
