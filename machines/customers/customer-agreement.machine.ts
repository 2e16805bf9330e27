import { assign, emit, setup } from 'xstate';
import type { Fact } from '../../bus/facts/index.ts';
import type { PersonId } from '../../protocol/ids.ts';
import { backoffMs } from '../kit/backoff.ts';
import { type Effect, perform, port } from '../kit/port.ts';

export type AgreementDue = 'absentAfter' | 'idleLimit' | 'noticeEnds';

export interface CustomerAgreementInput {
  readonly customer: PersonId;
  readonly bytes: number;
  /** Where the record stands; `new` is a request that came in now. */
  readonly standing: 'new' | 'active' | 'absent' | 'onNotice' | 'releasing';
  readonly seed: number;
}

export interface CustomerAgreementPorts {
  readonly checkStanding: Effect<
    { customer: PersonId },
    { readonly welcome: true } | { readonly welcome: false; readonly why: string; readonly retryMs: number | null }
  >;
  /** Reserves the room and writes the record in one step. */
  readonly reserve: Effect<
    { customer: PersonId; bytes: number },
    { readonly reserved: true } | { readonly reserved: false; readonly why: string }
  >;
  /** Tells him of confessions and notices; resolves when he has them. */
  readonly sendNotices: Effect<{ customer: PersonId }, void>;
  readonly recordStanding: Effect<
    { customer: PersonId; standing: 'active' | 'absent' | 'onNotice' | 'releasing' },
    void
  >;
  readonly isDue: Effect<{ customer: PersonId; name: AgreementDue }, 'yes' | 'no'>;
  readonly emptyToTrash: Effect<
    { customer: PersonId; cursor: string | null },
    { readonly cursor: string | null; readonly done: boolean }
  >;
}

type Event =
  | { readonly type: 'resize'; readonly bytes: number }
  | { readonly type: 'end' }
  | { readonly type: 'stop' }
  | { readonly type: 'fill' }
  | { readonly type: 'due'; readonly name: AgreementDue }
  | Fact<
      'contact.came-online' | 'contact.went-offline' | 'space.notice-given' | 'piece.found-rotten' | 'disk.recovered'
    >;

interface Context extends CustomerAgreementInput {
  readonly reason: string;
  readonly retryMs: number | null;
  readonly attempt: number;
  readonly cursor: string | null;
  readonly due: AgreementDue | null;
  readonly toTell: boolean;
}

