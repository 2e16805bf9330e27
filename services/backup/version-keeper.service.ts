import type { Bus } from '../../bus/bus.ts';
import { chooseRetained } from '../../machines/backup/choose-retained.ts';
import { versionKeeperWith } from '../../machines/backup/version-keeper.machine.ts';
import type { LogSync } from '../../ports/log-sync.ts';
import type { ActorRuntime, Random } from '../../ports/world.ts';
import { BitDustError } from '../../protocol/errors.ts';
import type { PersonId, VersionId } from '../../protocol/ids.ts';
import { ActorPool } from '../kit/actor-pool.ts';
import type { Service } from '../kit/service.ts';
import type { CatalogueStore } from './catalogue/catalogue.ts';

export interface VersionKeeperNeeds {
  readonly bus: Bus;
  readonly runtime: ActorRuntime;
  readonly random: Random;
  readonly owner: PersonId;
  readonly catalogue: CatalogueStore;
  readonly sync: Pick<LogSync, 'atQuorum'>;
  /** True until all seats answered after a recovery, or 14 days passed. */
  readonly isRemovalPaused: () => boolean;
  readonly onFailure: (key: string, error: unknown) => void;
}

/** Retention of versions. */
export interface VersionKeeper extends Service {
  /** Applies the retention rules now. */
  sweep(): void;
}

const KEY = 'own';

/** Wires `version-keeper` to the catalogue: it retires by the rules of each set and never the newest. */
export function createVersionKeeper(needs: VersionKeeperNeeds): VersionKeeper {
  const { bus, catalogue } = needs;

  async function write(kind: 'retired' | 'brought-back', versions: readonly VersionId[], signal: AbortSignal) {
    const places = await catalogue.writeNotes(versions.map((version) => ({ kind, version })));
    const last = places.at(-1);
    if (last !== undefined && (await needs.sync.atQuorum(last.seq, signal)) === 'below') {
      throw new BitDustError('LOG_BELOW_QUORUM');
    }
  }

  const pool = new ActorPool({
    machine: versionKeeperWith({
      async chooseExpired() {
        if (needs.isRemovalPaused() || catalogue.state() !== 'in-sync') return { versions: [], closed: true };
        const { versions } = await catalogue.opened.read();
        const kept = versions.filter(({ retiredAt }) => retiredAt === null);
        const expired: VersionId[] = [];
        for (const { name, keep } of await catalogue.namedSets()) {
          const ofSet = kept.filter(({ entry }) => entry.set === name);
          const rows = ofSet.map(({ version, entry }) => ({ version, at: entry.at }));
          const retained = chooseRetained(rows, keep);
          expired.push(...rows.map(({ version }) => version).filter((version) => !retained.has(version)));
        }
        return { versions: expired, closed: false };
      },
      retire: ({ versions }, signal) => write('retired', versions, signal),
      bringBack: ({ versions }, signal) => write('brought-back', versions, signal),
    }),
    runtime: needs.runtime,
    actorsMax: 1,
    onEmit: (fact) => bus.publish(fact),
    onFailure: needs.onFailure,
  });
  let unsubscribe: () => void = () => undefined;

  return {
    start() {
      unsubscribe = bus.subscribe(['backup.stored', 'log.in-sync', 'log.unavailable'], (fact) => pool.sendAll(fact));
      pool.open(KEY, { seed: Math.floor(needs.random.fraction() * 2 ** 31), owner: needs.owner });
    },
    stop() {
      unsubscribe();
      pool.closeAll();
    },
    sweep: () => void pool.send(KEY, { type: 'sweep' }),
  };
}
