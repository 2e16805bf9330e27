import type { Bus } from '../../bus/bus.ts';
import { fireHireWith, type Hired } from '../../machines/suppliers/fire-hire.machine.ts';
import type { SeatHealth } from '../../machines/suppliers/judge-suppliers.ts';
import type { Health } from '../../ports/health.ts';
import type { Self } from '../../ports/identity.ts';
import type { OwnLog } from '../../ports/order-logs.ts';
import type { ActorRuntime, Clock, Random } from '../../ports/world.ts';
import { makeFamily } from '../../protocol/family.ts';
import type { DeviceId } from '../../protocol/ids.ts';
import { ActorPool } from '../kit/actor-pool.ts';
import type { Service } from '../kit/service.ts';
import { graceMs, type SeatRecord, type SeatTable } from './seat-table.ts';
import type { SupplierConnector } from './supplier-connector.service.ts';
import type { Found, SupplierFinder } from './supplier-finder.service.ts';

export interface FireHireNeeds {
  readonly bus: Bus;
  readonly self: Self;
  readonly runtime: ActorRuntime;
  readonly clock: Clock;
  readonly random: Random;
  readonly seats: SeatTable;
  readonly finder: SupplierFinder;
  readonly connector: SupplierConnector;
  readonly log: OwnLog;
  /** Appends to our log and has it pushed; durable here on return. */
  readonly append: OwnLog['append'];
  readonly health: Pick<Health, 'seatAway' | 'seatReplaced'>;
  readonly isOnline: (device: DeviceId) => boolean;
  readonly isNetworkUp: () => boolean;
  /** Answered a challenge since he came back. */
  readonly isProven: (device: DeviceId) => boolean;
  /** Bytes a contract for the seat is to begin with. */
  readonly firstBytes: (seat: number) => number;
  readonly patienceMs: () => number | null;
  readonly seatsWanted: number;
  readonly onFailure: (key: string, error: unknown) => void;
}

export interface FireHire extends Service {
  review(): void;
  setSeats(seatsWanted: number): void;
  /** Somebody else for the seat; resolves with the device that sits there then, or null when nobody was found in time. */
  replace(options: {
    readonly seat: number;
    readonly device?: DeviceId;
    readonly signal: AbortSignal;
  }): Promise<DeviceId | null>;
  state(): string | null;
}

const KEY = 'node';

/** Wires `fire-hire`: surveys from the seat table, hires by the finder, signs the family into the log, dismisses last. */
export function createFireHire(needs: FireHireNeeds): FireHire {
  const { bus, seats, health } = needs;
  const named = new Map<number, DeviceId>();
  const former = new Map<DeviceId, Uint8Array | null>();
  const waiting = new Map<number, Set<(device: DeviceId) => void>>();
  let found: readonly Found[] = [];
  let wanted = needs.seatsWanted;

  const pool = new ActorPool({
    machine: fireHireWith({
      surveySuppliers: async () => {
        seats.count({ networkUp: needs.isNetworkUp(), isOnline: needs.isOnline });
        await seats.save();
        return { health: survey(needs, wanted) };
      },
      hire: async ({ seats: open }, signal) => {
        const sitting = seats.all();
        const answer = await needs.finder.find({
          seats: open.map((seat) => {
            const only = named.get(seat);
            const bytes = needs.firstBytes(seat);
            return only ? { seat, bytes, only } : { seat, bytes };
          }),
          taken: {
            devices: [...sitting.map((row) => row.device), needs.self.device],
            persons: [...sitting.filter((row) => !open.includes(row.seat)).map((row) => row.person), needs.self.person],
            domains: sitting
              .filter((row) => !open.includes(row.seat))
              .flatMap((row) => (row.domain ? [row.domain] : [])),
          },
          signal,
        });
        found = answer.found;
        const hired = answer.found.map((row): Hired => {
          const before = seats.get(row.seat);
          return { seat: row.seat, supplier: row.candidate.device, former: before?.device ?? null };
        });
        return { hired, failed: answer.failed, reason: answer.reason };
      },
      saveFamily: ({ hired }) => saveFamily(needs, { hired, found, former }),
      dismiss: async ({ supplier }) => {
        await needs.connector.leave({ device: supplier, contract: former.get(supplier) ?? null });
        former.delete(supplier);
      },
    }),
    runtime: needs.runtime,
    actorsMax: 1,
    onEmit: (fact) => void record(fact).then(() => bus.publish(fact)),
    onFailure: needs.onFailure,
  });

  /** What concerns durability is in the health table before it is announced. */
  async function record(fact: Parameters<Bus['publish']>[0]): Promise<void> {
    if (fact.type === 'seat.became-away' || fact.type === 'seat.came-back') {
      const away = fact.type === 'seat.became-away';
      await health.seatAway(fact.seat, away);
      await seats.change(fact.seat, (row) => ({ ...row, away }));
    }
    if (fact.type === 'suppliers.changed') settleWaiting();
  }

  function settleWaiting(): void {
    for (const [seat, resolvers] of waiting) {
      const row = seats.get(seat);
      if (!row || (named.has(seat) && named.get(seat) !== row.device)) continue;
      if (former.size > 0 && [...former.keys()].includes(row.device)) continue;
      named.delete(seat);
      waiting.delete(seat);
      for (const resolve of resolvers) resolve(row.device);
    }
  }

  let unsubscribe: () => void = () => undefined;

  return {
    start() {
      for (const row of seats.all()) if (row.away) void health.seatAway(row.seat, true);
      pool.open(KEY, {
        seatsWanted: wanted,
        networkUp: needs.isNetworkUp(),
        seed: Math.floor(needs.random.fraction() * 2 ** 31),
      });
      unsubscribe = bus.subscribe(
        [
          'network.connected',
          'network.disconnected',
          'supplier.connected',
          'supplier.disconnected',
          'supplier.refused',
          'supplier.ended',
          'supplier.gave-notice',
          'inventory.known',
          'block.weakened',
          'peer.sighted',
          'settings.changed',
        ],
        (fact) => pool.sendAll(fact),
      );
    },
    async stop() {
      unsubscribe();
      pool.closeAll();
      await seats.save();
    },
    review: () => pool.sendAll({ type: 'review' }),
    setSeats(seatsWanted) {
      wanted = seatsWanted;
      pool.sendAll({ type: 'setSeats', seatsWanted });
    },
    replace({ seat, device, signal }) {
      if (device) named.set(seat, device);
      const before = seats.get(seat)?.device;
      return new Promise((resolve) => {
        const resolvers = waiting.get(seat) ?? new Set();
        const answer = (now: DeviceId): void => (now === before ? undefined : resolve(now));
        waiting.set(seat, resolvers.add(answer));
        signal.addEventListener('abort', () => {
          resolvers.delete(answer);
          named.delete(seat);
          resolve(null);
        });
        pool.sendAll({ type: 'replace', seat });
      });
    },
    state: () => String(pool.get(KEY)?.getSnapshot().value ?? '') || null,
  };
}

