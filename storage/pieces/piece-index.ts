import type { PieceRef } from '../../ports/pieces.ts';
import type { RecordOperation, Records } from '../../ports/records.ts';
import type { PersonId } from '../../protocol/ids.ts';
import { type AccountChange, Accounts, encodeAccount } from './accounts.ts';
import { decodeRow, encodeRow, KEYS, type PlacedRow, refOfKey, under } from './rows.ts';

/** Operations on the index and what they do to the accounts: written together or not at all. */
export interface IndexChange {
  readonly operations: readonly RecordOperation[];
  readonly accounts?: readonly AccountChange[];
}

/** The index of a piece store: rows and accounts in one database, changed by one writer at a time. */
export class PieceIndex {
  readonly accounts = new Accounts();
  readonly records: Records;
  #turn: Promise<unknown> = Promise.resolve();
  /** Set by a failed write: whether it happened is not known, so the accounts are read again before the next turn. */
  #unsure = false;

  constructor(records: Records) {
    this.records = records;
  }

  async load(): Promise<void> {
    for await (const [key, value] of this.records.range(under('a/'))) {
      this.accounts.load(key.slice(2) as PersonId, value);
    }
    this.#unsure = false;
  }

  /** Runs a change that reads before it writes; changes never overlap. */
  inTurn<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    const mine = this.#turn.then(async () => {
      if (this.#unsure) await this.load();
      return work();
    });
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  /** Writes a change durably, accounts included. Only within a turn. */
  async commit(change: IndexChange): Promise<void> {
    const after = this.accounts.preview(change.accounts ?? []);
    const rows = [...after].map(([customer, account]) => ({
      put: KEYS.account(customer),
      value: encodeAccount(account),
    }));
    try {
      await this.records.batch([...change.operations, ...rows], { durable: true });
    } catch (cause) {
      this.#unsure = true;
      throw cause;
    }
    this.accounts.install(after);
  }

  async row(ref: PieceRef): Promise<PlacedRow | undefined> {
    return (await this.rows([ref]))[0];
  }

  async rows(refs: readonly PieceRef[]): Promise<readonly (PlacedRow | undefined)[]> {
    const values = await this.records.getMany(refs.map(KEYS.piece));
    return refs.map((ref, at) => {
      const value = values[at];
      return value && decodeRow(ref, value);
    });
  }

  /** All rows whose keys lie in the range, in order. */
  async *each(range: { readonly from: string; readonly before: string }): AsyncGenerator<PlacedRow> {
    for await (const [key, value] of this.records.range(range)) yield decodeRow(refOfKey(key), value);
  }

  put(row: PlacedRow): RecordOperation {
    return { put: KEYS.piece(row), value: encodeRow(row) };
  }
}
