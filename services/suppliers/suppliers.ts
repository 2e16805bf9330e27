import type { Bus } from '../../bus/bus.ts';
import type { KnownCandidate } from '../../machines/suppliers/choose-seats.ts';
import type { Contacts } from '../../ports/contacts.ts';
import type { Health } from '../../ports/health.ts';
import type { Self } from '../../ports/identity.ts';
import type { Messenger } from '../../ports/messenger.ts';
import type { OwnLog } from '../../ports/order-logs.ts';
import type { Records } from '../../ports/records.ts';
import type { SeatState, SeatView, Suppliers } from '../../ports/suppliers.ts';
import type { ActorRuntime, Clock, Random } from '../../ports/world.ts';
import { BitDustError } from '../../protocol/errors.ts';
import type { BlockId, DeviceId } from '../../protocol/ids.ts';
import type { Notices } from '../kit/notices.ts';
import { adoptSeats } from './adopt-family.ts';
import { createAgreements } from './agreements.ts';
import { challengePiece } from './challenge.ts';
import { createFireHire, type FireHire } from './fire-hire.service.ts';
import { openSeatTable, type SeatRecord, type SeatTable } from './seat-table.ts';
import { createSupplierConnector, type SupplierConnector } from './supplier-connector.service.ts';
import { createSupplierFinder } from './supplier-finder.service.ts';
import { createSupplierInventory } from './supplier-inventory.service.ts';
import { listenToSuppliers } from './supplier-words.ts';

export interface SuppliersNeeds {
  readonly bus: Bus;
  readonly self: Self;
  readonly runtime: ActorRuntime;
  readonly clock: Clock;
  readonly random: Random;
  readonly records: Records;
  readonly messenger: Messenger;
  readonly contacts: Contacts;
  readonly log: OwnLog;
  /** Appends to our log and has it pushed; durable here on return. */
  readonly append: OwnLog['append'];
  readonly health: Health;
  /** Log and family of that device are ours as they stand. */
  readonly isCaughtUp: (device: DeviceId) => boolean;
  readonly isNetworkUp: () => boolean;
  readonly lookUp: (options: {
    readonly except: readonly DeviceId[];
    readonly count: number;
    readonly signal: AbortSignal;
  }) => Promise<readonly KnownCandidate[]>;
  /** Words of suppliers to their customer; without it nobody listens to them. */
  readonly notices?: Notices;
  readonly target: () => { readonly k: number | null; readonly n: number };
  readonly patienceMs: () => number | null;
  readonly onFailure: (key: string, error: unknown) => void;
}

/** Our suppliers: hiring, agreements, inventories, and what the other chapters may ask. */
export interface SuppliersService extends Suppliers {
  readonly hire: FireHire;
  readonly table: SeatTable;
  start(): Promise<void>;
  stop(): Promise<void>;
}

const MIB = 1024 * 1024;
const FIRST_BYTES = 16 * MIB;
const UPTIME_UNKNOWN = 0.8;
const UPTIME_KNOWN_AFTER_MS = 24 * 3_600_000;

