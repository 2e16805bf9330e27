import type { Bus } from '../../bus/bus.ts';
import type { Backups } from '../../ports/backups.ts';
import type { BlockSource } from '../../ports/catalogue.ts';
import type { Disk } from '../../ports/disk.ts';
import type { Health } from '../../ports/health.ts';
import type { Self } from '../../ports/identity.ts';
import type { LogSync } from '../../ports/log-sync.ts';
import type { Messenger } from '../../ports/messenger.ts';
import type { Pipeline } from '../../ports/pipeline.ts';
import type { Records } from '../../ports/records.ts';
import type { Suppliers } from '../../ports/suppliers.ts';
import type { TaskTable } from '../../ports/tasks.ts';
import type { ActorRuntime, Clock, Random } from '../../ports/world.ts';
import { pieceBytes } from '../../protocol/block-size.ts';
import type { BlockId } from '../../protocol/ids.ts';
import type { Service } from '../kit/service.ts';
import { type BackupTasks, createBackupTasks } from './backup-task.service.ts';
import { type CatalogueStore, createCatalogue } from './catalogue/catalogue.ts';
import { type CatalogueSynchronizer, createCatalogueSynchronizer } from './catalogue-synchronizer.service.ts';
import { createDataSenders } from './data-sender.service.ts';
import { createJournal } from './journal.ts';
import type { LaneBlock, Lanes } from './lane-types.ts';
import { createLanes } from './lanes.ts';
import { createBackupOperations } from './operations.ts';
import { createBlockPlacer } from './place-blocks.ts';
import { createVersionKeeper, type VersionKeeper } from './version-keeper.service.ts';

export interface CustomerBackupsNeeds {
  readonly bus: Bus;
  readonly runtime: ActorRuntime;
  readonly clock: Clock;
  readonly random: Random;
  readonly self: Self;
  readonly records: Records;
  readonly disk: Disk;
  /** Where pieces wait for their suppliers. */
  readonly cacheFolder: string;
  readonly sync: LogSync;
  readonly health: Health;
  readonly suppliers: Suppliers;
  readonly messenger: Pick<Messenger, 'request'>;
  readonly pipeline: Pipeline;
  readonly tasks: TaskTable;
  /** Asked for late, because it reads through the catalogue and the lanes. */
  readonly source: () => BlockSource;
  /** False on a recovered device until its log was fetched. */
  readonly isLogKnown: () => boolean;
  /** True until all seats answered after a recovery, or 14 days passed. */
  readonly isRemovalPaused: () => boolean;
  readonly onFailure: (key: string, error: unknown) => void;
}

/** Everything that makes and names versions, wired: catalogue, lanes, senders, tasks, retention, operations. */
export interface CustomerBackups extends Service {
  readonly catalogue: CatalogueStore;
  readonly lanes: Lanes;
  readonly backupTasks: BackupTasks;
  readonly synchronizer: CatalogueSynchronizer;
  readonly versionKeeper: VersionKeeper;
  readonly operations: Backups;
}

/** What the lanes need of a block that an earlier run left pieces of. */
async function laneBlock(
  { sync, health }: Pick<CustomerBackupsNeeds, 'sync' | 'health'>,
  block: BlockId,
): Promise<{ readonly shape: LaneBlock; readonly owed: readonly number[] } | undefined> {
  const row = await sync.log.block(block);
  const found = await health.block(block);
  if (row === undefined || found === undefined) return undefined;
  const { k, n, size, roots, seats } = row;
  const owed = found.pieces.filter(({ state }) => state === 'owed').map(({ seat }) => seat);
  return { shape: { block, k, n, size, roots, seats, pieceBytes: pieceBytes(k, size) }, owed };
}

/** Builds it; nothing is read or sent before `start`. */
export function createCustomerBackups(needs: CustomerBackupsNeeds): CustomerBackups {
  const { records, sync, health, suppliers, self } = needs;
  const journal = createJournal(records.part('journal'));
  const catalogue = createCatalogue({ ...needs, records: records.part('catalogue'), log: sync.log });
  const lanes = createLanes({
    health,
    disk: needs.disk,
    folder: needs.cacheFolder,
    isReachable: (seat) => suppliers.seat(seat)?.state === 'connected',
    onHeld: (block, reached) => {
      if (reached === 'whole') void journal.removeIntent(block).catch((error) => needs.onFailure(block, error));
    },
  });
  const placer = createBlockPlacer({
    ...{ journal, catalogue, sync, health, suppliers, lanes },
    pipeline: needs.pipeline,
    random: needs.random,
    onStaged: (task, block) => {
      backupTasks.countPlaced(task, block);
      senders.wake();
    },
  });
  const backupTasks = createBackupTasks({ ...needs, journal, catalogue, lanes, placer });
  const senders = createDataSenders({
    ...needs,
    ...{ owner: self.person, lanes },
    onBytes: (block, bytes) => backupTasks.countSent(block, bytes),
  });

  const synchronizer = createCatalogueSynchronizer({ ...needs, catalogue, log: sync.log });
  const versionKeeper = createVersionKeeper({ ...needs, owner: self.person, catalogue });
  const operations = createBackupOperations({ ...needs, catalogue, lanes, backupTasks, synchronizer });

  return {
    catalogue,
    lanes,
    backupTasks,
    synchronizer,
    versionKeeper,
    operations,
    async start() {
      await catalogue.load();
      await lanes.load((block) => laneBlock(needs, block));
      await synchronizer.start();
      await senders.start();
      await backupTasks.start();
      await versionKeeper.start();
    },
    async stop() {
      await versionKeeper.stop();
      await backupTasks.stop();
      await senders.stop();
      await synchronizer.stop();
    },
  };
}
