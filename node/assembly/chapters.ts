import type { Backups } from '../../ports/backups.ts';
import type { Catalogue } from '../../ports/catalogue.ts';
import type { Customers } from '../../ports/customers.ts';
import type { Health } from '../../ports/health.ts';
import type { LogSync } from '../../ports/log-sync.ts';
import type { PieceStore } from '../../ports/pieces.ts';
import type { Restores } from '../../ports/restores.ts';
import type { BackupMonitor } from '../../services/backup/backup-monitor.service.ts';
import type { IdentityService } from '../../services/identity/identity.ts';
import type { Service } from '../../services/kit/service.ts';
import type { BlockRebuilders } from '../../services/rebuild/block-rebuilder.service.ts';
import type { SourceCounters } from '../../services/restore/block-source.ts';
import type { SuppliersService } from '../../services/suppliers/suppliers.ts';

/** What the node is as a customer of others. */
export interface CustomerPart {
  readonly service: Service;
  readonly suppliers: SuppliersService;
  readonly health: Health;
  readonly sync: LogSync;
  readonly catalogue: Catalogue;
  readonly backups: Backups;
  readonly restores: Restores;
  readonly monitor: BackupMonitor;
  readonly rebuilders: BlockRebuilders;
  readonly sourceCounters: () => SourceCounters;
  /** The target of new blocks: `auto` is k null. */
  readonly setTarget: (target: { readonly k: number | null; readonly n: number }) => Promise<void>;
}

/** What the node is as a supplier of others. */
export interface SupplierPart {
  readonly service: Service;
  readonly customers: Customers;
  readonly pieces: PieceStore;
}

/** The parts that the configuration switches on. */
export interface Chapters {
  readonly identity: IdentityService;
  readonly customer: CustomerPart | null;
  readonly supplier: SupplierPart | null;
}
