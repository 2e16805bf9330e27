import { assign, emit, setup } from 'xstate';
import { backoffMs } from '../kit/backoff.ts';
import { port } from '../kit/port.ts';
import type {
  CustomerAgreementContext,
  CustomerAgreementEvent,
  CustomerAgreementFact,
  CustomerAgreementInput,
  CustomerAgreementPorts,
} from './customer-agreement.ports.ts';

const BUSY = { why: 'busy', retryMs: 60_000 } as const;
const NO_SPACE_RETRY_MS = 86_400_000;
const ofCustomer = ({ context }: { readonly context: CustomerAgreementContext }) => ({
  customer: context.customer,
});

/** Ports, guards, actions and delays of `customer-agreement`. */
export const parts = setup({
  types: {
    input: {} as CustomerAgreementInput,
    context: {} as CustomerAgreementContext,
    events: {} as CustomerAgreementEvent,
    emitted: {} as CustomerAgreementFact,
  },
  actors: {
    checkStanding: port<CustomerAgreementPorts['checkStanding']>('checkStanding'),
    reserve: port<CustomerAgreementPorts['reserve']>('reserve'),
    sendNotices: port<CustomerAgreementPorts['sendNotices']>('sendNotices'),
    recordStanding: port<CustomerAgreementPorts['recordStanding']>('recordStanding'),
    isDue: port<CustomerAgreementPorts['isDue']>('isDue'),
    emptyToTrash: port<CustomerAgreementPorts['emptyToTrash']>('emptyToTrash'),
  },
  guards: {
    stands: ({ context }, standing: CustomerAgreementInput['standing']) => context.standing === standing,
    isDueNamed: ({ event }, name: CustomerAgreementContext['due']) => event.type === 'due' && event.name === name,
    isFull: ({ context }) => context.full,
    isToTell: ({ context }) => context.toTell,
    isNow: ({ context }, asked: { due: CustomerAgreementContext['due']; answer: 'yes' | 'no' }) =>
      asked.answer === 'yes' && context.due === asked.due,
  },
  actions: {
    stand: assign((_, standing: CustomerAgreementInput['standing']) => ({ standing })),
    takeBytes: assign(({ event }) => (event.type === 'resize' ? { bytes: event.bytes, full: false } : {})),
    takeDue: assign(({ event }) => (event.type === 'due' ? { due: event.name } : {})),
    takeReason: assign((_, { why, retryMs }: { why: string; retryMs: number | null }) => ({ reason: why, retryMs })),
    takeCursor: assign((_, cursor: string | null) => ({ cursor })),
    markToTell: assign({ toTell: true }),
    markTold: assign({ toTell: false, attempt: 0 }),
    markFull: assign({ full: true }),
    markRoom: assign({ full: false }),
    countTry: assign({ attempt: ({ context }) => context.attempt + 1 }),
    announceAdmitted: emit(({ context: { customer, bytes } }) => ({
      type: 'customer.admitted' as const,
      customer,
      bytes,
    })),
    announceRejected: emit(({ context: { customer, reason, retryMs } }) => ({
      type: 'customer.rejected' as const,
      customer,
      reason,
      retryMs,
    })),
    announce: emit(
      ({ context }, type: Exclude<CustomerAgreementFact['type'], `customer.${'admitted' | 'rejected'}`>) => ({
        type,
        customer: context.customer,
      }),
    ),
  },
  delays: {
    admitTimeout: 10_000,
    noticeTimeout: 20_000,
    localTimeout: 10_000,
    stepTimeout: 60_000,
    reviewFull: 3_600_000,
    retryDelay: ({ context }) => backoffMs(context.attempt, context.seed, { fromMs: 60_000, toMs: 6 * 3_600_000 }),
  },
});

/** Words to the customer, while he is served: told at once, and again and again until he has them. */
export const speaking = {
  initial: 'telling',
  states: {
    telling: parts.createStateConfig({
      invoke: {
        src: 'sendNotices',
        input: ofCustomer,
        onDone: { target: 'told', actions: 'markTold' },
        onError: { target: 'waitingToTell', actions: 'countTry' },
      },
      after: { noticeTimeout: { target: 'waitingToTell', actions: 'countTry' } },
    }),
    waitingToTell: parts.createStateConfig({
      on: { 'contact.came-online': 'telling' },
      after: { retryDelay: 'telling' },
    }),
    told: parts.createStateConfig({ always: { guard: 'isToTell', target: 'telling' } }),
  },
} as const;

/** From a request to the reserved room, or to a reason why not. */
export const admitting = parts.createStateConfig({
  initial: 'checking',
  after: { admitTimeout: { target: 'rejected', actions: { type: 'takeReason', params: BUSY } } },
  on: { 'space.notice-given': {} },
  states: {
    checking: {
      invoke: {
        src: 'checkStanding',
        input: ofCustomer,
        onDone: [
          { guard: ({ event }) => event.output.welcome, target: 'reserving' },
          {
            target: '#customer-agreement.rejected',
            actions: { type: 'takeReason', params: ({ event }) => ({ ...BUSY, ...event.output }) },
          },
        ],
        onError: { target: '#customer-agreement.rejected', actions: { type: 'takeReason', params: BUSY } },
      },
    },
    reserving: {
      invoke: {
        src: 'reserve',
        input: ({ context }) => ({ customer: context.customer, bytes: context.bytes }),
        onDone: [
          {
            guard: ({ event }) => event.output.reserved,
            target: '#customer-agreement.active',
            actions: 'announceAdmitted',
          },
          {
            target: '#customer-agreement.rejected',
            actions: {
              type: 'takeReason',
              params: ({ event }) => ({ why: 'no-space', ...event.output, retryMs: NO_SPACE_RETRY_MS }),
            },
          },
        ],
        onError: { target: '#customer-agreement.rejected', actions: { type: 'takeReason', params: BUSY } },
      },
    },
  },
});

/** A record that is written; failing, the state before is taken up again. */
export const recording = (standing: 'active' | 'absent' | 'onNotice', done: object, failed: object | string) =>
  ({
    invoke: {
      src: 'recordStanding',
      input: ({ context }: { readonly context: CustomerAgreementContext }) => ({
        customer: context.customer,
        standing,
      }),
      onDone: done,
      onError: failed,
    },
    after: { localTimeout: failed },
  }) as const;
