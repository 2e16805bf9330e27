import { assign, emit, setup } from 'xstate';
import type { Fact } from '../../bus/facts/index.ts';
import type { DeviceId } from '../../protocol/ids.ts';
import { backoffMs } from '../kit/backoff.ts';
import { type Effect, perform, port } from '../kit/port.ts';

export interface SupplierInventoryInput {
  readonly supplier: DeviceId;
  /** He was counted as away, so one challenge comes first. */
  readonly wasAway: boolean;
  readonly online: boolean;
  readonly seed: number;
}

export interface Reconciled {
  readonly cursor: string | null;
  readonly missing: number;
  readonly strange: number;
  readonly done: boolean;
}

export interface SupplierInventoryPorts {
  /** True when his digest equals ours. */
  readonly fetchDigest: Effect<{ supplier: DeviceId }, { readonly equal: boolean }>;
  /** One range; losses are written into the health table before it resolves. */
  readonly reconcile: Effect<{ supplier: DeviceId; cursor: string | null }, Reconciled>;
  readonly sample: Effect<{ supplier: DeviceId }, 'passed' | 'failed' | 'silent' | 'nothing'>;
  readonly saveInventory: Effect<{ supplier: DeviceId }, void>;
}

type Event =
  | { readonly type: 'take' }
  | { readonly type: 'stop' }
  | Fact<
      | 'supplier.connected'
      | 'contact.went-offline'
      | 'supplier.confessed'
      | 'pieces.delivered'
      | 'log.in-sync'
      | 'seat.became-away'
    >;

interface Context extends SupplierInventoryInput {
  readonly cursor: string | null;
  readonly missing: number;
  readonly strange: number;
  readonly attempt: number;
  readonly again: boolean;
}

