import { assign, emit, setup } from 'xstate';
import type { Fact } from '../../bus/facts/index.ts';
import type { BlockId } from '../../protocol/ids.ts';
import { type Effect, perform, port } from '../kit/port.ts';

export interface BlockRebuilderInput {
  readonly block: BlockId;
  /** Seats whose pieces are missing and that have somebody to take them. */
  readonly seats: readonly number[];
}

export interface BlockRebuilderPorts {
  readonly isStillWanted: Effect<{ block: BlockId }, 'wanted' | 'obsolete'>;
  /** Holds k verified pieces ready, outside the machine. */
  readonly gather: Effect<{ block: BlockId }, { readonly enough: boolean }>;
  readonly recode: Effect<{ block: BlockId; seats: readonly number[] }, void>;
  /** `have` and `coming` are good answers. */
  readonly place: Effect<{ block: BlockId; seats: readonly number[] }, { readonly placed: readonly number[] }>;
  readonly confirm: Effect<{ block: BlockId; seats: readonly number[] }, { readonly proven: readonly number[] }>;
}

interface Context extends BlockRebuilderInput {
  readonly placed: readonly number[];
  readonly proven: readonly number[];
}

/** Repairs one block and proves the repair: k pieces, only what is missing recomputed, placed, and challenged. */
export const blockRebuilderMachine = setup({
  types: {
    input: {} as BlockRebuilderInput,
    context: {} as Context,
    events: {} as { readonly type: 'cancel' },
    emitted: {} as Fact<'block.repaired'>,
    output: {} as { readonly block: BlockId; readonly proven: readonly number[] },
  },
  actors: {
    isStillWanted: port<BlockRebuilderPorts['isStillWanted']>('isStillWanted'),
    gather: port<BlockRebuilderPorts['gather']>('gather'),
    recode: port<BlockRebuilderPorts['recode']>('recode'),
    place: port<BlockRebuilderPorts['place']>('place'),
    confirm: port<BlockRebuilderPorts['confirm']>('confirm'),
  },
  actions: {
    announceRepaired: emit(({ context }) => ({
      type: 'block.repaired' as const,
      block: context.block,
      seats: context.proven,
    })),
  },
  delays: {
    needTimeout: 20_000,
    gatherTimeout: 180_000,
    recodeTimeout: 60_000,
    placeTimeout: 180_000,
    confirmTimeout: 60_000,
  },
}).createMachine({
  id: 'block-rebuilder',
  description: 'Repairs one block and proves the repair.',
  options: { maxIterations: 100 },
  context: ({ input }) => ({ ...input, placed: [], proven: [] }),
  output: ({ context }) => ({ block: context.block, proven: context.proven }),
  initial: 'checkingNeed',
  on: { cancel: '.short' },
  states: {
    checkingNeed: {
      invoke: {
        src: 'isStillWanted',
        input: ({ context }) => ({ block: context.block }),
        onDone: [{ guard: ({ event }) => event.output === 'wanted', target: 'gathering' }, { target: 'obsolete' }],
        onError: 'short',
      },
      after: { needTimeout: 'short' },
    },
    gathering: {
      invoke: {
        src: 'gather',
        input: ({ context }) => ({ block: context.block }),
        onDone: [{ guard: ({ event }) => event.output.enough, target: 'recoding' }, { target: 'short' }],
        onError: 'short',
      },
      after: { gatherTimeout: 'short' },
    },
    recoding: {
      invoke: {
        src: 'recode',
        input: ({ context }) => ({ block: context.block, seats: context.seats }),
        onDone: 'placing',
        onError: 'short',
      },
      after: { recodeTimeout: 'short' },
    },
    placing: {
      invoke: {
        src: 'place',
        input: ({ context }) => ({ block: context.block, seats: context.seats }),
        onDone: [
          {
            guard: ({ event }) => event.output.placed.length > 0,
            target: 'checkingAgain',
            actions: assign({ placed: ({ event }) => event.output.placed }),
          },
          { target: 'short' },
        ],
        onError: 'short',
      },
      after: { placeTimeout: 'short' },
    },
    checkingAgain: {
      invoke: {
        src: 'isStillWanted',
        input: ({ context }) => ({ block: context.block }),
        onDone: [{ guard: ({ event }) => event.output === 'wanted', target: 'confirming' }, { target: 'obsolete' }],
        onError: 'short',
      },
      after: { needTimeout: 'short' },
    },
    confirming: {
      invoke: {
        src: 'confirm',
        input: ({ context }) => ({ block: context.block, seats: context.placed }),
        onDone: [
          {
            guard: ({ event }) => event.output.proven.length > 0,
            target: 'repaired',
            actions: assign({ proven: ({ event }) => event.output.proven }),
          },
          { target: 'short' },
        ],
        onError: 'short',
      },
      after: { confirmTimeout: 'short' },
    },
    repaired: { entry: 'announceRepaired', type: 'final' },
    short: { type: 'final' },
    obsolete: { type: 'final' },
  },
});

/** The machine with its ports given. */
export function blockRebuilderWith(ports: BlockRebuilderPorts) {
  return blockRebuilderMachine.provide({
    actors: {
      isStillWanted: perform(ports.isStillWanted),
      gather: perform(ports.gather),
      recode: perform(ports.recode),
      place: perform(ports.place),
      confirm: perform(ports.confirm),
    },
  });
}
