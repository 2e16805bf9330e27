import { assign, emit, enqueueActions, setup } from 'xstate';
import type { Fact } from '../../bus/facts/index.ts';
import type { DeviceId } from '../../protocol/ids.ts';
import { backoffMs } from '../kit/backoff.ts';
import { port } from '../kit/port.ts';
import type {
  LogSynchronizerInput,
  LogSynchronizerPorts,
  PulledEntries,
  PushedEntries,
} from './log-synchronizer.ports.ts';

type Event =
  | { readonly type: 'pull' | 'resolveFork' | 'stop' }
  | { readonly type: 'append'; readonly kinds: readonly string[] }
  | { readonly type: 'due'; readonly name: 'dropBefore' }
  | Fact<'document.changed' | 'log.noticed' | 'supplier.connected' | 'suppliers.changed' | 'network.connected'>;

interface Context extends LogSynchronizerInput {
  readonly attempt: number;
  /** Something to hear, to send, to gather came up while busy. */
  readonly wantPull: boolean;
  readonly wantPush: boolean;
  readonly edited: boolean;
  readonly pushed: PushedEntries | null;
}

/** What the log-synchronizer's states are made of: types, ports, guards, actions, delays. */
export const logSynchronizerSetup = setup({
  types: {
    input: {} as LogSynchronizerInput,
    context: {} as Context,
    events: {} as Event,
    emitted: {} as Fact<
      'log.changed' | 'log.in-sync' | 'log.unavailable' | 'log.withheld' | 'log.forked' | 'seat.caught-up'
    >,
  },
  actors: {
    fetchHeads: port<LogSynchronizerPorts['fetchHeads']>('fetchHeads'),
    pullEntries: port<LogSynchronizerPorts['pullEntries']>('pullEntries'),
    appendEntries: port<LogSynchronizerPorts['appendEntries']>('appendEntries'),
    pushEntries: port<LogSynchronizerPorts['pushEntries']>('pushEntries'),
    writeCheckpoint: port<LogSynchronizerPorts['writeCheckpoint']>('writeCheckpoint'),
  },
  guards: {
    wantsPull: ({ context }) => context.wantPull,
    wantsPush: ({ context }) => context.wantPush,
    wasEdited: ({ context }) => context.edited,
    isForked: ({ context }) => context.forked,
    isAlone: ({ context }) => context.pushed?.seats === 0,
    isAtQuorum: ({ context }) => context.pushed?.quorum === true,
    canShrink: ({ context }) => context.pushed?.canShrink === true,
  },
  actions: {
    markPull: assign({ wantPull: true }),
    markPush: assign({ wantPush: true }),
    markBoth: assign({ wantPull: true, wantPush: true }),
    markEdited: assign({ edited: true }),
    countTry: assign({ attempt: ({ context }) => context.attempt + 1 }),
    forgetTries: assign({ attempt: 0 }),
    announceChanged: emit(({ context }, params: { device?: DeviceId; kinds: readonly string[] }) => ({
      type: 'log.changed' as const,
      owner: context.owner,
      device: params.device ?? context.device,
      kinds: params.kinds,
    })),
    announceUnavailable: emit(({ context }, params: { reason: string }) => ({
      type: 'log.unavailable' as const,
      owner: context.owner,
      reason: params.reason,
    })),
    announceInSync: emit(({ context }) => ({ type: 'log.in-sync' as const, owner: context.owner })),
    announceWithheld: enqueueActions(({ context, enqueue }, params: { withheld: readonly DeviceId[] }) => {
      for (const supplier of params.withheld) {
        enqueue(emit({ type: 'log.withheld' as const, owner: context.owner, supplier }));
      }
    }),
    takePulled: enqueueActions(({ context, enqueue }, { applied, forked, device, kinds }: PulledEntries) => {
      const { owner } = context;
      if (applied > 0) enqueue(emit({ type: 'log.changed' as const, owner, device, kinds }));
      if (forked && !context.forked) enqueue(emit({ type: 'log.forked' as const, owner, device }));
      enqueue(assign({ forked }));
    }),
    takePushed: enqueueActions(({ enqueue }, params: { pushed: PushedEntries }) => {
      enqueue(assign({ pushed: params.pushed }));
      for (const one of params.pushed.caughtUp) enqueue(emit({ type: 'seat.caught-up' as const, ...one }));
    }),
  },
  delays: {
    headsTimeout: 20_000,
    rangeTimeout: 60_000,
    gatherDelay: 2_000,
    localTimeout: 10_000,
    pushTimeout: 60_000,
    checkpointTimeout: 300_000,
    pullEvery: ({ context }) => 24 * 60_000 + backoffMs(12, context.seed, { fromMs: 12 * 60_000, toMs: 12 * 60_000 }),
    retryDelay: ({ context }) => backoffMs(context.attempt, context.seed, { fromMs: 5_000, toMs: 600_000 }),
  },
});
