import { assign, emit, setup } from 'xstate';
import type { Fact } from '../../bus/facts/index.ts';
import type { DeviceId, PersonId } from '../../protocol/ids.ts';
import { backoffMs } from '../kit/backoff.ts';
import { type Effect, perform, port } from '../kit/port.ts';

export type MissingPart = 'identity' | 'suppliers' | 'catalogue' | 'settings';

export interface FoundSuppliers {
  readonly anchors: readonly DeviceId[];
  /** The root head or an identity file was found, so the identity exists even without anchors. */
  readonly identityFound: boolean;
}

export interface IdentityRestorerPorts {
  readonly deriveKeys: Effect<{ wordsTicket: string }, { readonly person: PersonId }>;
  readonly joinDirectory: Effect<Record<never, never>, void>;
  /** Reads recovery records of the first epochs and the root head. */
  readonly findRecovery: Effect<{ epochs: number }, FoundSuppliers>;
  /** Root signature over each supplier's challenge; the family names further seats. */
  readonly proveOwnership: Effect<
    { suppliers: readonly DeviceId[] },
    { readonly proven: number; readonly asked: number; readonly quorum: boolean }
  >;
  readonly openKeychain: Effect<Record<never, never>, { readonly epoch: number }>;
  readonly fetchLogs: Effect<Record<never, never>, { readonly applied: number; readonly complete: boolean }>;
  readonly attestDevice: Effect<Record<never, never>, { readonly revision: number; readonly device: DeviceId }>;
  readonly fetchCatalogue: Effect<Record<never, never>, { readonly missing: readonly MissingPart[] }>;
}

interface Context {
  readonly wordsTicket: string;
  readonly seed: number;
  readonly person: PersonId | null;
  readonly device: DeviceId | null;
  readonly anchors: readonly DeviceId[];
  readonly missing: readonly MissingPart[];
  readonly attempt: number;
  readonly reason: string;
}

const TRIES_MAX = 6;
const EPOCHS = 17;

