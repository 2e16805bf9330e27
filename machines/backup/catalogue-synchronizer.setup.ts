import { assign, emit, setup } from 'xstate';
import type { Fact } from '../../bus/facts/index.ts';
import { backoffMs } from '../kit/backoff.ts';
import { type Effect, port } from '../kit/port.ts';

export interface CatalogueSynchronizerPorts {
  /** Opens what the log brought for the document since the cursor. */
  readonly openEntries: Effect<
    { document: string; cursor: string | null },
    { readonly cursor: string | null; readonly opened: number; readonly left: number }
  >;
  /** Reads index objects from the blocks; `missing` ones are not readable now. */
  readonly fetchObjects: Effect<
    { document: string; cursor: string | null },
    { readonly cursor: string | null; readonly missing: number; readonly left: number }
  >;
  /** The same from the footers of all blocks. */
  readonly readFooters: Effect<{ cursor: string | null }, { readonly cursor: string | null; readonly left: number }>;
  readonly merge: Effect<{ document: string }, { readonly changed: boolean; readonly conflicts: readonly string[] }>;
}

type Event =
  | { readonly type: 'refresh' }
  | { readonly type: 'rebuild' }
  | { readonly type: 'stop' }
  | Fact<'log.changed' | 'log.in-sync' | 'log.unavailable' | 'supplier.connected'>;

interface Context {
  readonly document: string;
  readonly seed: number;
  readonly cursor: string | null;
  readonly missing: number;
  readonly conflicts: readonly string[];
  readonly changed: boolean;
  readonly again: boolean;
  readonly attempt: number;
}

/** Types, ports, guards, actions and delays of `catalogue-synchronizer`, apart from its states. */
export const catalogueSynchronizerSetup = setup({
  types: {
    input: {} as { readonly document: string; readonly seed: number },
    context: {} as Context,
    events: {} as Event,
    emitted: {} as Fact<'document.in-sync' | 'document.merged' | 'document.conflicted' | 'document.unavailable'>,
  },
  actors: {
    openEntries: port<CatalogueSynchronizerPorts['openEntries']>('openEntries'),
    fetchObjects: port<CatalogueSynchronizerPorts['fetchObjects']>('fetchObjects'),
    readFooters: port<CatalogueSynchronizerPorts['readFooters']>('readFooters'),
    merge: port<CatalogueSynchronizerPorts['merge']>('merge'),
  },
  guards: {
    isAgain: ({ context }) => context.again,
    hasMissing: ({ context }) => context.missing > 0,
    hasConflicts: ({ context }) => context.conflicts.length > 0,
    hasChanged: ({ context }) => context.changed,
  },
  actions: {
    markAgain: assign({ again: true }),
    countTry: assign({ attempt: ({ context }) => context.attempt + 1 }),
    announceInSync: emit(({ context }) => ({ type: 'document.in-sync' as const, document: context.document })),
    announceMerged: emit(({ context }) => ({ type: 'document.merged' as const, document: context.document })),
    announceConflicted: emit(({ context }) => ({
      type: 'document.conflicted' as const,
      document: context.document,
      names: context.conflicts,
    })),
    announceUnavailable: emit(({ context }, params: { reason: string }) => ({
      type: 'document.unavailable' as const,
      document: context.document,
      reason: params.reason,
    })),
  },
  delays: {
    openTimeout: 30_000,
    fetchTimeout: 180_000,
    mergeTimeout: 30_000,
    settleDelay: 2_000,
    reviewEvery: ({ context }) => 6 * 3_600_000 * (0.8 + ((context.seed >>> 0) % 1_000) / 2_500),
    retryDelay: ({ context }) => backoffMs(context.attempt, context.seed, { fromMs: 5_000, toMs: 600_000 }),
  },
});
