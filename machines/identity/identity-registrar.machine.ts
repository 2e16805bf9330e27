import { assign, emit, setup } from 'xstate';
import type { Fact } from '../../bus/facts/index.ts';
import type { DeviceId, PersonId } from '../../protocol/ids.ts';
import { type Effect, perform, port } from '../kit/port.ts';
import { reasonOf } from '../kit/reason.ts';

export interface MadeIdentity {
  readonly person: PersonId;
  readonly device: DeviceId;
}

export interface IdentityRegistrarPorts {
  readonly makeIdentity: Effect<{ nickname: string | null }, MadeIdentity>;
  readonly saveIdentity: Effect<Record<never, never>, void>;
  /** Ends at once where there is no network: publishing then happens at the start of the node. */
  readonly publishRecord: Effect<Record<never, never>, void>;
}

type Event =
  | { readonly type: 'register' }
  | { readonly type: 'confirmWords' }
  | { readonly type: 'skipWords' }
  | { readonly type: 'cancel' };

/** How a registration ended; `made` is null when it failed. */
export interface IdentityRegistrarOutput {
  readonly made: MadeIdentity | null;
  readonly confirmed: boolean;
  readonly reason: string;
}

interface Context {
  readonly nickname: string | null;
  /** False when a face asks for the words afterwards. */
  readonly asksWords: boolean;
  readonly made: MadeIdentity | null;
  readonly confirmed: boolean;
  readonly reason: string;
}

/** Makes a new identity, has the words confirmed, saves and publishes it; works with the cable pulled. */
export const identityRegistrarMachine = setup({
  types: {
    input: {} as { readonly nickname: string | null; readonly asksWords: boolean },
    context: {} as Context,
    events: {} as Event,
    emitted: {} as Fact<'identity.registered' | 'identity.registration-failed'>,
    output: {} as IdentityRegistrarOutput,
  },
  actors: {
    makeIdentity: port<IdentityRegistrarPorts['makeIdentity']>('makeIdentity'),
    saveIdentity: port<IdentityRegistrarPorts['saveIdentity']>('saveIdentity'),
    publishRecord: port<IdentityRegistrarPorts['publishRecord']>('publishRecord'),
  },
  guards: { asksNothing: ({ context }) => !context.asksWords },
  actions: {
    takeReason: assign((_, params: { error: unknown }) => ({ reason: reasonOf(params.error) })),
    announceRegistered: emit(({ context }) => ({
      type: 'identity.registered' as const,
      person: context.made!.person,
      device: context.made!.device,
    })),
    announceFailed: emit(({ context }) => ({ type: 'identity.registration-failed' as const, reason: context.reason })),
  },
  delays: { makeTimeout: 30_000, wordsWindow: 30 * 60_000, saveTimeout: 10_000, publishTimeout: 30_000 },
}).createMachine({
  id: 'identity-registrar',
  description: 'Makes a new identity, has the words confirmed, saves and publishes it.',
  options: { maxIterations: 100 },
  context: ({ input }) => ({ ...input, made: null, confirmed: false, reason: '' }),
  output: ({ context }) => ({ made: context.made, confirmed: context.confirmed, reason: context.reason }),
  initial: 'idle',
  on: { cancel: { target: '.failed', actions: { type: 'takeReason', params: { error: 'CANCELLED' } } } },
  states: {
    idle: {
      on: { register: 'makingKeys' },
      after: {
        wordsWindow: { target: 'failed', actions: { type: 'takeReason', params: { error: 'DEADLINE_PASSED' } } },
      },
    },
    makingKeys: {
      invoke: {
        src: 'makeIdentity',
        input: ({ context }) => ({ nickname: context.nickname }),
        onDone: { target: 'confirmingWords', actions: assign({ made: ({ event }) => event.output }) },
        onError: { target: 'failed', actions: { type: 'takeReason', params: ({ event }) => ({ error: event.error }) } },
      },
      after: {
        makeTimeout: { target: 'failed', actions: { type: 'takeReason', params: { error: 'DEADLINE_PASSED' } } },
      },
    },
    confirmingWords: {
      always: { guard: 'asksNothing', target: 'saving' },
      on: { confirmWords: { target: 'saving', actions: assign({ confirmed: true }) }, skipWords: 'saving' },
      after: { wordsWindow: 'saving' },
    },
    saving: {
      invoke: {
        src: 'saveIdentity',
        input: {},
        onDone: 'publishing',
        onError: { target: 'failed', actions: { type: 'takeReason', params: ({ event }) => ({ error: event.error }) } },
      },
      after: {
        saveTimeout: { target: 'failed', actions: { type: 'takeReason', params: { error: 'DEADLINE_PASSED' } } },
      },
    },
    publishing: {
      invoke: { src: 'publishRecord', input: {}, onDone: 'registered', onError: 'registered' },
      after: { publishTimeout: 'registered' },
    },
    registered: { entry: 'announceRegistered', type: 'final' },
    failed: { entry: [assign({ made: null }), 'announceFailed'], type: 'final' },
  },
});

/** The machine with its ports given. */
export function identityRegistrarWith(ports: IdentityRegistrarPorts) {
  return identityRegistrarMachine.provide({
    actors: {
      makeIdentity: perform(ports.makeIdentity),
      saveIdentity: perform(ports.saveIdentity),
      publishRecord: perform(ports.publishRecord),
    },
  });
}
