import { assign, emit, setup } from 'xstate';
import type { Fact } from '../../bus/facts/index.ts';
import type { DeviceId, PersonId } from '../../protocol/ids.ts';
import { type Effect, perform, port } from '../kit/port.ts';

export interface Candidate {
  readonly device: DeviceId;
  readonly person: PersonId;
}

export interface SupplierFinderInput {
  readonly seat: number;
  readonly bytes: number;
  /** Devices that must not be asked: seated ones, and who refused within 24 h. */
  readonly except: readonly DeviceId[];
  /** Failure domains that are taken. */
  readonly avoidGroups: readonly string[];
}

/** Answers of the candidates asked at one time. `skipped` ones are busy with a sibling search, which is no refusal. */
export interface AskAnswer {
  readonly accepted: Candidate | null;
  readonly refused: readonly DeviceId[];
  readonly skipped: readonly DeviceId[];
}

export interface SupplierFinderPorts {
  readonly lookUpCandidates: Effect<
    { seat: number; except: readonly DeviceId[]; avoidGroups: readonly string[]; count: number },
    readonly Candidate[]
  >;
  /** Asks the first `atOnce` of them who are not busy with a sibling search; who was asked before is not asked again. */
  readonly askToServe: Effect<{ seat: number; peers: readonly Candidate[]; atOnce: number; bytes: number }, AskAnswer>;
}

interface Context extends SupplierFinderInput {
  readonly candidates: readonly Candidate[];
  readonly asked: number;
  readonly refused: readonly DeviceId[];
  readonly tried: readonly DeviceId[];
  readonly hired: Candidate | null;
}

const CANDIDATES_MAX = 12;

/** Finds one peer willing to take one seat: asks one candidate, and the next two as well when he is slow. */
export const supplierFinderMachine = setup({
  types: {
    input: {} as SupplierFinderInput,
    context: {} as Context,
    events: {} as { readonly type: 'cancel' } | Fact<'contact.went-offline'>,
    emitted: {} as Fact<'supplier.hired' | 'supplier.search-failed'>,
    output: {} as {
      readonly seat: number;
      readonly hired: Candidate | null;
      readonly refused: readonly DeviceId[];
      readonly reason: string | null;
    },
  },
  actors: {
    lookUpCandidates: port<SupplierFinderPorts['lookUpCandidates']>('lookUpCandidates'),
    askToServe: port<SupplierFinderPorts['askToServe']>('askToServe'),
  },
  guards: {
    hasMore: ({ context }) => context.candidates.length > 0 && context.asked < CANDIDATES_MAX,
    isExhausted: ({ context }) => context.asked >= CANDIDATES_MAX,
    isCandidate: ({ context }, params: { peer: DeviceId }) => context.candidates[0]?.device === params.peer,
  },
  actions: {
    takeAnswer: assign(({ context }, { answer }: { answer: AskAnswer }) => {
      const gone = [...answer.refused, ...answer.skipped];
      return {
        hired: answer.accepted,
        refused: [...context.refused, ...answer.refused],
        tried: [...context.tried, ...gone],
        candidates: context.candidates.filter(({ device }) => !gone.includes(device)),
        asked: context.asked + answer.refused.length,
      };
    }),
    skipFirst: assign(({ context }) => ({
      tried: [...context.tried, ...context.candidates.slice(0, 1).map((peer) => peer.device)],
      candidates: context.candidates.slice(1),
      asked: context.asked + 1,
    })),
    announceHired: emit(({ context }) => ({
      type: 'supplier.hired' as const,
      seat: context.seat,
      supplier: context.hired!.device,
      person: context.hired!.person,
    })),
    announceFailure: emit(({ context }) => ({
      type: 'supplier.search-failed' as const,
      seat: context.seat,
      reason: context.refused.length > 0 ? ('refused-by-all' as const) : ('exhausted' as const),
    })),
  },
  delays: { lookUpTimeout: 15_000, hedgeAfter: 5_000, answerTimeout: 20_000 },
}).createMachine({
  id: 'supplier-finder',
  description: 'Finds one peer willing to take one seat.',
  options: { maxIterations: 100 },
  context: ({ input }) => ({ ...input, candidates: [], asked: 0, refused: [], tried: [], hired: null }),
  output: ({ context }) => ({
    seat: context.seat,
    hired: context.hired,
    refused: context.refused,
    reason: context.hired ? null : context.refused.length > 0 ? 'refused-by-all' : 'exhausted',
  }),
  initial: 'lookingUp',
  on: { cancel: '.cancelled' },
  states: {
    lookingUp: {
      invoke: {
        src: 'lookUpCandidates',
        input: ({ context }) => ({
          seat: context.seat,
          except: [...context.except, ...context.tried],
          avoidGroups: context.avoidGroups,
          count: CANDIDATES_MAX - context.asked,
        }),
        onDone: [
          {
            guard: ({ event }) => event.output.length > 0,
            target: 'asking',
            actions: assign({ candidates: ({ event }) => event.output }),
          },
          { target: 'failed' },
        ],
        onError: 'failed',
      },
      after: { lookUpTimeout: 'failed' },
    },
    asking: {
      invoke: {
        src: 'askToServe',
        input: ({ context: { seat, candidates, bytes } }) => ({
          seat,
          peers: candidates.slice(0, 1),
          atOnce: 1,
          bytes,
        }),
        onDone: {
          target: 'choosing',
          actions: { type: 'takeAnswer', params: ({ event }) => ({ answer: event.output }) },
        },
        onError: { target: 'choosing', actions: 'skipFirst' },
      },
      after: { hedgeAfter: 'hedging' },
      on: {
        'contact.went-offline': {
          guard: { type: 'isCandidate', params: ({ event }) => ({ peer: event.peer }) },
          target: 'choosing',
          actions: 'skipFirst',
        },
      },
    },
    hedging: {
      invoke: {
        src: 'askToServe',
        input: ({ context: { seat, candidates, bytes } }) => ({ seat, peers: candidates, atOnce: 3, bytes }),
        onDone: {
          target: 'choosing',
          actions: { type: 'takeAnswer', params: ({ event }) => ({ answer: event.output }) },
        },
        onError: { target: 'choosing', actions: 'skipFirst' },
      },
      after: { answerTimeout: { target: 'choosing', actions: 'skipFirst' } },
    },
    choosing: {
      always: [
        { guard: ({ context }) => context.hired !== null, target: 'hired' },
        { guard: 'hasMore', target: 'asking' },
        { guard: 'isExhausted', target: 'failed' },
        { target: 'lookingUp' },
      ],
    },
    hired: { entry: 'announceHired', type: 'final' },
    failed: { entry: 'announceFailure', type: 'final' },
    cancelled: { type: 'final' },
  },
});

/** The machine with its ports given. */
export function supplierFinderWith(ports: SupplierFinderPorts) {
  return supplierFinderMachine.provide({
    actors: { lookUpCandidates: perform(ports.lookUpCandidates), askToServe: perform(ports.askToServe) },
  });
}
