import { assign, emit, setup } from 'xstate';
import type { Fact } from '../../bus/facts/index.ts';
import { backoffMs } from '../kit/backoff.ts';
import { perform, port } from '../kit/port.ts';
import type {
  Reconciled,
  SupplierInventoryContext,
  SupplierInventoryEvent,
  SupplierInventoryInput,
  SupplierInventoryPorts,
} from './supplier-inventory.ports.ts';

const FAILED_MAX = 3;

const unavailable = (reason: string) =>
  ({ target: 'stale', actions: ['countTry', { type: 'announceUnavailable', params: { reason } }] }) as const;

/** Knows which of our pieces one supplier says he holds: a digest when nothing changed, ranges when something did. */
export const supplierInventoryMachine = setup({
  types: {
    input: {} as SupplierInventoryInput,
    context: {} as SupplierInventoryContext,
    events: {} as SupplierInventoryEvent,
    emitted: {} as Fact<'inventory.known' | 'inventory.differed' | 'inventory.unavailable'>,
  },
  actors: {
    fetchDigest: port<SupplierInventoryPorts['fetchDigest']>('fetchDigest'),
    reconcile: port<SupplierInventoryPorts['reconcile']>('reconcile'),
    sample: port<SupplierInventoryPorts['sample']>('sample'),
    condemn: port<SupplierInventoryPorts['condemn']>('condemn'),
    saveInventory: port<SupplierInventoryPorts['saveInventory']>('saveInventory'),
  },
  guards: {
    isOnline: ({ context }) => context.online,
    wasAway: ({ context }) => context.wasAway,
    hasMore: ({ context }) => context.cursor !== null,
    isAgain: ({ context }) => context.again,
    hasDiffered: ({ context }) => context.missing + context.strange > 0,
  },
  actions: {
    markAgain: assign({ again: true }),
    markAway: assign({ wasAway: true }),
    setOnline: assign({ online: true }),
    setOffline: assign({ online: false }),
    countFailed: assign({ failed: ({ context }) => context.failed + 1 }),
    begin: assign({ again: false, cursor: null, missing: 0, strange: 0, failed: 0 }),
    takeRange: assign(({ context }, { range }: { range: Reconciled }) => ({
      cursor: range.cursor,
      missing: context.missing + range.missing,
      strange: context.strange + range.strange,
    })),
    countTry: assign({ attempt: ({ context }) => context.attempt + 1 }),
    announceKnown: emit(({ context }) => ({ type: 'inventory.known' as const, supplier: context.supplier })),
    announceDiffered: emit(({ context: { supplier, missing, strange } }) => ({
      type: 'inventory.differed' as const,
      supplier,
      missing,
      strange,
    })),
    announceUnavailable: emit(({ context: { supplier } }, { reason }: { reason: string }) => ({
      type: 'inventory.unavailable' as const,
      supplier,
      reason,
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
  context: ({ input }) => ({ ...input, cursor: null, missing: 0, strange: 0, attempt: 0, again: false, failed: 0 }),
  initial: 'unknown',
  on: {
    stop: '.stopped',
    take: { actions: 'markAgain' },
    'supplier.confessed': { actions: 'markAgain' },
    'supplier.connected': { actions: 'setOnline' },
    'seat.became-away': { actions: 'markAway' },
    'contact.went-offline': { target: '.stale', actions: 'setOffline' },
  },
  states: {
    unknown: {
      always: { guard: 'isOnline', target: 'comparing' },
      on: { 'supplier.connected': { target: 'comparing', actions: 'setOnline' }, take: 'comparing' },
    },
    comparing: {
      entry: 'begin',
      invoke: {
        src: 'fetchDigest',
        input: ({ context }) => ({ supplier: context.supplier }),
        onDone: [{ guard: ({ event }) => event.output.equal, target: 'proving' }, { target: 'reconciling' }],
        onError: unavailable('no-digest'),
      },
      after: { answerTimeout: unavailable('silent') },
    },
    reconciling: {
      invoke: {
        src: 'reconcile',
        input: ({ context }) => ({ supplier: context.supplier, cursor: context.cursor }),
        onDone: {
          target: 'reconciled',
          actions: { type: 'takeRange', params: ({ event }) => ({ range: event.output }) },
        },
        onError: unavailable('broken-off'),
      },
      after: { rangeTimeout: unavailable('silent') },
    },
    reconciled: { always: [{ guard: 'hasMore', target: 'reconciling' }, { target: 'proving' }] },
    proving: { always: [{ guard: 'wasAway', target: 'sampling' }, { target: 'saving' }] },
    sampling: {
      description: 'What he says counts for nothing until he proved one piece.',
      invoke: {
        src: 'sample',
        input: ({ context }) => ({ supplier: context.supplier }),
        onDone: [
          {
            guard: ({ event }) => event.output === 'passed' || event.output === 'nothing',
            target: 'saving',
            actions: assign({ wasAway: false }),
          },
          {
            guard: ({ context, event }) => event.output === 'failed' && context.failed + 1 >= FAILED_MAX,
            target: 'condemning',
          },
          {
            guard: ({ event }) => event.output === 'failed',
            target: 'sampling',
            reenter: true,
            actions: 'countFailed',
          },
          unavailable('silent'),
        ],
        onError: unavailable('no-sample'),
      },
      after: { sampleTimeout: unavailable('silent') },
    },
    condemning: {
      invoke: {
        src: 'condemn',
        input: ({ context }) => ({ supplier: context.supplier }),
        onDone: unavailable('unproven'),
        onError: { target: 'stale', actions: 'countTry' },
      },
      after: { localTimeout: { target: 'stale', actions: 'countTry' } },
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
      always: { guard: 'isAgain', target: 'comparing' },
      on: { take: 'comparing', 'supplier.connected': { guard: 'wasAway', target: 'comparing' } },
      after: { refreshEvery: 'comparing' },
    },
    stale: {
      on: {
        'supplier.connected': { target: 'comparing', actions: 'setOnline' },
        take: 'comparing',
        'contact.went-offline': { actions: 'setOffline' },
      },
      after: {
        retryDelay: [
          { guard: 'isOnline', target: 'comparing' },
          { target: 'stale', reenter: true, actions: 'countTry' },
        ],
      },
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
      condemn: perform(ports.condemn),
      saveInventory: perform(ports.saveInventory),
    },
  });
}