/** Brings back identity, keychain, logs and catalogue from the 24 words and the network; attests the new device only when the newest revision is known. */
export const identityRestorerMachine = setup({
  types: {
    input: {} as { readonly wordsTicket: string; readonly seed: number },
    context: {} as Context,
    events: {} as { readonly type: 'restore' } | { readonly type: 'cancel' } | Fact<'directory.joined'>,
    emitted: {} as Fact<'identity.restored' | 'identity.restore-failed'>,
    output: {} as {
      readonly person: PersonId | null;
      readonly device: DeviceId | null;
      readonly missing: readonly MissingPart[];
      readonly reason: string;
    },
  },
  actors: {
    deriveKeys: port<IdentityRestorerPorts['deriveKeys']>('deriveKeys'),
    joinDirectory: port<IdentityRestorerPorts['joinDirectory']>('joinDirectory'),
    findRecovery: port<IdentityRestorerPorts['findRecovery']>('findRecovery'),
    proveOwnership: port<IdentityRestorerPorts['proveOwnership']>('proveOwnership'),
    openKeychain: port<IdentityRestorerPorts['openKeychain']>('openKeychain'),
    fetchLogs: port<IdentityRestorerPorts['fetchLogs']>('fetchLogs'),
    attestDevice: port<IdentityRestorerPorts['attestDevice']>('attestDevice'),
    fetchCatalogue: port<IdentityRestorerPorts['fetchCatalogue']>('fetchCatalogue'),
  },
  guards: {
    hasTries: ({ context }) => context.attempt < TRIES_MAX,
    isWhole: ({ context }) => context.missing.length === 0,
  },
  actions: {
    countTry: assign({ attempt: ({ context }) => context.attempt + 1 }),
    forgetTries: assign({ attempt: 0 }),
    takeReason: assign((_, params: { error: unknown }) => ({ reason: reasonOf(params.error) })),
    missSuppliers: assign(({ context }) => ({ missing: [...new Set([...context.missing, 'suppliers' as const])] })),
    missCatalogue: assign(({ context }) => ({ missing: [...new Set([...context.missing, 'catalogue' as const])] })),
    announceRestored: emit(({ context }) => ({
      type: 'identity.restored' as const,
      person: context.person!,
      device: context.device!,
      complete: context.missing.length === 0,
    })),
    announceFailed: emit(({ context }) => ({ type: 'identity.restore-failed' as const, reason: context.reason })),
  },
  delays: {
    deriveTimeout: 60_000,
    directoryTimeout: 120_000,
    findTimeout: 60_000,
    proveTimeout: 30_000,
    fetchTimeout: 30_000,
    attestTimeout: 30_000,
    retryDelay: ({ context }) => backoffMs(context.attempt, context.seed, { fromMs: 2_000, toMs: 60_000 }),
  },
}).createMachine({
  id: 'identity-restorer',
  description: 'Brings back identity, keychain, logs and catalogue from the words and the network.',
  options: { maxIterations: 100 },
  context: ({ input }) => ({ ...input, person: null, device: null, anchors: [], missing: [], attempt: 0, reason: '' }),
  output: ({ context }) => ({
    person: context.person,
    device: context.device,
    missing: context.missing,
    reason: context.reason,
  }),
  initial: 'deriving',
  on: { cancel: { target: '.failed', actions: { type: 'takeReason', params: { error: 'CANCELLED' } } } },
  states: {
    deriving: {
      invoke: {
        src: 'deriveKeys',
        input: ({ context }) => ({ wordsTicket: context.wordsTicket }),
        onDone: { target: 'joining', actions: assign({ person: ({ event }) => event.output.person }) },
        onError: { target: 'failed', actions: { type: 'takeReason', params: ({ event }) => ({ error: event.error }) } },
      },
      after: {
        deriveTimeout: { target: 'failed', actions: { type: 'takeReason', params: { error: 'DEADLINE_PASSED' } } },
      },
    },
    joining: {
      invoke: {
        src: 'joinDirectory',
        input: {},
        onDone: 'findingSuppliers',
        onError: { target: 'failed', actions: { type: 'takeReason', params: ({ event }) => ({ error: event.error }) } },
      },
      after: {
        directoryTimeout: {
          target: 'failed',
          actions: { type: 'takeReason', params: { error: 'DIRECTORY_UNREACHABLE' } },
        },
      },
    },
    findingSuppliers: {
      invoke: {
        src: 'findRecovery',
        input: { epochs: EPOCHS },
        onDone: [
          {
            guard: ({ event }) => event.output.anchors.length > 0,
            target: 'provingOwnership',
            actions: ['forgetTries', assign({ anchors: ({ event }) => event.output.anchors })],
          },
          {
            guard: ({ event }) => event.output.identityFound,
            target: 'provingOwnership',
            actions: ['forgetTries', 'missSuppliers'],
          },
          { target: 'failed', actions: { type: 'takeReason', params: { error: 'IDENTITY_NOT_FOUND' } } },
        ],
        onError: [
          { guard: 'hasTries', target: 'searchingAgain', actions: 'countTry' },
          { target: 'failed', actions: { type: 'takeReason', params: ({ event }) => ({ error: event.error }) } },
        ],
      },
      after: {
        findTimeout: { target: 'failed', actions: { type: 'takeReason', params: { error: 'IDENTITY_NOT_FOUND' } } },
      },
    },
    searchingAgain: { after: { retryDelay: 'findingSuppliers' } },
    provingOwnership: {
      invoke: {
        src: 'proveOwnership',
        input: ({ context }) => ({ suppliers: context.anchors }),
        onDone: [
          {
            guard: ({ event }) => event.output.proven > 0 && event.output.quorum,
            target: 'openingKeychain',
            actions: 'forgetTries',
          },
          {
            guard: ({ event }) => event.output.proven > 0,
            target: 'openingKeychain',
            actions: ['forgetTries', 'missSuppliers'],
          },
          { guard: 'hasTries', target: 'provingAgain', actions: 'countTry' },
          { target: 'failed', actions: { type: 'takeReason', params: { error: 'SUPPLIERS_UNREACHABLE' } } },
        ],
        onError: [
          { guard: 'hasTries', target: 'provingAgain', actions: 'countTry' },
          { target: 'failed', actions: { type: 'takeReason', params: ({ event }) => ({ error: event.error }) } },
        ],
      },
      after: {
        proveTimeout: [
          { guard: 'hasTries', target: 'provingAgain', actions: 'countTry' },
          { target: 'failed', actions: { type: 'takeReason', params: { error: 'SUPPLIERS_UNREACHABLE' } } },
        ],
      },
    },
    provingAgain: { after: { retryDelay: 'provingOwnership' } },
    openingKeychain: {
      invoke: {
        src: 'openKeychain',
        input: {},
        onDone: 'fetchingLogs',
        onError: { target: 'failed', actions: { type: 'takeReason', params: ({ event }) => ({ error: event.error }) } },
      },
      after: {
        fetchTimeout: { target: 'failed', actions: { type: 'takeReason', params: { error: 'DEADLINE_PASSED' } } },
      },
    },
    fetchingLogs: {
      invoke: {
        src: 'fetchLogs',
        input: {},
        onDone: [
          { guard: ({ event }) => event.output.complete, target: 'attestingDevice', actions: 'forgetTries' },
          { target: 'attestingDevice', actions: ['forgetTries', 'missSuppliers'] },
        ],
        onError: [
          { guard: 'hasTries', target: 'fetchingLogsAgain', actions: 'countTry' },
          { target: 'failed', actions: { type: 'takeReason', params: ({ event }) => ({ error: event.error }) } },
        ],
      },
      after: {
        fetchTimeout: [
          { guard: 'hasTries', target: 'fetchingLogsAgain', actions: 'countTry' },
          { target: 'failed', actions: { type: 'takeReason', params: { error: 'DEADLINE_PASSED' } } },
        ],
      },
    },
    fetchingLogsAgain: { after: { retryDelay: 'fetchingLogs' } },
    attestingDevice: {
      invoke: {
        src: 'attestDevice',
        input: {},
        onDone: { target: 'fetchingCatalogue', actions: assign({ device: ({ event }) => event.output.device }) },
        onError: { target: 'failed', actions: { type: 'takeReason', params: ({ event }) => ({ error: event.error }) } },
      },
      after: {
        attestTimeout: { target: 'failed', actions: { type: 'takeReason', params: { error: 'DEADLINE_PASSED' } } },
      },
    },
    fetchingCatalogue: {
      invoke: {
        src: 'fetchCatalogue',
        input: {},
        onDone: {
          target: 'ending',
          actions: assign({
            missing: ({ context, event }) => [...new Set([...context.missing, ...event.output.missing])],
          }),
        },
        onError: { target: 'ending', actions: 'missCatalogue' },
      },
      after: { directoryTimeout: { target: 'ending', actions: 'missCatalogue' } },
    },
    ending: { always: [{ guard: 'isWhole', target: 'restored' }, { target: 'partlyRestored' }] },
    restored: { entry: 'announceRestored', type: 'final' },
    partlyRestored: { entry: 'announceRestored', type: 'final' },
    failed: { entry: 'announceFailed', type: 'final' },
  },
});

/** The code of a typed error, else its sentence. */
function reasonOf(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'code' in error) return String(error.code);
  return error instanceof Error ? error.message : String(error);
}

/** The machine with its ports given. */
export function identityRestorerWith(ports: IdentityRestorerPorts) {
  return identityRestorerMachine.provide({
    actors: {
      deriveKeys: perform(ports.deriveKeys),
      joinDirectory: perform(ports.joinDirectory),
      findRecovery: perform(ports.findRecovery),
      proveOwnership: perform(ports.proveOwnership),
      openKeychain: perform(ports.openKeychain),
      fetchLogs: perform(ports.fetchLogs),
      attestDevice: perform(ports.attestDevice),
      fetchCatalogue: perform(ports.fetchCatalogue),
    },
  });
}
