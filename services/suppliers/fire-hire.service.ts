import type { Bus } from '../../bus/bus.ts';
import type { Fact } from '../../bus/facts/index.ts';
import { fireHireWith } from '../../machines/suppliers/fire-hire.machine.ts';
import type { Hired } from '../../machines/suppliers/fire-hire.ports.ts';
import type { FormerSupplier, SeatHealth } from '../../machines/suppliers/judge-suppliers.ts';
import type { Health } from '../../ports/health.ts';
import type { ActorRuntime, Random } from '../../ports/world.ts';
import type { DeviceId } from '../../protocol/ids.ts';
import { ActorPool } from '../kit/actor-pool.ts';
import { inOrder } from '../kit/in-order.ts';
import type { Service } from '../kit/service.ts';
import type { Found } from './hiring-round.ts';
import { adoptFamily, type FamilyNeeds, saveFamily } from './save-family.ts';
import { graceMs } from './seat-table.ts';
import { createSeatWaiters } from './seat-waiters.ts';
import type { SupplierConnector } from './supplier-connector.service.ts';
import type { SupplierFinder } from './supplier-finder.service.ts';

export interface FireHireNeeds extends FamilyNeeds {
  readonly bus: Bus;
  readonly runtime: ActorRuntime;
  readonly random: Random;
  readonly finder: SupplierFinder;
  readonly connector: SupplierConnector;
  readonly health: Pick<Health, 'seatAway' | 'seatReplaced' | 'seatFormer' | 'pieceCounts'>;
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
/** Pieces of an ended contract lie 30 d in the trash; a former holder who stays away so long needs no word any more. */
const FORMER_KEPT_MS = 30 * 86_400_000;

/** Wires `fire-hire`: surveys from the seat table, hires by the finder, signs the family into the log, dismisses last. */
export function createFireHire(needs: FireHireNeeds): FireHire {
  const { bus, seats, health } = needs;
  const waiters = createSeatWaiters();
  const oneByOne = inOrder();
  let found: readonly Found[] = [];
  let wanted = needs.seatsWanted;

  const count = (): void => seats.count({ networkUp: needs.isNetworkUp(), isOnline: needs.isOnline });

  async function surveySuppliers() {
    for (const seat of await adoptFamily(needs)) needs.connector.open(seat);
    count();
    await seats.save();
    return { health: survey(needs, wanted), done: doneFormers(needs) };
  }

  async function hire({ seats: open }: { readonly seats: readonly number[] }, signal: AbortSignal) {
    const sitting = seats.all();
    const staying = sitting.filter((row) => !open.includes(row.seat));
    const formers = seats.formers().map(({ device }) => device);
    const answer = await needs.finder.find({
      seats: open.map((seat) => {
        const only = waiters.named(seat);
        const bytes = needs.firstBytes(seat);
        return only ? { seat, bytes, only } : { seat, bytes };
      }),
      taken: {
        devices: [...sitting.map((row) => row.device), ...formers, needs.self.device],
        persons: [...staying.map((row) => row.person), needs.self.person],
        domains: staying.flatMap((row) => (row.domain ? [row.domain] : [])),
      },
      signal,
    });
    found = answer.found;
    const hired = answer.found.map(
      (row): Hired => ({
        seat: row.seat,
        supplier: row.candidate.device,
        former: seats.get(row.seat)?.device ?? null,
      }),
    );
    return { hired, failed: answer.failed, reason: answer.reason };
  }

  async function dismiss({ suppliers }: { readonly suppliers: readonly FormerSupplier[] }): Promise<void> {
    await Promise.all(
      suppliers.map(async ({ seat, supplier }) => {
        const contract = seats.formers().find(({ device }) => device === supplier)?.contract ?? null;
        await needs.connector.leave({ device: supplier, contract });
        await seats.removeFormer(supplier);
        const isServed = seats.formers().some((holder) => holder.seat === seat && holder.serves);
        await health.seatFormer(seat, isServed);
      }),
    );
  }

  const pool = new ActorPool({
    machine: fireHireWith({
      surveySuppliers,
      hire,
      saveFamily: async (change) => {
        const saved = await oneByOne(() => saveFamily(needs, { ...change, found }));
        for (const { seat } of change.hired) needs.connector.open(seat);
        return saved;
      },
      dismiss,
    }),
    runtime: needs.runtime,
    actorsMax: 1,
    onEmit: (fact) =>
      void oneByOne(() => record(fact)).then(
        () => bus.publish(fact),
        (error: unknown) => needs.onFailure(KEY, error),
      ),
    onFailure: needs.onFailure,
  });

  /** What concerns durability is in the health table before it is announced. */
  async function record(fact: Fact): Promise<void> {
    if (fact.type === 'seat.became-away' || fact.type === 'seat.came-back') {
      const away = fact.type === 'seat.became-away';
      if (seats.get(fact.seat)?.device !== fact.supplier) return;
      await health.seatAway(fact.seat, away);
      await seats.change(fact.seat, (row) => ({ ...row, away }));
    }
    if (fact.type === 'suppliers.changed') waiters.settle((seat) => seats.get(seat)?.device ?? null);
  }

  const unsubscribes: (() => void)[] = [];

  return {
    async start() {
      for (const row of seats.all()) if (row.away) await health.seatAway(row.seat, true);
      for (const holder of seats.formers()) if (holder.serves) await health.seatFormer(holder.seat, true);
      count();
      pool.open(KEY, {
        seatsWanted: wanted,
        networkUp: needs.isNetworkUp(),
        seed: Math.floor(needs.random.fraction() * 2 ** 31),
      });
      unsubscribes.push(
        bus.subscribe(['contact.came-online', 'contact.went-offline'], (fact) => {
          if (fact.type === 'contact.went-offline') seats.noteTried(fact.peer);
          count();
        }),
        bus.subscribe(['host.woke'], () => seats.skip()),
        bus.subscribe(
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
          (fact) => {
            if (fact.type === 'network.connected' || fact.type === 'network.disconnected') count();
            pool.sendAll(fact);
          },
        ),
      );
    },
    async stop() {
      for (const unsubscribe of unsubscribes.splice(0)) unsubscribe();
      pool.closeAll();
      count();
      await seats.save();
    },
    review: () => pool.sendAll({ type: 'review' }),
    setSeats(seatsWanted) {
      wanted = seatsWanted;
      pool.sendAll({ type: 'setSeats', seatsWanted });
    },
    async replace({ seat, device, signal }) {
      const before = seats.get(seat)?.device ?? null;
      const waiting = waiters.wait({ seat, before, device, signal });
      pool.sendAll({ type: 'replace', seat });
      const now = await waiting;
      if (now === null) pool.sendAll({ type: 'keep', seat });
      return now;
    },
    state: () => {
      const value = pool.get(KEY)?.getSnapshot().value;
      return value === undefined ? null : String(value);
    },
  };
}

/** Formers whose successors have every piece, and who can be told, or who never came back. */
function doneFormers(needs: FireHireNeeds): FormerSupplier[] {
  const { seats, health } = needs;
  return seats
    .formers()
    .filter(({ seat, device, since, serves }) => {
      const { wanted, held } = health.pieceCounts(seat);
      const isFilled = held === wanted || !serves;
      return (isFilled && needs.isOnline(device)) || needs.clock.now() - since > FORMER_KEPT_MS;
    })
    .map(({ seat, device }) => ({ seat, supplier: device }));
}

function survey(needs: FireHireNeeds, wanted: number): SeatHealth[] {
  const { seats } = needs;
  const rows = seats.all();
  const last = Math.max(wanted, ...rows.map((row) => row.seat + 1));
  return Array.from({ length: last }, (_, seat) => {
    const row = seats.get(seat);
    if (!row) return emptySeat(seat);
    return {
      seat,
      supplier: row.device,
      online: needs.isOnline(row.device) || !seats.isTried(row.device),
      absentMs: row.absentMs,
      graceMs: graceMs(row, needs.patienceMs()),
      leaving: row.noticeUntil !== null ? 'notice' : row.refused !== null ? 'refused' : null,
      away: row.away,
      proven: needs.isProven(row.device),
      filling: seats.formers().some((holder) => holder.seat === seat && holder.serves),
    };
  });
}

function emptySeat(seat: number): SeatHealth {
  return {
    seat,
    supplier: null,
    online: false,
    absentMs: 0,
    graceMs: 0,
    leaving: null,
    away: false,
    proven: false,
    filling: false,
  };
}
