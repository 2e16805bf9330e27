import type { PieceAccount } from '../../ports/pieces.ts';
import { BitDustError } from '../../protocol/errors.ts';
import type { PersonId } from '../../protocol/ids.ts';
import { decodeLocal, encodeLocal } from '../../protocol/local-codec.ts';

/** What is kept of an account over a restart. */
export interface StoredAccount {
  readonly grantBytes: number;
  readonly pieces: number;
  readonly usedBytes: number;
  readonly trashBytes: number;
  readonly documentBytes: number;
  readonly charges: Readonly<Record<string, number>>;
}

/** How a change of the index changes an account. */
export interface AccountChange {
  readonly customer: PersonId;
  readonly pieces?: number;
  readonly usedBytes?: number;
  readonly trashBytes?: number;
  readonly documentBytes?: number;
  readonly grantBytes?: number;
  readonly charge?: { readonly what: string; readonly bytes: number };
}

/** Room taken in memory for what is on its way; given back exactly once. */
export interface Reservation {
  readonly bytes: number;
  release(): void;
}

const EMPTY: StoredAccount = {
  grantBytes: 0,
  pieces: 0,
  usedBytes: 0,
  trashBytes: 0,
  documentBytes: 0,
  charges: {},
};

/** The accounts of all customers in memory; the index writes them together with what changes them. */
export class Accounts {
  #stored = new Map<PersonId, StoredAccount>();
  #reserved = new Map<PersonId, number>();

  load(customer: PersonId, bytes: Uint8Array | undefined): void {
    if (bytes) this.#stored.set(customer, decodeLocal<StoredAccount>(bytes));
    else this.#stored.delete(customer);
  }

  /** The bytes of the accounts after these changes; nothing is changed yet. */
  preview(changes: readonly AccountChange[]): ReadonlyMap<PersonId, StoredAccount> {
    const after = new Map<PersonId, StoredAccount>();
    for (const change of changes) {
      const before = after.get(change.customer) ?? this.#stored.get(change.customer) ?? EMPTY;
      after.set(change.customer, changed(before, change));
    }
    return after;
  }

  install(after: ReadonlyMap<PersonId, StoredAccount>): void {
    for (const [customer, account] of after) this.#stored.set(customer, account);
  }

  forget(customer: PersonId): void {
    this.#stored.delete(customer);
  }

  charge(customer: PersonId, what: string): number {
    return this.#stored.get(customer)?.charges[what] ?? 0;
  }

  account(customer: PersonId): PieceAccount | undefined {
    const stored = this.#stored.get(customer);
    if (!stored) return undefined;
    const otherBytes = otherOf(stored);
    const reservedBytes = this.#reserved.get(customer) ?? 0;
    const { grantBytes, pieces, usedBytes, trashBytes } = stored;
    const taken = usedBytes + trashBytes + otherBytes + reservedBytes;
    return {
      customer,
      grantBytes,
      pieces,
      usedBytes,
      trashBytes,
      otherBytes,
      reservedBytes,
      freeBytes: Math.max(0, grantBytes - taken),
    };
  }

  all(): readonly PieceAccount[] {
    return [...this.#stored.keys()].flatMap((customer) => this.account(customer) ?? []);
  }

  totals() {
    const total = { grantedBytes: 0, usedBytes: 0, trashBytes: 0, otherBytes: 0, reservedBytes: 0, pieces: 0 };
    for (const account of this.all()) {
      total.grantedBytes += account.grantBytes;
      total.usedBytes += account.usedBytes;
      total.trashBytes += account.trashBytes;
      total.otherBytes += account.otherBytes;
      total.reservedBytes += account.reservedBytes;
      total.pieces += account.pieces;
    }
    return total;
  }

  /** Takes room at once, before anything is awaited; that makes the quota exact under any concurrency. */
  reserve(customer: PersonId, bytes: number): Reservation {
    const account = this.account(customer);
    if (!account) throw new BitDustError('CUSTOMER_UNKNOWN', undefined, { details: { customer } });
    if (bytes > account.freeBytes) {
      throw new BitDustError('QUOTA_EXCEEDED', undefined, { details: { freeBytes: account.freeBytes, bytes } });
    }
    this.#reserved.set(customer, account.reservedBytes + bytes);
    let held = true;
    return {
      bytes,
      release: () => {
        if (!held) return;
        held = false;
        const left = (this.#reserved.get(customer) ?? 0) - bytes;
        if (left > 0) this.#reserved.set(customer, left);
        else this.#reserved.delete(customer);
      },
    };
  }
}

/** The bytes of an account's row. */
export function encodeAccount(account: StoredAccount): Uint8Array {
  return encodeLocal(account);
}

function otherOf(account: StoredAccount): number {
  return Object.values(account.charges).reduce((sum, bytes) => sum + bytes, account.documentBytes);
}

function changed(before: StoredAccount, change: AccountChange): StoredAccount {
  const { charge } = change;
  return {
    grantBytes: change.grantBytes ?? before.grantBytes,
    pieces: before.pieces + (change.pieces ?? 0),
    usedBytes: before.usedBytes + (change.usedBytes ?? 0),
    trashBytes: before.trashBytes + (change.trashBytes ?? 0),
    documentBytes: before.documentBytes + (change.documentBytes ?? 0),
    charges: charge ? { ...before.charges, [charge.what]: charge.bytes } : before.charges,
  };
}
