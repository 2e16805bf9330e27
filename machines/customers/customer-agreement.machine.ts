import { perform } from '../kit/port.ts';
import type { AgreementDue, CustomerAgreementPorts } from './customer-agreement.ports.ts';
import { admitting, parts, recording, speaking } from './customer-agreement.setup.ts';

const LATER = { target: 'noticingLater', actions: 'countTry' } as const;
const checkDue = (name: AgreementDue) =>
  ({ guard: { type: 'isDueNamed', params: name }, target: 'checkingDue', actions: 'takeDue' }) as const;

/** One customer's stay: admitted, active, absent, on notice, released. Silence never ends it, and a due deadline is asked again before it acts. */
export const customerAgreementMachine = parts.createMachine({
  id: 'customer-agreement',
  description: "One customer's stay: admitted, active, absent, on notice, released.",
  options: { maxIterations: 100 },
  context: ({ input }) => ({
    ...input,
    full: false,
    reason: '',
    retryMs: null,
    attempt: 0,
    cursor: null,
    due: 'absentAfter',
    toTell: false,
  }),
  initial: 'opening',
  on: {
    stop: '.stopped',
    end: '.releasing',
    'space.notice-given': '.noticing',
    'piece.found-rotten': { actions: 'markToTell' },
  },
  states: {
    opening: {
      always: [
        { guard: { type: 'stands', params: 'new' }, target: 'admitting' },
        { guard: { type: 'stands', params: 'absent' }, target: 'absent' },
        { guard: { type: 'stands', params: 'onNotice' }, target: 'onNotice' },
        { guard: { type: 'stands', params: 'releasing' }, target: 'releasing' },
        { guard: 'isFull', target: 'full' },
        { target: 'active' },
      ],
    },
    admitting,
    active: {
      ...speaking,
      entry: { type: 'stand', params: 'active' },
      on: {
        resize: { actions: 'takeBytes' },
        fill: { target: 'full', actions: ['markFull', { type: 'announce', params: 'customer.became-full' }] },
        due: checkDue('absentAfter'),
      },
    },
    full: {
      ...speaking,
      on: {
        resize: { target: 'active', actions: 'takeBytes' },
        'disk.recovered': { target: 'active', actions: 'markRoom' },
        due: checkDue('absentAfter'),
      },
      after: { reviewFull: { target: 'active', actions: 'markRoom' } },
    },
    checkingDue: {
      invoke: {
        src: 'isDue',
        input: ({ context }) => ({ customer: context.customer, name: context.due }),
        onDone: [
          {
            guard: { type: 'isNow', params: ({ event }) => ({ due: 'absentAfter' as const, answer: event.output }) },
            target: 'becomingAbsent',
          },
          {
            guard: { type: 'isNow', params: ({ event }) => ({ due: 'idleLimit' as const, answer: event.output }) },
            target: 'noticing',
          },
          {
            guard: { type: 'isNow', params: ({ event }) => ({ due: 'noticeEnds' as const, answer: event.output }) },
            target: 'releasing',
          },
          { target: 'opening' },
        ],
        onError: 'opening',
      },
      after: { localTimeout: 'opening' },
    },
    becomingAbsent: recording(
      'absent',
      { target: 'absent', actions: { type: 'announce', params: 'customer.became-absent' } },
      'opening',
    ),
    absent: {
      entry: { type: 'stand', params: 'absent' },
      on: {
        resize: { target: 'returning', actions: 'takeBytes' },
        'contact.came-online': 'returning',
        due: checkDue('idleLimit'),
      },
    },
    returning: recording(
      'active',
      { target: 'active', actions: { type: 'announce', params: 'customer.returned' } },
      'absent',
    ),
    noticing: recording('onNotice', { target: 'onNotice' }, LATER),
    noticingLater: { after: { retryDelay: 'noticing' } },
    onNotice: { ...speaking, entry: { type: 'stand', params: 'onNotice' }, on: { due: checkDue('noticeEnds') } },
    releasing: {
      entry: { type: 'stand', params: 'releasing' },
      on: { end: {}, 'space.notice-given': {} },
      invoke: {
        src: 'emptyToTrash',
        input: ({ context }) => ({ customer: context.customer, cursor: context.cursor }),
        onDone: [
          { guard: ({ event }) => event.output.done, target: 'ended' },
          {
            target: 'releasing',
            reenter: true,
            actions: { type: 'takeCursor', params: ({ event }) => event.output.cursor },
          },
        ],
        onError: { target: 'releaseWaiting', actions: 'countTry' },
      },
      after: { stepTimeout: { target: 'releaseWaiting', actions: 'countTry' } },
    },
    releaseWaiting: {
      on: { end: {}, 'space.notice-given': {}, 'disk.recovered': 'releasing' },
      after: { retryDelay: 'releasing' },
    },
    rejected: { entry: 'announceRejected', type: 'final' },
    ended: { entry: { type: 'announce', params: 'customer.ended' }, type: 'final' },
    stopped: { type: 'final' },
  },
});

/** The machine with its ports given. */
export function customerAgreementWith(ports: CustomerAgreementPorts) {
  return customerAgreementMachine.provide({
    actors: {
      checkStanding: perform(ports.checkStanding),
      reserve: perform(ports.reserve),
      sendNotices: perform(ports.sendNotices),
      recordStanding: perform(ports.recordStanding),
      isDue: perform(ports.isDue),
      emptyToTrash: perform(ports.emptyToTrash),
    },
  });
}