function survey(needs: FireHireNeeds, wanted: number): SeatHealth[] {
  const rows = needs.seats.all();
  const last = Math.max(wanted, ...rows.map((row) => row.seat + 1));
  return Array.from({ length: last }, (_, seat) => {
    const row = needs.seats.get(seat);
    const leaving = row?.noticeUntil ? 'notice' : row?.refused ? 'refused' : null;
    return {
      seat,
      supplier: row?.device ?? null,
      online: row !== undefined && needs.isOnline(row.device),
      absentMs: row?.absentMs ?? 0,
      graceMs: row ? graceMs(row, needs.patienceMs()) : 0,
      leaving,
      away: row?.away ?? false,
      proven: row !== undefined && needs.isProven(row.device),
    };
  });
}

interface Change {
  readonly hired: readonly Hired[];
  readonly found: readonly Found[];
  readonly former: Map<DeviceId, Uint8Array | null>;
}

/** Signs the family with the new seats, writes it into the log, then the seat table and the health of moved seats. */
async function saveFamily(needs: FireHireNeeds, change: Change): Promise<{ version: number; seats: number }> {
  const { self, log, seats, clock } = needs;
  const before = log.family();
  const now = clock.now();
  const rows = change.hired.flatMap((hired): SeatRecord[] => {
    const found = change.found.find((row) => row.seat === hired.seat);
    return found ? [newRecord(found, now)] : [];
  });
  const moved = new Set(rows.map((row) => row.seat));
  const sitting = [...seats.all().filter((row) => !moved.has(row.seat)), ...rows].sort((a, b) => a.seat - b.seat);
  const family = makeFamily(
    {
      network: self.networkId,
      owner: self.person,
      device: self.device,
      revision: self.revision(),
      version: (before?.version ?? 0) + 1,
      prev: before?.hash ?? null,
      seats: sitting.map(({ seat, person, device }) => ({ seat, person, device })),
      warrantEpoch: 0,
    },
    self.signer,
  );
  for (const row of rows)
    change.former.set(seats.get(row.seat)?.device ?? row.device, seats.get(row.seat)?.contract ?? null);
  for (const row of rows) change.former.delete(row.device);
  await log.putFamily(family.bytes);
  const view = log.family()!;
  await needs.append([{ kind: 'family', body: { version: view.version, hash: view.hash } }]);
  for (const row of rows) if (seats.get(row.seat)) await needs.health.seatReplaced(row.seat);
  await seats.put(rows);
  for (const row of rows) needs.connector.open(row.seat);
  return { version: view.version, seats: sitting.length };
}

function newRecord(found: Found, now: number): SeatRecord {
  return {
    seat: found.seat,
    person: found.candidate.person,
    device: found.candidate.device,
    nickname: null,
    domain: found.candidate.domain,
    hiredAt: now,
    seenAt: now,
    contract: found.contract,
    contractBytes: found.bytes,
    usedBytes: 0,
    noticeUntil: null,
    absentMs: 0,
    usualAbsenceMs: 0,
    onlineMs: 0,
    watchedMs: 0,
    away: false,
    refused: null,
  };
}
