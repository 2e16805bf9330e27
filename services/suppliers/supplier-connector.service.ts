import type { Bus } from '../../bus/bus.ts';
import type { Fact } from '../../bus/facts/index.ts';
import { supplierConnectorWith } from '../../machines/suppliers/supplier-connector.machine.ts';
import type { Self } from '../../ports/identity.ts';
import type { ActorRuntime, Clock, Random } from '../../ports/world.ts';
import { BitDustError } from '../../protocol/errors.ts';
import type { DeviceId } from '../../protocol/ids.ts';
import { ActorPool } from '../kit/actor-pool.ts';
import type { Service } from '../kit/service.ts';
import type { Agreements } from './agreements.ts';
import type { SeatTable } from './seat-table.ts';

export interface SupplierConnectorNeeds {
  readonly bus: Bus;
  readonly self: Self;
  readonly runtime: ActorRuntime;
  readonly clock: Pick<Clock, 'now'>;
  readonly random: Random;
  readonly agreements: Agreements;
  readonly seats: SeatTable;
  readonly isOnline: (device: DeviceId) => boolean;
  readonly onFailure: (key: string, error: unknown) => void;
}

/** Agreements that stand or are being asked for, one a supplier. */
export interface SupplierConnector extends Service {
  open(seat: number): void;
  resize(seat: number, bytes: number): void;
  /** Ends the agreement with a device that left its seat; resolves when it is over, told or not. */
  leave(options: { readonly device: DeviceId; readonly contract: Uint8Array | null }): Promise<void>;
  state(device: DeviceId): string | null;
  /** He refused to promise more lately, so he takes no new blocks. */
  isFull(device: DeviceId): boolean;
}

const CONNECTORS_MAX = 256;
/** A refused growth is not asked for again for so long. */
const FULL_MS = 3_600_000;

/** Wires `supplier-connector` to the agreements and the seat table. */
export function createSupplierConnector(needs: SupplierConnectorNeeds): SupplierConnector {
  const { bus, self, seats, agreements } = needs;
  const former = new Map<DeviceId, Uint8Array | null>();
  const fullUntil = new Map<DeviceId, number>();
  const ended = new Map<DeviceId, () => void>();

  const pool = new ActorPool({
    machine: supplierConnectorWith({
      requestAgreement: async ({ supplier, seat, bytes }, signal) => {
        const record = seats.ofDevice(supplier);
        if (!record) throw new BitDustError('SEAT_UNKNOWN');
        const isGrowth = record.contract !== null && bytes > record.contractBytes;
        if (isGrowth && isFull(supplier)) return { kind: 'refused', why: 'no-room' };
        const asked = await agreements.ask({ supplier: record, bytes, former: record.contract, signal });
        if (!asked.accepted) {
          if (isGrowth) fullUntil.set(supplier, needs.clock.now() + FULL_MS);
          return { kind: 'refused', why: asked.reason };
        }
        fullUntil.delete(supplier);
        await seats.change(seat, (row) => ({
          ...row,
          contract: asked.contract,
          contractBytes: asked.bytes,
          refused: null,
        }));
        return { kind: 'agreed', bytes: asked.bytes };
      },
      endAgreement: async ({ supplier }, signal) => {
        const contract = former.get(supplier) ?? seats.ofDevice(supplier)?.contract;
        if (contract) await agreements.end({ supplier, contract, signal });
      },
    }),
    runtime: needs.runtime,
    actorsMax: CONNECTORS_MAX,
    onEmit: (fact) => {
      if (fact.type === 'supplier.refused')
        seats.note(seatOf(fact.supplier), (row) => ({ ...row, refused: fact.reason }));
      bus.publish(fact);
    },
    onFailure: needs.onFailure,
    onDone: (key) => {
      ended.get(key as DeviceId)?.();
      ended.delete(key as DeviceId);
      former.delete(key as DeviceId);
    },
  });

  const isFull = (device: DeviceId): boolean => (fullUntil.get(device) ?? 0) > needs.clock.now();
  const seatOf = (device: DeviceId): number => seats.ofDevice(device)?.seat ?? -1;
  const seed = (): number => Math.floor(needs.random.fraction() * 2 ** 31);
  let unsubscribe: () => void = () => undefined;

  function route(
    fact: Fact<'contact.came-online' | 'contact.went-offline' | 'delivery.refused' | 'supplier.gave-notice'>,
  ): void {
    pool.send('supplier' in fact ? fact.supplier : fact.peer, fact);
  }

  return {
    start() {
      unsubscribe = bus.subscribe(
        ['contact.came-online', 'contact.went-offline', 'delivery.refused', 'supplier.gave-notice'],
        route,
      );
      for (const row of seats.all()) this.open(row.seat);
    },
    stop() {
      unsubscribe();
      pool.closeAll();
    },
    open(seat) {
      const row = seats.get(seat);
      if (!row) return;
      pool.open(row.device, {
        owner: self.person,
        supplier: row.device,
        seat,
        bytes: row.contractBytes,
        agreed: row.contract !== null,
        online: needs.isOnline(row.device),
        seed: seed(),
      });
    },
    resize(seat, bytes) {
      const row = seats.get(seat);
      if (row) pool.send(row.device, { type: 'resize', bytes });
    },
    async leave({ device, contract }) {
      former.set(device, contract);
      const left = Promise.withResolvers<void>();
      ended.set(device, left.resolve);
      if (pool.send(device, { type: 'leave' })) return left.promise;
      ended.delete(device);
      former.delete(device);
      const signal = new AbortController().signal;
      if (contract) await agreements.end({ supplier: device, contract, signal }).catch(() => undefined);
    },
    state: (device) => String(pool.get(device)?.getSnapshot().value ?? '') || null,
    isFull,
  };
}
