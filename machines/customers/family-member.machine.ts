import { assign, emit, enqueueActions, setup } from 'xstate';
import type { Fact } from '../../bus/facts/index.ts';
import type { PersonId } from '../../protocol/ids.ts';
import { backoffMs } from '../kit/backoff.ts';
import { type Effect, perform, port } from '../kit/port.ts';

export interface FamilyMemberInput {
  readonly customer: PersonId;
  /** The directory is there now. */
  readonly joined: boolean;
  readonly seed: number;
}

export interface AskedSiblings {
  /** Version of a newer family document that was taken over; null when ours was the newest. */
  readonly family: number | null;
  /** Another document of one version was met. */
  readonly forked: boolean;
  /** Logs of which a sibling has more. */
  readonly newer: number;
}

export interface FamilyMemberPorts {
  readonly readFamily: Effect<{ readonly customer: PersonId }, 'signed' | 'none'>;
  /** Compares with the siblings; what they lack is passed on to them. */
  readonly askSiblings: Effect<{ readonly customer: PersonId }, AskedSiblings>;
  readonly pullLog: Effect<{ readonly customer: PersonId }, { readonly applied: number; readonly left: number }>;
  /** Puts the customer's ready-signed records again. */
  readonly putRecords: Effect<{ readonly customer: PersonId }, { readonly holders: number }>;
}

type Event =
  | { readonly type: 'stop' }
  | {
      readonly type: 'offerRecord';
      readonly what: 'family' | 'family-fork' | 'log' | 'records';
      readonly version: number;
    }
  | Fact<'directory.joined' | 'directory.left' | 'customer.admitted' | 'customer.ended' | 'log.noticed'>;

interface Context extends FamilyMemberInput {
  readonly attempt: number;
  /** News came up while busy. */
  readonly noticed: boolean;
  readonly offered: boolean;
}

const HOUR_MS = 3_600_000;

