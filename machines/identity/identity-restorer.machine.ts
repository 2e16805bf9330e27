import { assign, emit, setup } from 'xstate';
import type { Fact } from '../../bus/facts/index.ts';
import type { DeviceId, PersonId } from '../../protocol/ids.ts';
import { backoffMs } from '../kit/backoff.ts';
import { perform, port } from '../kit/port.ts';
import { reasonOf } from '../kit/reason.ts';
import type { IdentityRestorerPorts, MissingPart } from './identity-restorer.ports.ts';

interface Context {
  readonly seed: number;
  readonly person: PersonId | null;
  readonly device: DeviceId | null;
  readonly anchors: readonly DeviceId[];
  readonly missing: readonly MissingPart[];
  readonly attempt: number;
  /** The code of what ended it, else a sentence. */
  readonly reason: string;
}

/** How a recovery ended. */
export type IdentityRestorerOutput = Pick<Context, 'person' | 'device' | 'missing' | 'reason'>;

const TRIES_MAX = 6;
const EPOCHS = 17;
const endWith = (error: string) => ({ target: 'failed', actions: { type: 'takeReason', params: { error } } }) as const;
const endWithError = {
  target: 'failed',
  actions: { type: 'takeReason', params: ({ event }: { event: { error: unknown } }) => ({ error: event.error }) },
} as const;
const missSuppliers = { type: 'miss', params: { parts: ['suppliers'] } } as const;
const missCatalogue = { type: 'miss', params: { parts: ['catalogue'] } } as const;
const tryAgain = <To extends string>(target: To) => ({ guard: 'hasTries', target, actions: 'countTry' }) as const;

/** Brings back identity, keychain, logs and catalogue from the 24 words and the network; attests the new device only when the newest revision is known. */
export const identityRestorerMachine = setup({
  types: {
    input: {} as { readonly seed: number },
    context: {} as Context,
    events: {} as { readonly type: 'cancel' },
    emitted: {} as Fact<'identity.restored' | 'identity.restore-failed'>,
    output: {} as IdentityRestorerOutput,
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
    miss: assign(({ context }, params: { parts: readonly MissingPart[] }) => ({
      missing: [...new Set([...context.missing, ...params.parts])],
    })),
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
  output: ({ context: { person, device, missing, reason } }) => ({ person, device, missing, reason }),
  initial: 'deriving',
  on: { cancel: { target: '.failed', actions: { type: 'takeReason', params: { error: 'CANCELLED' } } } },
  states: {
    deriving: {
      invoke: {
        src: 'deriveKeys',
        input: {},
        onDone: { target: 'joining', actions: assign({ person: ({ event }) => event.output.person }) },
        onError: endWithError,
      },
      after: { deriveTimeout: endWith('DEADLINE_PASSED') },
    },
    joining: {
      invoke: { src: 'joinDirectory', input: {}, onDone: 'findingSuppliers', onError: endWithError },
      after: { directoryTimeout: endWith('DIRECTORY_UNREACHABLE') },
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
          { guard: ({ event }) => event.output.identityFound, ...endWith('SUPPLIERS_UNREACHABLE') },
          endWith('IDENTITY_NOT_FOUND'),
        ],
        onError: [tryAgain('searchingAgain'), endWithError],
      },
      after: { findTimeout: [tryAgain('searchingAgain'), endWith('DIRECTORY_UNREACHABLE')] },
    },
    searchingAgain: { after: { retryDelay: 'findingSuppliers' } },
    provingOwnership: {
      invoke: {
        src: 'proveOwnership',
        input: ({ context }) => ({ suppliers: context.anchors }),
        onDone: [
          { guard: ({ event }) => event.output.quorum, target: 'openingKeychain', actions: 'forgetTries' },
          {
            guard: ({ event }) => event.output.proven > 0,
            target: 'openingKeychain',
            actions: ['forgetTries', missSuppliers],
          },
          tryAgain('provingAgain'),
          endWith('SUPPLIERS_UNREACHABLE'),
        ],
        onError: [tryAgain('provingAgain'), endWithError],
      },
      after: { proveTimeout: [tryAgain('provingAgain'), endWith('SUPPLIERS_UNREACHABLE')] },
    },
    provingAgain: { after: { retryDelay: 'provingOwnership' } },
    openingKeychain: {
      invoke: { src: 'openKeychain', input: {}, onDone: 'fetchingLogs', onError: endWithError },
      after: { fetchTimeout: endWith('DEADLINE_PASSED') },
    },
    fetchingLogs: {
      invoke: {
        src: 'fetchLogs',
        input: {},
        onDone: [
          { guard: ({ event }) => event.output.complete, target: 'attestingDevice', actions: 'forgetTries' },
          tryAgain('fetchingLogsAgain'),
          { target: 'attestingDevice', actions: ['forgetTries', missSuppliers] },
        ],
        onError: [tryAgain('fetchingLogsAgain'), endWithError],
      },
      after: { fetchTimeout: [tryAgain('fetchingLogsAgain'), endWith('DEADLINE_PASSED')] },
    },
    fetchingLogsAgain: { after: { retryDelay: 'fetchingLogs' } },
    attestingDevice: {
      invoke: {
        src: 'attestDevice',
        input: {},
        onDone: { target: 'fetchingCatalogue', actions: assign({ device: ({ event }) => event.output.device }) },
        onError: endWithError,
      },
      after: { attestTimeout: endWith('DEADLINE_PASSED') },
    },
    fetchingCatalogue: {
      invoke: {
        src: 'fetchCatalogue',
        input: {},
        onDone: {
          target: 'ending',
          actions: { type: 'miss', params: ({ event }) => ({ parts: event.output.missing }) },
        },
        onError: { target: 'ending', actions: missCatalogue },
      },
      after: { directoryTimeout: { target: 'ending', actions: missCatalogue } },
    },
    ending: { always: [{ guard: 'isWhole', target: 'restored' }, { target: 'partlyRestored' }] },
    restored: { entry: 'announceRestored', type: 'final' },
    partlyRestored: { entry: 'announceRestored', type: 'final' },
    failed: { entry: 'announceFailed', type: 'final' },
  },
});

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
