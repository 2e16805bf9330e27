import type { PersonId } from '../protocol/ids.ts';

export type CustomerState = 'active' | 'full' | 'absent' | 'onNotice' | 'releasing';

/** One customer as `bitdust customers` shows him. Times in ms since 1970. */
export interface CustomerView {
  readonly person: PersonId;
  readonly state: CustomerState;
  readonly contract: { readonly bytes: number; readonly usedBytes: number; readonly noticeUntil: number | null };
  readonly pieces: number;
  readonly seenAt: number | null;
}

/** What this node gives. `freeBytes` is donated and not promised yet; `usedBytes` are live pieces, logs and documents. */
export interface DonationView {
  readonly donatedBytes: number;
  readonly promisedBytes: number;
  readonly usedBytes: number;
  readonly trashBytes: number;
  readonly freeBytes: number;
}

/** What a supplier may know of somebody who asks to be a customer. */
export interface Applicant {
  readonly person: PersonId;
  readonly nickname: string | null;
  readonly isContact: boolean;
  readonly wantedBytes: number;
}

/** Whom this supplier serves. */
export type AcceptPolicy =
  | { readonly kind: 'everyone' }
  | { readonly kind: 'friends' }
  | { readonly kind: 'list'; readonly persons: readonly PersonId[] }
  | { readonly kind: 'function'; readonly accepts: (applicant: Applicant) => boolean | Promise<boolean> };

/** What we give to others, and to whom. */
export interface Customers {
  list(): readonly CustomerView[];
  totals(): DonationView & { readonly customers: number };
  /** Gives a customer notice; his pieces stay until it is over. `CUSTOMER_NOT_FOUND`. */
  reject(person: PersonId): Promise<CustomerView>;
  /** In force on return; the caller keeps the setting and announces it. `DISK_FULL` when the disk has not so much. */
  setDonation(bytes: number): Promise<void>;
}
