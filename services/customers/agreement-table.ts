import type { PieceStore } from '../../ports/pieces.ts';
import type { Records } from '../../ports/records.ts';
import type { Clock } from '../../ports/world.ts';
import { parseContract, type SignedContract } from '../../protocol/contract.ts';
import type { DeviceId, PersonId } from '../../protocol/ids.ts';
import { decodeLocal, encodeLocal } from '../../protocol/local-codec.ts';
import type { TrashedBytes } from '../../protocol/order-rules.ts';
import { inOrder } from '../kit/in-order.ts';

/** `ended`: his pieces lie in the trash, and he is forgotten when it is empty. */
export type Standing = 'active' | 'absent' | 'onNotice' | 'releasing' | 'ended';

/** Our notice to a customer. */
export interface NoticeRow {
  readonly until: number;
  readonly bytes: number;
  readonly reason: 'space' | 'rejected' | 'idle';
  /** He has it. */
  readonly told: boolean;
}

/** What must survive a restart of one agreement, beside the contract in the piece store. Times in ms since 1970. */
export interface AgreementRow {
  readonly customer: PersonId;
  /** The device he spoke with last. */
  readonly device: DeviceId;
  readonly standing: Standing;
  readonly admittedAt: number;
  readonly seenAt: number | null;
  /** Silence, counted only while our own node and network were up. */
  readonly silentMs: number;
  readonly idleMs: number;
  /** Hashes of the contract and of the one it replaced, hex. */
  readonly contract: string;
  readonly replaced: string | null;
  readonly notice: NoticeRow | null;
  /** What orders of each device put into the trash lately. */
  readonly trashed: readonly TrashedBytes[];
}

/** Agreements with all customers: durable rows and the counting of silence. */
export interface AgreementTable {
  all(): readonly AgreementRow[];
  get(customer: PersonId): AgreementRow | undefined;
  ofDevice(device: DeviceId): AgreementRow | undefined;
  /** Durable on return. */
  put(row: AgreementRow): Promise<void>;
  /** Changes one row if it is there; durable on return. */
  change(customer: PersonId, alter: (row: AgreementRow) => AgreementRow): Promise<void>;
  /** The same in memory only; written by `save`. */
  note(customer: PersonId, alter: (row: AgreementRow) => AgreementRow): void;
  remove(customer: PersonId): Promise<void>;
  /** Adds the time since the last call to the silence of whoever is offline, while the network is up. */
  count(options: { readonly networkUp: boolean; readonly isOnline: (device: DeviceId) => boolean }): void;
  save(): Promise<void>;
}

/** A longer gap between two counts was a sleep. */
const COUNTED_MAX_MS = 2 * 3_600_000;

const keyOf = (customer: PersonId): string => `agreement/${customer}`;

/** Loads the rows; a contract without one is taken from the piece store as it stands. */
export async function openAgreementTable(needs: {
  readonly records: Records;
  readonly pieces: Pick<PieceStore, 'accounts' | 'contract'>;
  readonly clock: Clock;
}): Promise<AgreementTable> {
  const { records, pieces, clock } = needs;
  const rows = new Map<PersonId, AgreementRow>();
  for await (const [, bytes] of records.range({ from: 'agreement/', before: 'agreement0' })) {
    const row = decodeLocal<AgreementRow>(bytes);
    rows.set(row.customer, row);
  }
  for (const { customer, grantBytes } of pieces.accounts()) {
    const contract = await pieces.contract(customer);
    if (rows.has(customer) || contract === undefined) continue;
    const row = rowOf(parseContract(contract), clock.now());
    rows.set(customer, grantBytes > 0 ? row : { ...row, standing: 'ended' });
  }
  const turn = inOrder();
  let dirty = new Set<PersonId>();
  let countedAt = clock.monotonic();

  function note(customer: PersonId, alter: (row: AgreementRow) => AgreementRow): void {
    const row = rows.get(customer);
    if (row === undefined) return;
    rows.set(customer, alter(row));
    dirty.add(customer);
  }

  async function write(row: AgreementRow): Promise<void> {
    await records.batch([{ put: keyOf(row.customer), value: encodeLocal(row) }], { durable: true });
    rows.set(row.customer, row);
  }

  return {
    all: () => [...rows.values()],
    get: (customer) => rows.get(customer),
    ofDevice: (device) => [...rows.values()].find((row) => row.device === device),
    put: (row) => turn(() => write(row)),
    change: (customer, alter) =>
      turn(async () => {
        const row = rows.get(customer);
        if (row !== undefined) await write(alter(row));
      }),
    note,
    remove: (customer) =>
      turn(async () => {
        await records.batch([{ remove: keyOf(customer) }], { durable: true });
        rows.delete(customer);
      }),
    count({ networkUp, isOnline }) {
      const now = clock.monotonic();
      const passed = Math.min(COUNTED_MAX_MS, Math.max(0, now - countedAt));
      countedAt = now;
      if (!networkUp) return;
      for (const { customer, device } of rows.values()) {
        const online = isOnline(device);
        note(customer, (row) => (online ? heard(row, clock.now()) : { ...row, silentMs: row.silentMs + passed }));
      }
    },
    save: () =>
      turn(async () => {
        const changed = [...dirty].flatMap((customer) => rows.get(customer) ?? []);
        dirty = new Set();
        const operations = changed.map((row) => ({ put: keyOf(row.customer), value: encodeLocal(row) }));
        if (operations.length > 0) await records.batch(operations, { durable: false });
      }),
  };
}

/** The row of a contract that begins now. */
export function rowOf(contract: SignedContract, now: number): AgreementRow {
  return {
    customer: contract.customer,
    device: contract.customerDevice,
    standing: 'active',
    admittedAt: now,
    seenAt: null,
    silentMs: 0,
    idleMs: contract.idleMs,
    contract: contract.hash,
    replaced: contract.replaces,
    notice: null,
    trashed: [],
  };
}

/** The row after a word from the customer. */
export function heard(row: AgreementRow, now: number): AgreementRow {
  return { ...row, seenAt: now, silentMs: 0 };
}
