import type { BackupFacts } from './backup.ts';
import type { ContactsFacts } from './contacts.ts';
import type { CustomersFacts } from './customers.ts';
import type { IdentityFacts } from './identity.ts';
import type { NetworkFacts } from './network.ts';
import type { RebuildFacts } from './rebuild.ts';
import type { RestoreFacts } from './restore.ts';
import type { SuppliersFacts } from './suppliers.ts';
import type { SystemFacts } from './system.ts';

/** Every fact the node may announce, one interface a chapter, merged here. A row: past tense, `subject.happened`. */
export interface BusFacts
  extends SystemFacts,
    IdentityFacts,
    NetworkFacts,
    ContactsFacts,
    SuppliersFacts,
    CustomersFacts,
    BackupFacts,
    RestoreFacts,
    RebuildFacts {}

export type FactType = keyof BusFacts;

/** `Fact<'supplier.hired'>` is one event; `Fact` is the union of all of them. */
export type Fact<T extends FactType = FactType> = { [K in T]: { readonly type: K } & BusFacts[K] }[T];
