import type { RecordOperation, Records } from '../../ports/records.ts';
import type { Clock } from '../../ports/world.ts';
import type { DeviceId, PersonId } from '../../protocol/ids.ts';
import { decodeLocal, encodeLocal } from '../../protocol/local-codec.ts';

/** What must survive a restart of one filled seat. Times in ms since 1970, absences as counted ms. */
export interface SeatRecord {
  readonly seat: number;
  readonly person: PersonId;
  readonly device: DeviceId;
  readonly nickname: string | null;
  readonly domain: string | null;
  readonly hiredAt: number;
  readonly seenAt: number | null;
  /** Contract signed by both, and what it promises. */
  readonly contract: Uint8Array | null;
  readonly contractBytes: number;
  readonly usedBytes: number;
  readonly noticeUntil: number | null;
  /** Absence so far, counted only while our own node and network were up. */
  readonly absentMs: number;
  /** Running mean of his past absences. */
  readonly usualAbsenceMs: number;
  readonly onlineMs: number;
  readonly watchedMs: number;
  readonly away: boolean;
  readonly refused: string | null;
}

/** Somebody whose seat has another holder now, and whose agreement is ended once that one has the pieces. */
export interface FormerHolder {
  readonly seat: number;
  readonly device: DeviceId;
  readonly contract: Uint8Array | null;
  readonly since: number;
  /** He still gives the pieces of the seat. */
  readonly serves: boolean;
}

/** The seats of our family: durable rows, and the counting of absence. */
export interface SeatTable {
  all(): readonly SeatRecord[];
  get(seat: number): SeatRecord | undefined;
  ofDevice(device: DeviceId): SeatRecord | undefined;
  /** Durable on return. */
  put(records: readonly SeatRecord[]): Promise<void>;
  remove(seats: readonly number[]): Promise<void>;
  /** Changes one row if it is there; durable on return. */
  change(seat: number, alter: (record: SeatRecord) => SeatRecord): Promise<void>;
  /** The same in memory, written with the next durable change or `save`. */
  note(seat: number, alter: (record: SeatRecord) => SeatRecord): void;
  /** Adds the time since the last call to the absence of whoever was offline at that call, and to the counts of uptime. */
  count(options: { readonly networkUp: boolean; readonly isOnline: (device: DeviceId) => boolean }): void;
  /** The time since the last call counts for nobody: the host slept. */
  skip(): void;
  /** He was tried since our network is up and is not there; nobody is absent before. */
  noteTried(device: DeviceId): void;
  isTried(device: DeviceId): boolean;
  formers(): readonly FormerHolder[];
  putFormers(holders: readonly FormerHolder[]): Promise<void>;
  removeFormer(device: DeviceId): Promise<void>;
  save(): Promise<void>;
}

/** After so long whoever did not answer was tried, also when nobody said so. */
const TRIED_AFTER_MS = 60_000;
/** A longer step is sleep or a jump of the clock, not absence. */
const STEP_MAX_MS = 15 * 60_000;

const keyOf = (seat: number): string => `seat/${String(seat).padStart(3, '0')}`;

