import type { Bus } from '../../bus/bus.ts';
import { backupMonitorWith, type Weighed } from '../../machines/backup/backup-monitor.machine.ts';
import type { Health } from '../../ports/health.ts';
import type { ActorRuntime, Clock } from '../../ports/world.ts';
import type { VersionId } from '../../protocol/ids.ts';
import { urgentMark } from '../../protocol/marks.ts';
import { ActorPool } from '../kit/actor-pool.ts';
import { refillDueInMs } from '../kit/refill-due.ts';
import type { Service } from '../kit/service.ts';
import { lossProbabilityYear, ninesOf } from './loss-probability.ts';

export interface BackupMonitorNeeds {
  readonly bus: Bus;
  readonly runtime: ActorRuntime;
  readonly clock: Clock;
  readonly health: Health;
  readonly isNetworkUp: () => boolean;
  readonly uptime: () => number;
  readonly refillWaitMs: () => number;
  /** Stored versions whose every block has become whole since the last call. */
  readonly newlySafe: () => Promise<readonly VersionId[]>;
  readonly onFailure: (key: string, error: unknown) => void;
}

export interface BackupMonitor extends Service {
  review(): void;
  /** When health was last weighed; null before. */
  checkedAt(): number | null;
}

const KEY = 'node';
const WEAK_TOLD_MAX = 64;
const WEAK_WEIGHED_MAX = 4_096;
const RECOUNT_EVERY_MS = 7 * 86_400_000;

/** Wires `backup-monitor` to the health table. */
export function createBackupMonitor(needs: BackupMonitorNeeds): BackupMonitor {
  const { bus, clock, health } = needs;
  let weighedAt: number | null = null;
  let recountedAt = clock.now();
  let unsubscribe: () => void = () => undefined;

  async function weighClasses(): Promise<Weighed> {
    const [rescue, refill] = [
      await health.weakest('rescue', WEAK_TOLD_MAX),
      await health.weakest('refill', WEAK_WEIGHED_MAX),
    ];
    const waits = refill.flatMap(
      (block) => refillDueInMs(block, { now: clock.now(), waitMs: needs.refillWaitMs() }) ?? [],
    );
    const later = waits.filter((ms) => ms > 0);
    const summary = health.summary();
    weighedAt = clock.now();
    return {
      rescue: rescue.map((block) => ({
        block: block.block,
        held: block.held,
        urgent: block.held <= urgentMark(block),
      })),
      refill: waits.length - later.length,
      unreadable: summary.blocks.unreadable > 0 && summary.weakest ? [summary.weakest.block] : [],
      weakest: summary.weakest?.block ?? null,
      nines: ninesOf(lossProbabilityYear(summary.histogram, needs.uptime())),
      safeVersions: await needs.newlySafe(),
      nextDueMs: later.length > 0 ? Math.max(10, Math.min(...later)) : null,
    };
  }

  const pool = new ActorPool({
    machine: backupMonitorWith({
      weighClasses,
      recount: async () => {
        const counted = await health.recount();
        recountedAt = clock.now();
        return { cursor: null, done: true, ...counted };
      },
    }),
    runtime: needs.runtime,
    actorsMax: 1,
    onEmit: (fact) => {
      bus.publish(fact);
      const isDue = clock.now() - recountedAt >= RECOUNT_EVERY_MS;
      if (fact.type === 'health.measured' && isDue) pool.sendAll({ type: 'due', name: 'recountAt' });
    },
    onFailure: needs.onFailure,
  });

  return {
    start() {
      pool.open(KEY, { networkUp: needs.isNetworkUp() });
      unsubscribe = bus.subscribe(
        [
          'network.connected',
          'network.disconnected',
          'suppliers.changed',
          'seat.became-away',
          'seat.came-back',
          'inventory.differed',
          'pieces.delivered',
          'backup.entered',
          'backup.stored',
          'supplier.confessed',
          'piece.found-missing',
          'piece.found-bad',
          'block.repaired',
          'rebuild.finished',
          'rebuild.stuck',
        ],
        (fact) => pool.sendAll(fact),
      );
    },
    stop() {
      unsubscribe();
      pool.closeAll();
    },
    review: () => pool.sendAll({ type: 'review' }),
    checkedAt: () => weighedAt,
  };
}
