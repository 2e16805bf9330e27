import { assign, emit, setup } from 'xstate';
import type { Fact } from '../../bus/facts/index.ts';
import { backoffMs } from '../kit/backoff.ts';
import { perform, port } from '../kit/port.ts';
import type {
  AgreementAnswer,
  SupplierConnectorCommand,
  SupplierConnectorContext,
  SupplierConnectorHeard,
  SupplierConnectorInput,
  SupplierConnectorPorts,
} from './supplier-connector.ports.ts';

const REFUSALS_MAX = 3;

/** Keeps one storage agreement: asked, connected, changed, ended. Offline is not refused, and a refused growth keeps the agreement as it is. */
export const supplierConnectorMachine = setup({
  types: {
    input: {} as SupplierConnectorInput,
    context: {} as SupplierConnectorContext,
    events: {} as SupplierConnectorCommand | SupplierConnectorHeard,
    emitted: {} as Fact<'supplier.connected' | 'supplier.disconnected' | 'supplier.refused' | 'supplier.ended'>,
  },
  actors: {
    requestAgreement: port<SupplierConnectorPorts['requestAgreement']>('requestAgreement'),
    endAgreement: port<SupplierConnectorPorts['endAgreement']>('endAgreement'),
  },
  guards: {
    isAgreed: (_, params: { answer: AgreementAnswer }) => params.answer.kind === 'agreed',
    isOnline: ({ context }) => context.online,
    isAgreedAlready: ({ context }) => context.agreed,
    isRefusedForGood: ({ context }) => context.refusals >= REFUSALS_MAX,
    isGrowth: ({ context }, params: { bytes: number }) => params.bytes !== context.bytes,
  },
  actions: {
    takeAgreement: assign(({ context }, params: { answer: AgreementAnswer }) => ({
      agreed: true,
      refusals: 0,
      attempt: 0,
      bytes: params.answer.kind === 'agreed' ? params.answer.bytes : context.bytes,
    })),
    countRefusal: assign(({ context }, params: { why: string }) => ({
      refusals: context.refusals + 1,
      attempt: context.attempt + 1,
      why: params.why,
    })),
    countTry: assign({ attempt: ({ context }) => context.attempt + 1 }),
    wantBytes: assign((_, params: { bytes: number }) => ({ wanted: params.bytes })),
    wantDouble: assign(({ context }) => ({ wanted: context.bytes * 2 })),
    setOnline: assign({ online: true, attempt: 0 }),
    setOffline: assign({ online: false }),
    announceConnected: emit(({ context }) => ({
      type: 'supplier.connected' as const,
      owner: context.owner,
      supplier: context.supplier,
      bytes: context.bytes,
    })),
    announceDisconnected: emit(({ context }) => ({
      type: 'supplier.disconnected' as const,
      owner: context.owner,
      supplier: context.supplier,
    })),
    announceRefused: emit(({ context }) => ({
      type: 'supplier.refused' as const,
      owner: context.owner,
      supplier: context.supplier,
      reason: context.why,
    })),
    announceEnded: emit(({ context }) => ({
      type: 'supplier.ended' as const,
      owner: context.owner,
      supplier: context.supplier,
    })),
  },
  delays: {
    answerTimeout: 30_000,
    endTimeout: 10_000,
    retryDelay: ({ context }) => backoffMs(context.attempt, context.seed, { fromMs: 10_000, toMs: 15 * 60_000 }),
  },
}).createMachine({
  id: 'supplier-connector',
  description: 'Keeps one storage agreement: asked, connected, changed, ended.',
  options: { maxIterations: 100 },
  context: ({ input }) => ({ ...input, refusals: 0, attempt: 0, wanted: input.bytes, why: '' }),
  initial: 'opening',
  on: { leave: '.leaving', stop: '.stopped' },
  states: {
    opening: {
      always: [
        { guard: ({ context }) => context.agreed && context.online, target: 'arriving' },
        { guard: 'isAgreedAlready', target: 'disconnected' },
        { target: 'requesting' },
      ],
    },
    requesting: {
      invoke: {
        src: 'requestAgreement',
        input: ({ context }) => ({ supplier: context.supplier, seat: context.seat, bytes: context.wanted }),
        onDone: [
          {
            guard: { type: 'isAgreed', params: ({ event }) => ({ answer: event.output }) },
            target: 'arriving',
            actions: [{ type: 'takeAgreement', params: ({ event }) => ({ answer: event.output }) }, 'setOnline'],
          },
          {
            target: 'disconnected',
            actions: {
              type: 'countRefusal',
              params: ({ event }) => ({ why: event.output.kind === 'refused' ? event.output.why : '' }),
            },
          },
        ],
        onError: { target: 'disconnected', actions: 'countTry' },
      },
      after: { answerTimeout: { target: 'disconnected', actions: 'countTry' } },
    },
    arriving: { entry: 'announceConnected', always: 'connected' },
    connected: {
      on: {
        'contact.went-offline': { target: 'disconnected', actions: ['setOffline', 'announceDisconnected'] },
        'delivery.refused': {
          guard: ({ event }) => event.reason === 'no-room',
          target: 'changing',
          actions: 'wantDouble',
        },
        resize: {
          guard: { type: 'isGrowth', params: ({ event }) => ({ bytes: event.bytes }) },
          target: 'changing',
          actions: { type: 'wantBytes', params: ({ event }) => ({ bytes: event.bytes }) },
        },
      },
    },
    changing: {
      invoke: {
        src: 'requestAgreement',
        input: ({ context }) => ({ supplier: context.supplier, seat: context.seat, bytes: context.wanted }),
        onDone: [
          {
            guard: { type: 'isAgreed', params: ({ event }) => ({ answer: event.output }) },
            target: 'arriving',
            actions: { type: 'takeAgreement', params: ({ event }) => ({ answer: event.output }) },
          },
          { target: 'connected' },
        ],
        onError: 'connected',
      },
      after: { answerTimeout: 'connected' },
      on: { 'contact.went-offline': { target: 'disconnected', actions: ['setOffline', 'announceDisconnected'] } },
    },
    disconnected: {
      always: { guard: 'isRefusedForGood', target: 'refused' },
      on: {
        'contact.came-online': [
          { guard: 'isAgreedAlready', target: 'arriving', actions: 'setOnline' },
          { target: 'requesting', actions: 'setOnline' },
        ],
        connect: [
          { guard: ({ context }) => context.agreed && context.online, target: 'arriving' },
          { target: 'requesting' },
        ],
        resize: { actions: { type: 'wantBytes', params: ({ event }) => ({ bytes: event.bytes }) } },
      },
      after: {
        retryDelay: [
          { guard: ({ context }) => !context.agreed, target: 'requesting' },
          { guard: 'isOnline', target: 'arriving' },
          { target: 'disconnected', reenter: true, actions: 'countTry' },
        ],
      },
    },
    refused: { entry: 'announceRefused', on: { connect: { target: 'requesting', actions: assign({ refusals: 0 }) } } },
    leaving: {
      invoke: {
        src: 'endAgreement',
        input: ({ context }) => ({ supplier: context.supplier }),
        onDone: 'ended',
        onError: 'ended',
      },
      after: { endTimeout: 'ended' },
    },
    ended: { entry: 'announceEnded', type: 'final' },
    stopped: { type: 'final' },
  },
});

/** The machine with its ports given. */
export function supplierConnectorWith(ports: SupplierConnectorPorts) {
  return supplierConnectorMachine.provide({
    actors: { requestAgreement: perform(ports.requestAgreement), endAgreement: perform(ports.endAgreement) },
  });
}
