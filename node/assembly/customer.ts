import type { BlockSource } from '../../ports/catalogue.ts';
import type { LogSync } from '../../ports/log-sync.ts';
import type { BlockRow } from '../../ports/order-logs.ts';
import { createBackupMonitor } from '../../services/backup/backup-monitor.service.ts';
import { createCustomerBackups } from '../../services/backup/customer-backups.ts';
import { createHealthTable } from '../../services/backup/health-table.ts';
import type { Lanes } from '../../services/backup/lane-types.ts';
import { createLogSynchronizer } from '../../services/backup/log-synchronizer.service.ts';
import { createSafeVersions } from '../../services/backup/safe-versions.ts';
import type { IdentityService } from '../../services/identity/identity.ts';
import { createBackupRebuilder } from '../../services/rebuild/backup-rebuilder.service.ts';
import { createBlockRebuilders } from '../../services/rebuild/block-rebuilder.service.ts';
import { createBlockFetchers } from '../../services/restore/block-fetcher.service.ts';
import { createBlockSource } from '../../services/restore/block-source.ts';
import { catFile } from '../../services/restore/cat.ts';
import { createRestoreTasks } from '../../services/restore/restore-task.service.ts';
import { startVerify } from '../../services/restore/verify.ts';
import { createSeatSpeeds } from '../../services/suppliers/seat-speeds.ts';
import { graceMs } from '../../services/suppliers/seat-table.ts';
import { createSuppliers, type SuppliersService } from '../../services/suppliers/suppliers.ts';
import { createPipeline } from '../../storage/pipeline/pipeline.ts';
import { writeSettings } from '../config/layers.ts';
import { createCandidates } from './candidates.ts';
import type { CustomerPart } from './chapters.ts';
import type { Core } from './core.ts';

const DAY_MS = 86_400_000;
const AUTO_SEATS = 8;
const MIB = 1024 * 1024;

/** Builds what the node is as a customer: suppliers, log, backups, restores, repair. Nothing runs before its service starts. */
export async function buildCustomer(
  core: Core,
  identity: Pick<IdentityService, 'documents' | 'onDocuments'>,
): Promise<CustomerPart> {
  const { config, world, bus, runtime, self, network, contacts, logs, tasks, onFailure } = core;
  const { clock, random, disk } = world;
  const { messenger } = network;
  const records = core.store.records.part('customer');
  const common = { bus, runtime, clock, random, self, messenger, onFailure } as const;
  const isNetworkUp = (): boolean => network.connector.isUp();
  const patienceMs = (): number | null => config.get('services.customer.patience');
  let target = targetOf(config.get('services.customer.suppliers'));

  const log = await logs.own();
  const health = createHealthTable({ records: records.part('health'), log, clock });
  const seatOf: SuppliersService['seat'] = (seat) => suppliers.seat(seat);
  const sync: LogSync & { start(): void | Promise<void>; stop(): void | Promise<void> } = createLogSynchronizer({
    ...common,
    log,
    network: self.networkId,
    suppliers: { seat: seatOf },
    records: records.part('sync'),
    documents: identity.documents,
    graceMs: (seat) => seatGraceMs(seat),
    forgotten: async () => new Set(),
  });
  const suppliers = await createSuppliers({
    ...common,
    records: records.part('suppliers'),
    contacts,
    notices: core.notices,
    log,
    append: (drafts) => sync.append(drafts),
    health,
    isCaughtUp: (device) => sync.caughtUp(device),
    isNetworkUp,
    lookUp: createCandidates({ roles: network.roles, contacts, addressBook: network.addressBook }),
    target: () => target,
    patienceMs,
  });
  const seatGraceMs = (seat: number): number => {
    const row = suppliers.table.get(seat);
    return row ? graceMs(row, patienceMs()) : DAY_MS;
  };
  const refillWaitMs = (): number => Math.min(DAY_MS, patienceMs() ?? DAY_MS);

  const pipeline = createPipeline({
    workers: world.workers,
    limitBytes: config.get('role') === 'consumer' ? 64 * MIB : 256 * MIB,
  });
  const speeds = createSeatSpeeds();
  const sending = createCustomerBackups({
    ...common,
    records: records.part('backup'),
    disk,
    cacheFolder: core.paths.cache,
    sync,
    health,
    suppliers,
    pipeline,
    tasks,
    source: (): BlockSource => source,
    isLogKnown: () => isLogKnown(core, sync),
    isRemovalPaused: () => (self.state().recovery?.readOnlyUntil ?? 0) > clock.now(),
  });
  const { catalogue, operations: backups } = sending;
  const fetchers = createBlockFetchers({
    ...common,
    suppliers,
    health,
    speeds,
    cached: (row) => cachedPieces(sending.lanes, row),
  });
  const source = createBlockSource({ log, fetchers, pipeline });
  const restoreTasks = createRestoreTasks({
    ...common,
    disk,
    backups,
    catalogue,
    log,
    source,
    pipeline,
    suppliers,
    tasks,
  });
  const rebuilders = createBlockRebuilders({ ...common, log, health, source, pipeline, suppliers });
  const rebuilder = createBackupRebuilder({ ...common, health, suppliers, rebuilders, refillWaitMs });
  const monitor = createBackupMonitor({
    ...common,
    health,
    isNetworkUp,
    uptime: () => suppliers.uptime(),
    refillWaitMs,
    newlySafe: createSafeVersions({ catalogue, health }),
  });
  let endDocuments: () => void = () => undefined;
  const parts = [sync, suppliers, fetchers, sending, restoreTasks, rebuilders, rebuilder, monitor];

  return {
    service: {
      async start() {
        endDocuments = identity.onDocuments(() => sync.documentsChanged());
        for (const part of parts) await part.start();
      },
      async stop() {
        endDocuments();
        for (const part of [...parts].reverse()) await part.stop();
      },
    },
    suppliers,
    health,
    sync,
    catalogue,
    backups,
    restores: {
      restore: (options) => restoreTasks.restore(options),
      cat: (options) => catFile({ backups, catalogue, source }, options),
      verify: (options) => startVerify({ tasks, log, health, suppliers, source, random }, options),
    },
    monitor,
    rebuilders,
    sourceCounters: () => source.counters(),
    async setTarget(next) {
      target = next;
      writeSettings(config.home, { 'services.customer.suppliers': next.k === null ? 'auto' : `${next.k}/${next.n}` });
    },
  };
}

function targetOf(wanted: { readonly k: number; readonly n: number } | null): {
  readonly k: number | null;
  readonly n: number;
} {
  return wanted ?? { k: null, n: AUTO_SEATS };
}

/** Our own log is the whole truth unless this device was recovered; then the seats must have told theirs first. */
function isLogKnown({ self }: Core, sync: LogSync): boolean {
  return self.state().recovery === null || sync.state() === 'in-sync' || sync.log.heads().length > 0;
}

/** Pieces of a block that still lie here on their way to a supplier, by index. */
async function cachedPieces(lanes: Lanes, row: BlockRow): Promise<ReadonlyMap<number, Uint8Array>> {
  const found = new Map<number, Uint8Array>();
  for (const [index, seat] of row.seats.entries()) {
    const bytes = await lanes.cached(row.block, seat);
    if (bytes) found.set(index, bytes);
  }
  return found;
}