/** Builds chapter suppliers and its port over the seat table. */
export async function createSuppliers(needs: SuppliersNeeds): Promise<SuppliersService> {
  const { bus, self, messenger, clock, random, contacts, log, health } = needs;
  const table = await openSeatTable({ records: needs.records, clock });
  const agreements = createAgreements({ self, messenger, clock, random });
  const common = { bus, self, runtime: needs.runtime, clock, random, onFailure: needs.onFailure } as const;
  const isOnline = (device: DeviceId): boolean => contacts.isOnline(device);
  const challenge = async (options: {
    readonly seat: number;
    readonly block: BlockId;
    readonly signal: AbortSignal;
  }) => {
    const row = table.get(options.seat);
    if (!row) throw new BitDustError('SEAT_UNKNOWN');
    return challengePiece({ self, messenger, random, log }, { ...options, supplier: row.device });
  };
  const connector = createSupplierConnector({ ...common, agreements, seats: table, isOnline });
  const finder = createSupplierFinder({
    ...common,
    agreements,
    lookUp: needs.lookUp,
    describe: async (device, signal) => {
      const { person } = await contacts.greet(device, signal);
      return person ? { device, person, domain: null, score: 0 } : undefined;
    },
  });
  const inventory = createSupplierInventory({
    ...common,
    messenger,
    log,
    health,
    seats: table,
    challenge,
    isOnline,
    onCondemned: () => hire.review(),
  });
  const watches = new Map<DeviceId, () => void>();

  function watchSeats(): void {
    const devices = new Set([...table.all(), ...table.formers()].map((row) => row.device));
    for (const device of devices) if (!watches.has(device)) watches.set(device, contacts.watch(device, true));
    for (const [device, end] of watches) {
      if (devices.has(device)) continue;
      end();
      watches.delete(device);
      inventory.close(device);
    }
  }

  const hire = createFireHire({
    ...common,
    seats: table,
    finder,
    connector,
    log,
    append: needs.append,
    health,
    isOnline,
    isNetworkUp: needs.isNetworkUp,
    isProven: (device) => inventory.isProven(device),
    firstBytes: (seat) => firstBytes(table.get(seat)),
    patienceMs: needs.patienceMs,
    seatsWanted: needs.target().n,
  });
  let unsubscribe: () => void = () => undefined;

  const stateOf = (row: SeatRecord): SeatState => seatState(row, { online: isOnline(row.device), connector });
  const view = (row: SeatRecord): SeatView =>
    seatView(row, {
      state: stateOf(row),
      caughtUp: needs.isCaughtUp(row.device),
      absentSince: contacts.absentSince(row.device),
    });
  const room = (seat: number): number => {
    const row = table.get(seat);
    return row ? Math.max(0, row.contractBytes - row.usedBytes) : 0;
  };

  return {
    hire,
    table,
    async start() {
      await adoptSeats(log, { table, now: clock.now() });
      const unsubscribes = [
        bus.subscribe(['suppliers.changed', 'supplier.dismissed'], watchSeats),
        bus.subscribe(['settings.changed'], () => hire.setSeats(needs.target().n)),
        ...(needs.notices
          ? [listenToSuppliers({ ...common, messenger, health, seats: table, notices: needs.notices })]
          : []),
      ];
      unsubscribe = () => {
        for (const end of unsubscribes) end();
      };
      watchSeats();
      await inventory.start();
      await finder.start();
      await connector.start();
      await hire.start();
    },
    async stop() {
      unsubscribe();
      await hire.stop();
      await inventory.stop();
      await finder.stop();
      await connector.stop();
      for (const end of watches.values()) end();
      watches.clear();
    },
    seats() {
      const last = Math.max(needs.target().n, ...table.all().map((row) => row.seat + 1));
      const hiring = hire.state() === 'hiring' || hire.state() === 'saving';
      return Array.from({ length: last }, (_, seat) => {
        const row = table.get(seat);
        return row ? view(row) : emptySeat(seat, hiring);
      });
    },
    seat: (seat) => {
      const row = table.get(seat);
      return row && view(row);
    },
    target: needs.target,
    seatsForBlock(pieceBytes) {
      const domains = new Set<string>();
      return table.all().flatMap((row) => {
        const isBound = row.contract !== null && row.refused === null && row.noticeUntil === null;
        const usable = isBound && !row.away && needs.isCaughtUp(row.device);
        const roomy = room(row.seat) >= pieceBytes || (isOnline(row.device) && !connector.isFull(row.device));
        if (!usable || !roomy || (row.domain !== null && domains.has(row.domain))) return [];
        if (row.domain !== null) domains.add(row.domain);
        return [{ seat: row.seat, device: row.device }];
      });
    },
    uptime() {
      const rows = table.all().filter((row) => row.watchedMs >= UPTIME_KNOWN_AFTER_MS);
      if (rows.length === 0) return UPTIME_UNKNOWN;
      return rows.reduce((sum, row) => sum + row.onlineMs / row.watchedMs, 0) / rows.length;
    },
    wantRoom(seat, bytes) {
      const row = table.get(seat);
      if (!row || room(seat) >= bytes) return;
      let wanted = Math.max(FIRST_BYTES, row.contractBytes);
      while (wanted - row.usedBytes < bytes) wanted *= 2;
      connector.resize(seat, wanted);
    },
    room,
    noteStored: (seat, bytes) => table.note(seat, (row) => ({ ...row, usedBytes: row.usedBytes + bytes })),
    challenge,
    former: (seat) => table.formers().find((holder) => holder.seat === seat && holder.serves)?.device ?? null,
  };
}

/** A new seat begins with 16 MiB, a refilled one with what it is to hold. */
function firstBytes(former: SeatRecord | undefined): number {
  return Math.max(FIRST_BYTES, former?.contractBytes ?? 0);
}

function seatState(
  row: SeatRecord,
  now: { readonly online: boolean; readonly connector: SupplierConnector },
): SeatState {
  if (row.refused !== null) return 'refused';
  if (row.away) return 'away';
  const state = now.connector.state(row.device);
  if (state === 'leaving') return 'leaving';
  if (state === 'requesting' && row.contract === null) return 'asking';
  return now.online && row.contract !== null ? 'connected' : 'disconnected';
}

function seatView(
  row: SeatRecord,
  now: { readonly state: SeatState; readonly caughtUp: boolean; readonly absentSince: number | null },
): SeatView {
  return {
    seat: row.seat,
    person: row.person,
    device: row.device,
    state: now.state,
    since: now.state === 'connected' ? row.hiredAt : (now.absentSince ?? row.seenAt ?? row.hiredAt),
    hiredAt: row.hiredAt,
    seenAt: row.seenAt,
    contract: row.contract
      ? { bytes: row.contractBytes, usedBytes: row.usedBytes, noticeUntil: row.noticeUntil }
      : null,
    reason: row.refused,
    caughtUp: now.caughtUp,
    domain: row.domain,
  };
}

function emptySeat(seat: number, hiring: boolean): SeatView {
  return {
    seat,
    person: null,
    device: null,
    state: hiring ? 'seeking' : 'empty',
    since: 0,
    hiredAt: null,
    seenAt: null,
    contract: null,
    reason: null,
    caughtUp: false,
    domain: null,
  };
}
