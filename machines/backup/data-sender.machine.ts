import { assign, emit, setup } from 'xstate';
import type { Fact } from '../../bus/facts/index.ts';
import type { DeviceId } from '../../protocol/ids.ts';
import { backoffMs } from '../kit/backoff.ts';
import { type Effect, perform, port } from '../kit/port.ts';

export interface DataSenderInput {
  readonly supplier: DeviceId;
  readonly seat: number;
  /** Connected and caught up with the log. */
  readonly ready: boolean;
  readonly seed: number;
}

export interface SentBatch {
  /** Acknowledged pieces; each was recorded singly before this resolves. */
  readonly sent: number;
  readonly refused: string | null;
  readonly left: number;
}

export interface DataSenderPorts {
  readonly sendBatch: Effect<{ supplier: DeviceId; seat: number; piecesMax: number; bytesMax: number }, SentBatch>;
}

type Event =
  | { readonly type: 'stop' }
  /** The lane has work now. */
  | { readonly type: 'send' }
  | Fact<'pieces.staged' | 'seat.caught-up' | 'supplier.connected' | 'supplier.disconnected' | 'budget.changed'>;

interface Context extends DataSenderInput {
  readonly attempt: number;
  readonly last: SentBatch;
  readonly again: boolean;
  readonly isClosed: boolean;
}

const PIECES_MAX = 64;
const BYTES_MAX = 64 * 1024 * 1024;

/** Keeps one supplier's lane of staged pieces moving, with back-off and a named refusal. */
export const dataSenderMachine = setup({
  types: {
    input: {} as DataSenderInput,
    context: {} as Context,
    events: {} as Event,
    emitted: {} as Fact<'pieces.delivered' | 'delivery.refused' | 'delivery.stalled'>,
  },
  actors: { sendBatch: port<DataSenderPorts['sendBatch']>('sendBatch') },
  guards: {
    isReady: ({ context }) => context.ready,
    isClosed: ({ context }) => context.isClosed,
    hasProgress: ({ context }) => context.last.sent > 0,
    isOpen: ({ context }) => !context.isClosed,
    isRefused: ({ context }) => context.last.refused !== null,
  },
  actions: {
    markAgain: assign({ again: true }),
    takeMode: assign((_, params: { mode: string }) => ({ isClosed: params.mode === 'closed' })),
    forgetTries: assign({ attempt: 0 }),
    countTry: assign({ attempt: ({ context }) => context.attempt + 1 }),
    takeBatch: assign((_, params: { batch: SentBatch }) => ({ last: params.batch })),
    announceDelivered: emit(({ context }) => ({
      type: 'pieces.delivered' as const,
      supplier: context.supplier,
      seat: context.seat,
      count: context.last.sent,
    })),
    announceRefused: emit(({ context }) => ({
      type: 'delivery.refused' as const,
      supplier: context.supplier,
      seat: context.seat,
      reason: context.last.refused ?? '',
    })),
    announceStalled: emit(({ context }, params: { reason: string }) => ({
      type: 'delivery.stalled' as const,
      supplier: context.supplier,
      seat: context.seat,
      reason: params.reason,
    })),
  },
  delays: {
    /** A batch goes on while it makes progress, which its port watches; this only bounds the port. */
    batchDeadline: 3_600_000,
    refusedRetry: 3_600_000,
    retryDelay: ({ context }) => backoffMs(context.attempt, context.seed, { fromMs: 2_000, toMs: 600_000 }),
  },
}).createMachine({
  id: 'data-sender',
  description: "Keeps one supplier's lane of staged pieces moving.",
  options: { maxIterations: 100 },
  context: ({ input }) => ({
    ...input,
    attempt: 0,
    last: { sent: 0, refused: null, left: 0 },
    again: true,
    isClosed: false,
  }),
  initial: 'opening',
  on: {
    stop: '.stopped',
    'supplier.disconnected': '.waiting',
    'pieces.staged': { actions: 'markAgain' },
    send: { actions: 'markAgain' },
    'budget.changed': { actions: { type: 'takeMode', params: ({ event }) => ({ mode: event.mode }) } },
  },
  states: {
    opening: { always: [{ guard: 'isReady', target: 'idle' }, { target: 'waiting' }] },
    idle: { always: { guard: ({ context }) => context.again, target: 'sending' } },
    waiting: {
      on: {
        'seat.caught-up': { target: 'sending', actions: 'forgetTries' },
        'supplier.connected': { target: 'sending', actions: 'forgetTries' },
        'supplier.disconnected': {},
      },
    },
    sending: {
      entry: assign({ again: false }),
      always: { guard: 'isClosed', target: 'paused' },
      invoke: {
        src: 'sendBatch',
        input: ({ context }) => ({
          supplier: context.supplier,
          seat: context.seat,
          piecesMax: PIECES_MAX,
          bytesMax: BYTES_MAX,
        }),
        onDone: { target: 'judging', actions: { type: 'takeBatch', params: ({ event }) => ({ batch: event.output }) } },
        onError: {
          target: 'backingOff',
          actions: [
            'countTry',
            { type: 'announceStalled', params: ({ event }) => ({ reason: String((event.error as Error).message) }) },
          ],
        },
      },
      after: { batchDeadline: { target: 'backingOff', actions: 'countTry' } },
    },
    judging: {
      always: [
        {
          guard: ({ context }) => context.last.sent > 0 && context.last.refused !== null,
          target: 'refused',
          actions: ['announceDelivered'],
        },
        { guard: 'isRefused', target: 'refused' },
        {
          guard: ({ context }) => context.last.sent > 0 && (context.last.left > 0 || context.again),
          target: 'sending',
          actions: ['announceDelivered', 'forgetTries'],
        },
        { guard: 'hasProgress', target: 'idle', actions: ['announceDelivered', 'forgetTries'] },
        { guard: ({ context }) => context.last.left > 0, target: 'backingOff', actions: 'countTry' },
        { target: 'idle' },
      ],
    },
    backingOff: {
      after: { retryDelay: 'sending' },
      on: {
        'supplier.connected': { target: 'sending', actions: 'forgetTries' },
        'seat.caught-up': { target: 'sending', actions: 'forgetTries' },
      },
    },
    refused: {
      entry: 'announceRefused',
      after: { refusedRetry: 'sending' },
      on: { 'supplier.connected': { target: 'sending', actions: 'forgetTries' } },
    },
    paused: { always: { guard: 'isOpen', target: 'sending' } },
    stopped: { type: 'final' },
  },
});

/** The machine with its ports given. */
export function dataSenderWith(ports: DataSenderPorts) {
  return dataSenderMachine.provide({ actors: { sendBatch: perform(ports.sendBatch) } });
}
