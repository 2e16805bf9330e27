import type { Fact } from '../../bus/facts/index.ts';
import type { DeviceId } from '../../protocol/ids.ts';
import type { Effect } from '../kit/port.ts';
import type { FormerSupplier, Judgement, SeatHealth } from './judge-suppliers.ts';

export interface FireHireInput {
  readonly seatsWanted: number;
  readonly networkUp: boolean;
  readonly seed: number;
}

/** Somebody found for a seat, and whom he follows there. */
export interface Hired {
  readonly seat: number;
  readonly supplier: DeviceId;
  readonly former: DeviceId | null;
}

export interface FireHirePorts {
  /** The seats, and former holders whose successors have all pieces now. */
  readonly surveySuppliers: Effect<
    Record<never, never>,
    { readonly health: readonly SeatHealth[]; readonly done: readonly FormerSupplier[] }
  >;
  /** Opens one `supplier-finder` per seat and resolves when all came to rest. */
  readonly hire: Effect<
    { seats: readonly number[] },
    { readonly hired: readonly Hired[]; readonly failed: readonly number[]; readonly reason: string | null }
  >;
  /** Signs the new family and enters it into the log; the version is durable here on return. */
  readonly saveFamily: Effect<
    { hired: readonly Hired[]; voluntary: readonly number[] },
    { readonly version: number; readonly seats: number }
  >;
  /** Ends the agreements of those who left, told or not. */
  readonly dismiss: Effect<{ suppliers: readonly FormerSupplier[] }, void>;
}

export type FireHireHeard = Fact<
  | 'network.connected'
  | 'network.disconnected'
  | 'supplier.connected'
  | 'supplier.disconnected'
  | 'supplier.refused'
  | 'supplier.ended'
  | 'supplier.gave-notice'
  | 'inventory.known'
  | 'block.weakened'
  | 'peer.sighted'
  | 'settings.changed'
>;

export type FireHireCommand =
  | { readonly type: 'review' }
  | { readonly type: 'stop' }
  | { readonly type: 'setSeats'; readonly seatsWanted: number }
  | { readonly type: 'replace'; readonly seat: number }
  | { readonly type: 'keep'; readonly seat: number };

export interface FireHireContext extends FireHireInput {
  readonly health: readonly SeatHealth[];
  readonly done: readonly FormerSupplier[];
  readonly judgement: Judgement;
  readonly replace: readonly number[];
  readonly rescue: boolean;
  readonly again: boolean;
  readonly attempt: number;
  readonly hired: readonly Hired[];
}