/** Keeps one customer's family document, order log and directory records alive, also while he is away. */
export const familyMemberMachine = setup({
  types: {
    input: {} as FamilyMemberInput,
    context: {} as Context,
    events: {} as Event,
    emitted: {} as Fact<'family.updated' | 'family.forked'>,
  },
  actors: {
    readFamily: port<FamilyMemberPorts['readFamily']>('readFamily'),
    askSiblings: port<FamilyMemberPorts['askSiblings']>('askSiblings'),
    pullLog: port<FamilyMemberPorts['pullLog']>('pullLog'),
    putRecords: port<FamilyMemberPorts['putRecords']>('putRecords'),
  },
  guards: {
    isJoined: ({ context }) => context.joined,
    wasNoticed: ({ context }) => context.noticed,
    wasOffered: ({ context }) => context.offered && context.joined,
  },
  actions: {
    rememberJoined: assign({ joined: true, offered: true }),
    rememberLeft: assign({ joined: false }),
    markNoticed: assign({ noticed: true }),
    takeOffer: enqueueActions(({ context, enqueue, event }) => {
      if (event.type !== 'offerRecord') return;
      const { customer } = context;
      const { what, version } = event;
      if (what === 'records') enqueue(assign({ offered: true, attempt: 0 }));
      if (what === 'family') enqueue(emit({ type: 'family.updated' as const, customer, version }));
      if (what === 'family-fork') enqueue(emit({ type: 'family.forked' as const, customer, version }));
    }),
    announceAsked: enqueueActions(({ context, enqueue }, { family, forked }: AskedSiblings) => {
      const { customer } = context;
      if (family !== null) enqueue(emit({ type: 'family.updated' as const, customer, version: family }));
      if (forked) enqueue(emit({ type: 'family.forked' as const, customer, version: family ?? 0 }));
    }),
    countTry: assign({ attempt: ({ context }) => context.attempt + 1 }),
    forgetTries: assign({ attempt: 0 }),
  },
  delays: {
    localTimeout: 10_000,
    siblingsTimeout: 30_000,
    pullTimeout: 60_000,
    spreadTimeout: 20_000,
    /** 3 h ± 20 %, or sooner after a failure. */
    refreshDelay: ({ context }) =>
      context.attempt === 0
        ? 2.4 * HOUR_MS + backoffMs(20, context.seed, { fromMs: 1.2 * HOUR_MS, toMs: 1.2 * HOUR_MS })
        : backoffMs(context.attempt, context.seed, { fromMs: 30_000, toMs: HOUR_MS / 2 }),
  },
}).createMachine({
  id: 'family-member',
  description: "Keeps a customer's family document, order log and directory records available.",
  options: { maxIterations: 100 },
  context: ({ input }) => ({ ...input, attempt: 0, noticed: false, offered: false }),
  initial: 'reading',
  on: {
    stop: '.stopped',
    'customer.ended': '.stopped',
    offerRecord: { actions: 'takeOffer' },
    'log.noticed': { actions: 'markNoticed' },
    'directory.joined': { actions: 'rememberJoined' },
    'directory.left': { actions: 'rememberLeft' },
    'customer.admitted': { actions: 'markNoticed' },
  },
  states: {
    reading: {
      invoke: {
        src: 'readFamily',
        input: ({ context }) => ({ customer: context.customer }),
        onDone: [
          { guard: ({ event, context }) => event.output === 'signed' && context.joined, target: 'spreading' },
          { guard: 'isJoined', target: 'agreed' },
          { target: 'asleep' },
        ],
        onError: { target: 'agreed', actions: 'countTry' },
      },
      after: { localTimeout: { target: 'agreed', actions: 'countTry' } },
    },
    agreed: {
      always: [
        { guard: 'wasNoticed', target: 'behind' },
        { guard: 'wasOffered', target: 'spreading' },
      ],
      on: { 'directory.left': { target: 'asleep', actions: 'rememberLeft' } },
      after: { refreshDelay: 'spreading' },
    },
    spreading: {
      entry: assign({ offered: false }),
      invoke: {
        src: 'putRecords',
        input: ({ context }) => ({ customer: context.customer }),
        onDone: { target: 'behind', actions: 'forgetTries' },
        onError: { target: 'behind', actions: 'countTry' },
      },
      after: { spreadTimeout: { target: 'behind', actions: 'countTry' } },
    },
    behind: {
      entry: assign({ noticed: false }),
      invoke: {
        src: 'askSiblings',
        input: ({ context }) => ({ customer: context.customer }),
        onDone: [
          {
            guard: ({ event }) => event.output.newer > 0,
            target: 'catchingUp',
            actions: { type: 'announceAsked', params: ({ event }) => event.output },
          },
          { target: 'rested', actions: { type: 'announceAsked', params: ({ event }) => event.output } },
        ],
        onError: { target: 'rested', actions: 'countTry' },
      },
      after: { siblingsTimeout: { target: 'rested', actions: 'countTry' } },
    },
    catchingUp: {
      invoke: {
        src: 'pullLog',
        input: ({ context }) => ({ customer: context.customer }),
        onDone: [
          { guard: ({ event }) => event.output.left > 0, target: 'catchingUp', reenter: true },
          { target: 'rested' },
        ],
        onError: { target: 'rested', actions: 'countTry' },
      },
      after: { pullTimeout: { target: 'rested', actions: 'countTry' } },
    },
    rested: { always: [{ guard: 'isJoined', target: 'agreed' }, { target: 'asleep' }] },
    /** Without the directory records cannot be put, but links to siblings may stand. */
    asleep: {
      always: [
        { guard: 'wasNoticed', target: 'behind' },
        { guard: 'isJoined', target: 'spreading' },
      ],
    },
    stopped: { type: 'final' },
  },
});

/** The machine with its ports given. */
export function familyMemberWith(ports: FamilyMemberPorts) {
  return familyMemberMachine.provide({
    actors: {
      readFamily: perform(ports.readFamily),
      askSiblings: perform(ports.askSiblings),
      pullLog: perform(ports.pullLog),
      putRecords: perform(ports.putRecords),
    },
  });
}
