import { assign } from 'xstate';
import { perform } from '../kit/port.ts';
import type { FireHirePorts } from './fire-hire.ports.ts';
import { fireHireSetup } from './fire-hire.setup.ts';
import type { Judgement } from './judge-suppliers.ts';

const NOTHING: Judgement = { becameAway: [], cameBack: [], hire: [], voluntary: [], nextDueMs: null };

/** Decides which seats to fill and whom to dismiss, all empty seats at once, and dismisses nobody before his successor serves. */
export const fireHireMachine = fireHireSetup.createMachine({
  id: 'fire-hire',
  description: 'Decides which seats to fill and whom to dismiss.',
  options: { maxIterations: 100 },
  context: ({ input }) => ({
    ...input,
    health: [],
    done: [],
    judgement: NOTHING,
    replace: [],
    rescue: false,
    again: false,
    attempt: 0,
    hired: [],
  }),
  initial: 'opening',
  on: {
    stop: '.stopped',
    'network.disconnected': { target: '.suspended', actions: 'noteDown' },
    review: { actions: 'markAgain' },
    setSeats: { actions: 'takeSeats' },
    replace: { actions: 'takeReplace' },
    keep: { actions: 'dropReplace' },
    'supplier.connected': { actions: 'markAgain' },
    'supplier.disconnected': { actions: 'markAgain' },
    'supplier.refused': { actions: 'markAgain' },
    'supplier.ended': { actions: 'markAgain' },
    'supplier.gave-notice': { actions: 'markAgain' },
    'inventory.known': { actions: 'markAgain' },
    'settings.changed': { actions: 'markAgain' },
    'block.weakened': { actions: 'markRescue' },
    'peer.sighted': { actions: 'markAgain' },
  },
  states: {
    opening: { always: [{ guard: ({ context }) => context.networkUp, target: 'surveying' }, { target: 'suspended' }] },
    suspended: {
      on: {
        'network.connected': { target: 'surveying', actions: ['noteUp', assign({ attempt: 0 })] },
        'network.disconnected': {},
      },
    },
    surveying: {
      entry: assign({ again: false }),
      invoke: {
        src: 'surveySuppliers',
        input: {},
        onDone: { target: 'deciding', actions: assign(({ event }) => event.output) },
        onError: { target: 'coolingDown' },
      },
      after: { surveyTimeout: 'coolingDown' },
    },
    deciding: {
      entry: ['judge', 'announceAbsences'],
      always: [
        { guard: 'hasDone', target: 'dismissing' },
        { guard: 'hasSeatsToFill', target: 'hiring' },
        { target: 'settled' },
      ],
    },
    hiring: {
      invoke: {
        src: 'hire',
        input: ({ context }) => ({ seats: context.judgement.hire }),
        onDone: [
          {
            guard: ({ event }) => event.output.hired.length > 0,
            target: 'saving',
            actions: { type: 'takeHired', params: ({ event }) => ({ hired: event.output.hired }) },
          },
          {
            target: 'coolingDown',
            actions: {
              type: 'announceEmpty',
              params: ({ event }) => ({ seats: event.output.failed, reason: event.output.reason }),
            },
          },
        ],
        onError: 'coolingDown',
      },
      after: { hireTimeout: 'coolingDown' },
    },
    saving: {
      invoke: {
        src: 'saveFamily',
        input: ({ context }) => ({ hired: context.hired, voluntary: context.judgement.voluntary }),
        onDone: {
          target: 'opening',
          actions: { type: 'announceChanged', params: ({ event }) => event.output },
        },
        onError: 'coolingDown',
      },
      after: { saveTimeout: 'coolingDown' },
      on: { 'network.disconnected': { actions: 'noteDown' }, 'network.connected': { actions: 'noteUp' } },
    },
    dismissing: {
      invoke: {
        src: 'dismiss',
        input: ({ context }) => ({ suppliers: context.done }),
        onDone: { target: 'surveying', actions: 'announceDismissed' },
        onError: 'coolingDown',
      },
      after: { dismissTimeout: 'coolingDown' },
    },
    settled: {
      always: { guard: 'isAgain', target: 'surveying' },
      entry: assign({ attempt: 0 }),
      after: { nextReview: 'surveying' },
    },
    coolingDown: {
      entry: assign({ attempt: ({ context }) => context.attempt + 1, again: false }),
      after: { retryDelay: 'surveying' },
      on: {
        'peer.sighted': 'surveying',
        'inventory.known': 'surveying',
        review: 'surveying',
        replace: { target: 'surveying', actions: 'takeReplace' },
        setSeats: { target: 'surveying', actions: 'takeSeats' },
        'block.weakened': {
          guard: ({ context }) => !context.rescue,
          target: 'surveying',
          actions: 'markRescue',
        },
      },
    },
    stopped: { type: 'final' },
  },
});

/** The machine with its ports given. */
export function fireHireWith(ports: FireHirePorts) {
  return fireHireMachine.provide({
    actors: {
      surveySuppliers: perform(ports.surveySuppliers),
      hire: perform(ports.hire),
      saveFamily: perform(ports.saveFamily),
      dismiss: perform(ports.dismiss),
    },
  });
}
