import { assign, emit, enqueueActions, setup } from 'xstate';
import type { Fact } from '../../bus/facts/index.ts';
import type { BlockId, DeviceId } from '../../protocol/ids.ts';
import { type Effect, perform, port } from '../kit/port.ts';

export interface BlockFetcherInput {
  /** Names the run outside the machine: one block may be fetched twice at a time. */
  readonly fetch: string;
  readonly block: BlockId;
  /** Pieces needed: k for a block, less for a range from data seats. */
  readonly need: number;
  /** Seats that may be asked, fastest first. */
  readonly seats: readonly number[];
  /** The larger of 300 ms and twice the p95 of the seats asked. */
  readonly hedgeAfterMs: number;
}

/** A seat that said no or sent wrong bytes. */
export interface SeatFault {
  readonly seat: number;
  readonly supplier: DeviceId;
  readonly fault: 'missing' | 'bad';
}

export interface BlockFetcherPorts {
  /** Asks these seats; resolves when enough pieces came or every seat asked so far has answered. Pieces already here count. */
  readonly askPieces: Effect<
    { fetch: string; seats: readonly number[]; need: number },
    { readonly got: number; readonly faults: readonly SeatFault[] }
  >;
  readonly checkBlock: Effect<{ fetch: string }, { readonly ok: boolean; readonly faults: readonly SeatFault[] }>;
}

interface Context extends BlockFetcherInput {
  readonly asked: number;
  readonly got: number;
  readonly faults: readonly SeatFault[];
}

const HEDGE_STEP = 5;

/** Gets enough good pieces of one block: the k fastest seats, another for each that is slow, and never more than there are. */
export const blockFetcherMachine = setup({
  types: {
    input: {} as BlockFetcherInput,
    context: {} as Context,
    events: {} as { readonly type: 'cancel' } | Fact<'supplier.disconnected'>,
    emitted: {} as Fact<'piece.found-missing' | 'piece.found-bad'>,
    output: {} as { readonly got: number; readonly need: number },
  },
  actors: {
    askPieces: port<BlockFetcherPorts['askPieces']>('askPieces'),
    checkBlock: port<BlockFetcherPorts['checkBlock']>('checkBlock'),
  },
  guards: {
    hasEnough: ({ context }) => context.got >= context.need,
    hasMoreSeats: ({ context }) => context.asked < context.seats.length,
  },
  actions: {
    askFirst: assign(({ context }) => ({ asked: Math.min(context.need, context.seats.length) })),
    askOneMore: assign(({ context }) => ({ asked: Math.min(context.asked + 1, context.seats.length) })),
    askMore: assign(({ context }) => ({ asked: Math.min(context.asked + HEDGE_STEP, context.seats.length) })),
    takeAnswer: assign((_, params: { got: number; faults: readonly SeatFault[] }) => ({
      got: params.got,
      faults: params.faults,
    })),
    announceFaults: enqueueActions(({ context, enqueue }) => {
      for (const row of context.faults)
        enqueue(
          emit({
            type: row.fault === 'bad' ? ('piece.found-bad' as const) : ('piece.found-missing' as const),
            supplier: row.supplier,
            seat: row.seat,
            block: context.block,
          }),
        );
      enqueue(assign({ faults: [] }));
    }),
  },
  delays: {
    hedgeAfter: ({ context }) => context.hedgeAfterMs,
    blockTimeout: 180_000,
    checkTimeout: 30_000,
  },
}).createMachine({
  id: 'block-fetcher',
  description: 'Gets enough good pieces of one block, hedging against slow seats.',
  options: { maxIterations: 100 },
  context: ({ input }) => ({ ...input, asked: 0, got: 0, faults: [] }),
  output: ({ context }) => ({ got: context.got, need: context.need }),
  initial: 'gathering',
  on: { cancel: '.short' },
  states: {
    gathering: {
      initial: 'asking',
      after: { blockTimeout: 'short' },
      states: {
        asking: {
          entry: 'askFirst',
          invoke: {
            src: 'askPieces',
            input: ({ context }) => ({
              fetch: context.fetch,
              seats: context.seats.slice(0, context.asked),
              need: context.need,
            }),
            onDone: { target: 'judging', actions: { type: 'takeAnswer', params: ({ event }) => event.output } },
            onError: 'judging',
          },
          after: { hedgeAfter: { guard: 'hasMoreSeats', target: 'hedging', actions: 'askOneMore' } },
        },
        hedging: {
          invoke: {
            src: 'askPieces',
            input: ({ context }) => ({
              fetch: context.fetch,
              seats: context.seats.slice(0, context.asked),
              need: context.need,
            }),
            onDone: { target: 'judging', actions: { type: 'takeAnswer', params: ({ event }) => event.output } },
            onError: 'judging',
          },
          after: { hedgeAfter: { guard: 'hasMoreSeats', target: 'hedging', reenter: true, actions: 'askMore' } },
        },
        judging: {
          entry: 'announceFaults',
          always: [
            { guard: 'hasEnough', target: '#block-fetcher.checking' },
            { guard: 'hasMoreSeats', target: 'hedging', actions: 'askMore' },
            { target: '#block-fetcher.short' },
          ],
        },
      },
    },
    checking: {
      invoke: {
        src: 'checkBlock',
        input: ({ context }) => ({ fetch: context.fetch }),
        onDone: [
          { guard: ({ event }) => event.output.ok, target: 'fetched' },
          { target: 'damaged', actions: assign({ faults: ({ event }) => event.output.faults }) },
        ],
        onError: 'damaged',
      },
      after: { checkTimeout: 'damaged' },
    },
    fetched: { type: 'final' },
    short: { type: 'final' },
    damaged: { entry: 'announceFaults', type: 'final' },
  },
});

/** The machine with its ports given. */
export function blockFetcherWith(ports: BlockFetcherPorts) {
  return blockFetcherMachine.provide({
    actors: { askPieces: perform(ports.askPieces), checkBlock: perform(ports.checkBlock) },
  });
}
