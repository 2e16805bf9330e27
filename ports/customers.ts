import type { PersonId } from '../protocol/ids.ts';

/** One customer as `bitdust customers` shows him. Times in ms since 1970. */
export interface CustomerView {
  readonly person: PersonId;
  readonly state: 'active' | 'full' | 'absent' | 'onNotice' | 'releasing';
  readonly contract: { readonly bytes: number; readonly usedBytes: number; readonly noticeUntil: number | null };
  readonly pieces: number;
  readonly seenAt: number | null;
}

/** What we give to others, and to whom. */
export interface Customers {
  list(): readonly CustomerView[];
  totals(): {
    readonly customers: number;
    readonly donatedBytes: number;
    readonly promisedBytes: number;
    readonly usedBytes: number;
    readonly trashBytes: number;
    readonly freeBytes: number;
  };
  /** Gives a customer notice; his pieces stay until it is over. `CUSTOMER_NOT_FOUND`. */
  reject(person: PersonId): Promise<CustomerView>;
  setDonation(bytes: number): Promise<void>;
}