/** Loads the seats from their records. */
export async function openSeatTable(needs: { readonly records: Records; readonly clock: Clock }): Promise<SeatTable> {
  const { records, clock } = needs;
  const rows = new Map<number, SeatRecord>();
  for await (const [, bytes] of records.range({ from: 'seat/', before: 'seat0' })) {
    const row = decodeLocal<SeatRecord>(bytes);
    rows.set(row.seat, row);
  }
  const formers = new Map<DeviceId, FormerHolder>();
  for await (const [, bytes] of records.range({ from: 'former/', before: 'former0' })) {
    const holder = decodeLocal<FormerHolder>(bytes);
    formers.set(holder.device, holder);
  }
  const tried = new Set<DeviceId>();
  /** Presence at the last count; who is not in it was not tried. */
  let levels = new Map<DeviceId, boolean>();
  let upSince: number | null = null;
  let countedAt = clock.monotonic();
  let dirty = new Set<number>();

  const isTried = (device: DeviceId): boolean =>
    tried.has(device) || (upSince !== null && clock.monotonic() - upSince >= TRIED_AFTER_MS);

  const operations = (seats: Iterable<number>): RecordOperation[] =>
    [...seats].flatMap((seat) => {
      const row = rows.get(seat);
      return row ? [{ put: keyOf(seat), value: encodeLocal(row) }] : [];
    });

  async function write(seats: Iterable<number>): Promise<void> {
    const batch = operations(new Set([...dirty, ...seats]));
    dirty = new Set();
    if (batch.length > 0) await records.batch(batch, { durable: true });
  }

  function note(seat: number, alter: (record: SeatRecord) => SeatRecord): void {
    const row = rows.get(seat);
    if (!row) return;
    rows.set(seat, alter(row));
    dirty.add(seat);
  }

  return {
    all: () => [...rows.values()].sort((a, b) => a.seat - b.seat),
    get: (seat) => rows.get(seat),
    ofDevice: (device) => [...rows.values()].find((row) => row.device === device),
    async put(changed) {
      for (const row of changed) rows.set(row.seat, row);
      await write(changed.map((row) => row.seat));
    },
    async remove(seats) {
      for (const seat of seats) rows.delete(seat);
      await records.batch(
        seats.map((seat) => ({ remove: keyOf(seat) })),
        { durable: true },
      );
    },
    async change(seat, alter) {
      note(seat, alter);
      await write([seat]);
    },
    note,
    count({ networkUp, isOnline }) {
      const now = clock.monotonic();
      const stepMs = Math.max(0, now - countedAt);
      const elapsedMs = upSince === null || stepMs > STEP_MAX_MS ? 0 : stepMs;
      countedAt = now;
      if (!networkUp || upSince === null) tried.clear();
      upSince = networkUp ? (upSince ?? now) : null;
      const next = new Map<DeviceId, boolean>();
      for (const row of [...rows.values()]) {
        const was = levels.get(row.device);
        const online = networkUp && isOnline(row.device);
        if (online) tried.add(row.device);
        if (networkUp && isTried(row.device)) next.set(row.device, online);
        if (was !== undefined) note(row.seat, (record) => counted(record, { elapsedMs, online: was }));
        if (online) note(row.seat, (record) => answered(record, clock.now()));
      }
      levels = next;
    },
    skip() {
      countedAt = clock.monotonic();
    },
    noteTried: (device) => void tried.add(device),
    isTried,
    formers: () => [...formers.values()],
    async putFormers(holders) {
      for (const holder of holders) formers.set(holder.device, holder);
      const puts = holders.map((holder) => ({ put: `former/${holder.device}`, value: encodeLocal(holder) }));
      if (puts.length > 0) await records.batch(puts, { durable: true });
    },
    async removeFormer(device) {
      formers.delete(device);
      await records.batch([{ remove: `former/${device}` }], { durable: true });
    },
    save: () => write([]),
  };
}

/** One step of counting, by what he was during it. */
function counted(record: SeatRecord, step: { readonly elapsedMs: number; readonly online: boolean }): SeatRecord {
  const watchedMs = record.watchedMs + step.elapsedMs;
  if (step.online) return { ...record, watchedMs, onlineMs: record.onlineMs + step.elapsedMs };
  return { ...record, watchedMs, absentMs: record.absentMs + step.elapsedMs };
}

/** He is there: his absence ends in the mean. */
function answered(record: SeatRecord, now: number): SeatRecord {
  const usualAbsenceMs =
    record.absentMs === 0 ? record.usualAbsenceMs : record.usualAbsenceMs * 0.75 + record.absentMs * 0.25;
  return { ...record, usualAbsenceMs, absentMs: 0, seenAt: now };
}

const HOUR_MS = 3_600_000;

/** How long he may be absent before he counts as away: the patience when set, else three times his usual absence, 24 h to 7 d. */
export function graceMs(record: SeatRecord, patienceMs: number | null): number {
  if (patienceMs !== null) return Math.max(1_000, patienceMs);
  return Math.min(168 * HOUR_MS, Math.max(24 * HOUR_MS, 3 * record.usualAbsenceMs));
}