/** Knows which of our pieces one supplier says he holds: a digest when nothing changed, ranges when something did. */
export const supplierInventoryMachine = setup({
  types: {
    input: {} as SupplierInventoryInput,
    context: {} as Context,
    events: {} as Event,
    emitted: {} as Fact<'inventory.known' | 'inventory.differed' | 'inventory.unavailable'>,
  },
  actors: {
    fetchDigest: port<SupplierInventoryPorts['fetchDigest']>('fetchDigest'),
    reconcile: port<SupplierInventoryPorts['reconcile']>('reconcile'),
    sample: port<SupplierInventoryPorts['sample']>('sample'),
    saveInventory: port<SupplierInventoryPorts['saveInventory']>('saveInventory'),
  },
  guards: {
    wasAway: ({ context }) => context.wasAway,
    isAgain: ({ context }) => context.again,
    hasDiffered: ({ context }) => context.missing + context.strange > 0,
  },
  actions: {
    markAgain: assign({ again: true }),
    markAway: assign({ wasAway: true }),
    begin: assign({ again: false, cursor: null, missing: 0, strange: 0 }),
    takeRange: assign(({ context }, params: { range: Reconciled }) => ({
      cursor: params.range.cursor,
      missing: context.missing + params.range.missing,
      strange: context.strange + params.range.strange,
    })),
    countTry: assign({ attempt: ({ context }) => context.attempt + 1 }),
    announceKnown: emit(({ context }) => ({ type: 'inventory.known' as const, supplier: context.supplier })),
    announceDiffered: emit(({ context }) => ({
      type: 'inventory.differed' as const,
      supplier: context.supplier,
      missing: context.missing,
      strange: context.strange,
    })),
    announceUnavailable: emit(({ context }, params: { reason: string }) => ({
      type: 'inventory.unavailable' as const,
      supplier: context.supplier,
      reason: params.reason,
    })),
  },
  delays: {
    answerTimeout: 15_000,
    rangeTimeout: 60_000,
    sampleTimeout: 60_000,
    localTimeout: 10_000,
    refreshEvery: ({ context }) => 6 * 3_600_000 * (0.8 + ((context.seed >>> 0) % 1_000) / 2_500),
    retryDelay: ({ context }) => backoffMs(context.attempt, context.seed, { fromMs: 30_000, toMs: 30 * 60_000 }),
  },
}).createMachine({
  id: 'supplier-inventory',
  description: 'Knows which of our pieces one supplier says he holds.',
  options: { maxIterations: 100 },
  context: ({ input }) => ({ ...input, cursor: null, missing: 0, strange: 0, attempt: 0, again: false }),
  initial: 'unknown',
  on: {
    stop: '.stopped',
    take: { actions: 'markAgain' },
    'supplier.confessed': { actions: 'markAgain' },
    'pieces.delivered': {},
    'log.in-sync': {},
    'seat.became-away': { actions: 'markAway' },
    'contact.went-offline': '.stale',
  },
  states: {
    unknown: {
      always: { guard: ({ context }) => context.online, target: 'beginning' },
      on: { 'supplier.connected': 'beginning', take: 'beginning' },
    },
    beginning: {
      entry: 'begin',
      always: [{ guard: 'wasAway', target: 'sampling' }, { target: 'comparing' }],
    },
    sampling: {
      invoke: {
        src: 'sample',
        input: ({ context }) => ({ supplier: context.supplier }),
        onDone: [
          {
            guard: ({ event }) => event.output === 'passed' || event.output === 'nothing',
            target: 'comparing',
            actions: assign({ wasAway: false }),
          },
          {
            guard: ({ event }) => event.output === 'failed',
            target: 'comparing',
            actions: assign({ wasAway: false, again: true }),
          },
          { target: 'stale', actions: ['countTry', { type: 'announceUnavailable', params: { reason: 'silent' } }] },
        ],
        onError: {
          target: 'stale',
          actions: ['countTry', { type: 'announceUnavailable', params: { reason: 'no-sample' } }],
        },
      },
      after: { sampleTimeout: { target: 'stale', actions: 'countTry' } },
    },
    comparing: {
      invoke: {
        src: 'fetchDigest',
        input: ({ context }) => ({ supplier: context.supplier }),
        onDone: [{ guard: ({ event }) => event.output.equal, target: 'saving' }, { target: 'reconciling' }],
        onError: {
          target: 'stale',
          actions: ['countTry', { type: 'announceUnavailable', params: { reason: 'no-digest' } }],
        },
      },
      after: {
        answerTimeout: {
          target: 'stale',
          actions: ['countTry', { type: 'announceUnavailable', params: { reason: 'silent' } }],
        },
      },
    },
    reconciling: {
      invoke: {
        src: 'reconcile',
        input: ({ context }) => ({ supplier: context.supplier, cursor: context.cursor }),
        onDone: [
          {
            guard: ({ event }) => event.output.done,
            target: 'saving',
            actions: { type: 'takeRange', params: ({ event }) => ({ range: event.output }) },
          },
          {
            target: 'reconciling',
            reenter: true,
            actions: { type: 'takeRange', params: ({ event }) => ({ range: event.output }) },
          },
        ],
        onError: {
          target: 'stale',
          actions: ['countTry', { type: 'announceUnavailable', params: { reason: 'broken-off' } }],
        },
      },
      after: {
        rangeTimeout: {
          target: 'stale',
          actions: ['countTry', { type: 'announceUnavailable', params: { reason: 'silent' } }],
        },
      },
    },
    saving: {
      invoke: {
        src: 'saveInventory',
        input: ({ context }) => ({ supplier: context.supplier }),
        onDone: [
          { guard: 'hasDiffered', target: 'known', actions: ['announceDiffered', 'announceKnown'] },
          { target: 'known', actions: 'announceKnown' },
        ],
        onError: { target: 'stale', actions: 'countTry' },
      },
      after: { localTimeout: { target: 'stale', actions: 'countTry' } },
    },
    known: {
      entry: assign({ attempt: 0 }),
      always: { guard: 'isAgain', target: 'beginning' },
      on: { take: 'beginning', 'supplier.connected': [{ guard: 'wasAway', target: 'beginning' }] },
      after: { refreshEvery: 'beginning' },
    },
    stale: {
      on: { 'supplier.connected': 'beginning', take: 'beginning', 'contact.went-offline': {} },
      after: { retryDelay: 'beginning' },
    },
    stopped: { type: 'final' },
  },
});

/** The machine with its ports given. */
export function supplierInventoryWith(ports: SupplierInventoryPorts) {
  return supplierInventoryMachine.provide({
    actors: {
      fetchDigest: perform(ports.fetchDigest),
      reconcile: perform(ports.reconcile),
      sample: perform(ports.sample),
      saveInventory: perform(ports.saveInventory),
    },
  });
}
