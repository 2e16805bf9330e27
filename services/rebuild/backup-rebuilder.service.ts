import type { Bus } from '../../bus/bus.ts';
import { backupRebuilderWith } from '../../machines/rebuild/backup-rebuilder.machine.ts';
import type { Health } from '../../ports/health.ts';
import type { Suppliers } from '../../ports/suppliers.ts';
import type { ActorRuntime, Clock, Random } from '../../ports/world.ts';
import type { BlockId } from '../../protocol/ids.ts';
import { ActorPool } from '../kit/actor-pool.ts';
import type { Service } from '../kit/service.ts';
import type { BlockRebuilders, RebuildEnd } from './block-rebuilder.service.ts';
import { chooseRepairs, createTries, type Repair } from './choose-repairs.ts';

export interface BackupRebuilderNeeds {
  readonly bus: Bus;
  readonly runtime: ActorRuntime;
  readonly clock: Clock;
  readonly random: Random;
  readonly health: Pick<Health, 'weakest'>;
  readonly suppliers: Pick<Suppliers, 'seat'>;
  readonly rebuilders: BlockRebuilders;
  /** One grace of a seat, at most 24 h. */
  readonly refillWaitMs: () => number;
  readonly onFailure: (key: string, error: unknown) => void;
}

export interface BackupRebuilder extends Service {
  rebuild(): void;
}

const KEY = 'node';
/** Weak blocks looked at for one choice; some of them wait or have no seat that is ready. */
const LOOKED_AT = 4_096;

/** Wires `backup-rebuilder`: rescue before refill, four blocks at a time. */
export function createBackupRebuilder(needs: BackupRebuilderNeeds): BackupRebuilder {
  const { bus, clock, health, suppliers, rebuilders } = needs;
  const tries = createTries();
  let chosen: readonly Repair[] = [];
  let unsubscribe: () => void = () => undefined;

  const isReady = (seat: number): boolean => {
    const view = suppliers.seat(seat);
    return view?.state === 'connected' && view.caughtUp;
  };

  async function repairOne(block: BlockId, signal: AbortSignal): Promise<RebuildEnd> {
    const repair = chosen.find((row) => row.block === block);
    if (!repair) return { end: 'short', reason: 'not-chosen' };
    const result = await rebuilders.rebuild({ ...repair, signal });
    if (result.end === 'short') tries.note(block, clock.now());
    else tries.forget(block);
    return result;
  }

  const pool = new ActorPool({
    machine: backupRebuilderWith({
      chooseWeakest: async ({ queue, count, fresh }) => {
        if (fresh) tries.beginPass();
        const weak = await health.weakest(queue, LOOKED_AT);
        const options = { queue, count, now: clock.now(), refillWaitMs: needs.refillWaitMs(), isReady, tries };
        chosen = chooseRepairs(weak, options);
        return chosen.map((row) => row.block);
      },
      repair: async ({ blocks }, signal) => {
        const ends = await Promise.all(blocks.map((block) => repairOne(block, signal)));
        const count = (wanted: RebuildEnd['end']) => ends.filter(({ end }) => end === wanted).length;
        const reason = ends.find((one) => one.end === 'short')?.reason ?? null;
        return { repaired: count('repaired'), short: count('short'), obsolete: count('obsolete'), reason };
      },
    }),
    runtime: needs.runtime,
    actorsMax: 1,
    onEmit: (fact) => bus.publish(fact),
    onFailure: needs.onFailure,
  });

  return {
    start() {
      pool.open(KEY, { seed: Math.floor(needs.random.fraction() * 2 ** 31) });
      unsubscribe = bus.subscribe(
        [
          'block.weakened',
          'refill.became-due',
          'seat.caught-up',
          'budget.changed',
          'restore.started',
          'restore.finished',
          'restore.failed',
          'suppliers.changed',
          'supplier.connected',
        ],
        (fact) => {
          const isNew = fact.type === 'suppliers.changed' || fact.type === 'seat.caught-up';
          if (isNew || fact.type === 'supplier.connected') tries.forgetAll();
          pool.sendAll(fact);
        },
      );
      pool.sendAll({ type: 'rebuild' });
    },
    stop() {
      unsubscribe();
      pool.closeAll();
    },
    rebuild: () => pool.sendAll({ type: 'rebuild' }),
  };
}