/** One customer's stay: admitted, active, absent, on notice, released. Silence never ends it, and a due deadline is asked again before it acts. */
export const customerAgreementMachine = setup({
  types: {
    input: {} as CustomerAgreementInput,
    context: {} as Context,
    events: {} as Event,
    emitted: {} as Fact<
      | 'customer.admitted'
      | 'customer.rejected'
      | 'customer.became-full'
      | 'customer.became-absent'
      | 'customer.returned'
      | 'customer.ended'
    >,
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
    isToTell: ({ context }) => context.toTell,
  },
  actions: {
    takeBytes: assign(({ event }) => (event.type === 'resize' ? { bytes: event.bytes } : {})),
    takeDue: assign(({ event }) => (event.type === 'due' ? { due: event.name } : {})),
    takeReason: assign((_, params: { why: string; retryMs: number | null }) => ({
      reason: params.why,
      retryMs: params.retryMs,
    })),
    markToTell: assign({ toTell: true }),
    countTry: assign({ attempt: ({ context }) => context.attempt + 1 }),
    announceAdmitted: emit(({ context }) => ({
      type: 'customer.admitted' as const,
      customer: context.customer,
      bytes: context.bytes,
    })),
    announceRejected: emit(({ context }) => ({
      type: 'customer.rejected' as const,
      customer: context.customer,
      reason: context.reason,
      retryMs: context.retryMs,
    })),
    announceFull: emit(({ context }) => ({ type: 'customer.became-full' as const, customer: context.customer })),
    announceAbsent: emit(({ context }) => ({ type: 'customer.became-absent' as const, customer: context.customer })),
    announceReturned: emit(({ context }) => ({ type: 'customer.returned' as const, customer: context.customer })),
    announceEnded: emit(({ context }) => ({ type: 'customer.ended' as const, customer: context.customer })),
  },
  delays: {
    admitTimeout: 10_000,
    noticeTimeout: 20_000,
    localTimeout: 10_000,
    stepTimeout: 60_000,
    retryDelay: ({ context }) => backoffMs(context.attempt, context.seed, { fromMs: 60_000, toMs: 6 * 3_600_000 }),
  },
}).createMachine({
  id: 'customer-agreement',
  description: "One customer's stay: admitted, active, absent, on notice, released.",
  options: { maxIterations: 100 },
  context: ({ input }) => ({ ...input, reason: '', retryMs: null, attempt: 0, cursor: null, due: null, toTell: false }),
  initial: 'opening',
  on: { stop: '.stopped', end: '.releasing' },
  states: {
    opening: {
      always: [
        { guard: ({ context }) => context.standing === 'new', target: 'admitting' },
        { guard: ({ context }) => context.standing === 'absent', target: 'absent' },
        { guard: ({ context }) => context.standing === 'onNotice', target: 'onNotice' },
        { guard: ({ context }) => context.standing === 'releasing', target: 'releasing' },
        { target: 'active' },
      ],
    },
    admitting: {
      initial: 'checking',
      after: {
        admitTimeout: { target: 'rejected', actions: { type: 'takeReason', params: { why: 'busy', retryMs: 60_000 } } },
      },
      states: {
        checking: {
          invoke: {
            src: 'checkStanding',
            input: ({ context }) => ({ customer: context.customer }),
            onDone: [
              { guard: ({ event }) => event.output.welcome, target: 'reserving' },
              {
                target: '#customer-agreement.rejected',
                actions: {
                  type: 'takeReason',
                  params: ({ event }) =>
                    event.output.welcome
                      ? { why: '', retryMs: null }
                      : { why: event.output.why, retryMs: event.output.retryMs },
                },
              },
            ],
            onError: {
              target: '#customer-agreement.rejected',
              actions: { type: 'takeReason', params: { why: 'busy', retryMs: 60_000 } },
            },
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
                actions: { type: 'takeReason', params: { why: 'no-space', retryMs: 86_400_000 } },
              },
            ],
            onError: {
              target: '#customer-agreement.rejected',
              actions: { type: 'takeReason', params: { why: 'busy', retryMs: 60_000 } },
            },
          },
        },
      },
    },
    active: {
      initial: 'resting',
      on: {
        resize: { actions: 'takeBytes', target: '.resting' },
        'space.notice-given': 'noticing',
        due: [{ guard: ({ event }) => event.name !== 'noticeEnds', target: 'checkingDue', actions: 'takeDue' }],
        'piece.found-rotten': { actions: 'markToTell', target: '.telling' },
      },
      states: {
        resting: {
          on: {
            fill: { target: '#customer-agreement.full' },
            'contact.came-online': { guard: 'isToTell', target: 'telling' },
          },
        },
        telling: {
          invoke: {
            src: 'sendNotices',
            input: ({ context }) => ({ customer: context.customer }),
            onDone: { target: 'resting', actions: assign({ toTell: false, attempt: 0 }) },
            onError: { target: 'waitingToTell', actions: 'countTry' },
          },
          after: { noticeTimeout: { target: 'waitingToTell', actions: 'countTry' } },
        },
        waitingToTell: { on: { 'contact.came-online': 'telling' }, after: { retryDelay: 'telling' } },
      },
    },
    full: {
      entry: 'announceFull',
      on: {
        resize: { target: 'active', actions: 'takeBytes' },
        'disk.recovered': 'active',
        'space.notice-given': 'noticing',
        'contact.came-online': 'active',
        due: [{ guard: ({ event }) => event.name !== 'noticeEnds', target: 'checkingDue', actions: 'takeDue' }],
      },
    },
    checkingDue: {
      invoke: {
        src: 'isDue',
        input: ({ context }) => ({ customer: context.customer, name: context.due ?? 'absentAfter' }),
        onDone: [
          {
            guard: ({ context, event }) => event.output === 'yes' && context.due === 'absentAfter',
            target: 'becomingAbsent',
          },
          { guard: ({ context, event }) => event.output === 'yes' && context.due === 'idleLimit', target: 'noticing' },
          {
            guard: ({ context, event }) => event.output === 'yes' && context.due === 'noticeEnds',
            target: 'releasing',
          },
          { guard: ({ context }) => context.due === 'noticeEnds', target: 'onNotice' },
          { guard: ({ context }) => context.due === 'idleLimit', target: 'absent' },
          { target: 'active' },
        ],
        onError: [{ guard: ({ context }) => context.due === 'noticeEnds', target: 'onNotice' }, { target: 'active' }],
      },
      after: {
        localTimeout: [
          { guard: ({ context }) => context.due === 'noticeEnds', target: 'onNotice' },
          { target: 'active' },
        ],
      },
    },
    becomingAbsent: {
      invoke: {
        src: 'recordStanding',
        input: ({ context }) => ({ customer: context.customer, standing: 'absent' as const }),
        onDone: { target: 'absent', actions: 'announceAbsent' },
        onError: 'active',
      },
      after: { localTimeout: 'active' },
    },
    absent: {
      on: {
        'contact.came-online': 'returning',
        due: [{ guard: ({ event }) => event.name === 'idleLimit', target: 'checkingDue', actions: 'takeDue' }],
        'space.notice-given': 'noticing',
      },
    },
    returning: {
      invoke: {
        src: 'recordStanding',
        input: ({ context }) => ({ customer: context.customer, standing: 'active' as const }),
        onDone: { target: 'active', actions: 'announceReturned' },
        onError: { target: 'active', actions: 'announceReturned' },
      },
      after: { localTimeout: { target: 'active', actions: 'announceReturned' } },
    },
    noticing: {
      invoke: {
        src: 'recordStanding',
        input: ({ context }) => ({ customer: context.customer, standing: 'onNotice' as const }),
        onDone: 'onNotice',
        onError: 'active',
      },
      after: { localTimeout: 'active' },
    },
    onNotice: {
      initial: 'telling',
      on: { due: [{ guard: ({ event }) => event.name === 'noticeEnds', target: 'checkingDue', actions: 'takeDue' }] },
      states: {
        telling: {
          invoke: {
            src: 'sendNotices',
            input: ({ context }) => ({ customer: context.customer }),
            onDone: 'told',
            onError: { target: 'waitingToTell', actions: 'countTry' },
          },
          after: { noticeTimeout: { target: 'waitingToTell', actions: 'countTry' } },
        },
        waitingToTell: { on: { 'contact.came-online': 'telling' }, after: { retryDelay: 'telling' } },
        told: {},
      },
    },
    releasing: {
      invoke: {
        src: 'emptyToTrash',
        input: ({ context }) => ({ customer: context.customer, cursor: context.cursor }),
        onDone: [
          { guard: ({ event }) => event.output.done, target: 'ended' },
          { target: 'releasing', reenter: true, actions: assign({ cursor: ({ event }) => event.output.cursor }) },
        ],
        onError: { target: 'releaseWaiting', actions: 'countTry' },
      },
      after: { stepTimeout: { target: 'releaseWaiting', actions: 'countTry' } },
    },
    releaseWaiting: { after: { retryDelay: 'releasing' }, on: { 'disk.recovered': 'releasing' } },
    rejected: { entry: 'announceRejected', type: 'final' },
    ended: { entry: 'announceEnded', type: 'final' },
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
