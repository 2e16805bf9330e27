import type { Bus } from '../../bus/bus.ts';
import { storeCheckerWith } from '../../machines/customers/store-checker.machine.ts';
import type { PieceRef, PieceStore } from '../../ports/pieces.ts';
import type { Records } from '../../ports/records.ts';
import type { ActorRuntime, Clock, Random } from '../../ports/world.ts';
import { textBytes } from '../../protocol/hash.ts';
import type { PersonId } from '../../protocol/ids.ts';
import { ActorPool } from '../kit/actor-pool.ts';
import type { Service } from '../kit/service.ts';
import type { Confessions } from './confessions.ts';
import { every } from './every.ts';
import type { TrashKeeper } from './trash-keeper.ts';

export interface StoreCheckerNeeds {
  readonly bus: Bus;
  readonly runtime: ActorRuntime;
  readonly clock: Clock;
  readonly random: Random;
  readonly records: Records;
  readonly pieces: Pick<PieceStore, 'totals' | 'verifyNext' | 'storeId'>;
  readonly confessions: Pick<Confessions, 'note'>;
  readonly trash: TrashKeeper;
  readonly onFailure: (key: string, error: unknown) => void;
}

export interface StoreChecker extends Service {
  /** Reads everything again now, without pauses. */
  checkNow(): void;
}

const PASS_MS = 30 * 86_400_000;
const SWEEP_EVERY_MS = 6 * 3_600_000;
const CURSOR_KEY = 'checker/cursor';

/** Wires `store-checker` to the piece store; where it stands is kept over restarts. */
export async function createStoreChecker(needs: StoreCheckerNeeds): Promise<StoreChecker> {
  const { bus, clock, records, pieces, confessions, trash } = needs;
  const kept = await records.get(CURSOR_KEY);
  const cursorKept = kept === undefined || kept.length === 0 ? null : new TextDecoder().decode(kept);

  /** Broken pieces that are not noted as confessions yet. */
  const found: PieceRef[] = [];

  async function recordConfession(): Promise<void> {
    const noted = found.length;
    await confessions.note(found.slice(0, noted));
    found.splice(0, noted);
  }

  async function verifyNext({ cursor, bytes }: { cursor: string | null; bytes: number }, signal: AbortSignal) {
    const step = await pieces.verifyNext({ cursor, bytes, signal });
    found.push(...step.rotten);
    await records.batch([{ put: CURSOR_KEY, value: textBytes(step.cursor ?? '') }], { durable: false });
    const share = bytes / Math.max(bytes, pieces.totals().usedBytes);
    return {
      cursor: step.cursor,
      pieces: step.checked,
      rotten: countsOf(step.rotten),
      done: step.done,
      gapMs: PASS_MS * share,
    };
  }

  const pool = new ActorPool({
    machine: storeCheckerWith({
      verifyNext,
      recordConfession,
      sweepNext: async () => ({ cursor: null, ...(await trash.sweep()) }),
    }),
    runtime: needs.runtime,
    actorsMax: 1,
    onEmit: (fact) => bus.publish(fact),
    onFailure: needs.onFailure,
  });
  const send = pool.send.bind(pool, pieces.storeId);
  let endings: readonly (() => void)[] = [];

  return {
    checkNow: () => void send({ type: 'checkNow' }),
    start() {
      const facts = ['budget.changed', 'disk.vanished', 'disk.became-unwritable', 'disk.recovered'] as const;
      endings = [
        bus.subscribe([...facts, 'node.started'], (fact) => pool.sendAll(fact)),
        every(clock, SWEEP_EVERY_MS, () => void send({ type: 'due', name: 'sweep' })),
      ];
      pool.open(pieces.storeId, { seed: Math.floor(needs.random.fraction() * 2 ** 31), cursor: cursorKept });
    },
    stop() {
      for (const end of endings) end();
      pool.closeAll();
    },
  };
}

function countsOf(refs: readonly PieceRef[]): readonly { readonly customer: PersonId; readonly count: number }[] {
  const counts = new Map<PersonId, number>();
  for (const { customer } of refs) counts.set(customer, (counts.get(customer) ?? 0) + 1);
  return [...counts].map(([customer, count]) => ({ customer, count }));
}
