import type { Fact } from '../../bus/facts/index.ts';
import type { DeviceId } from '../../protocol/ids.ts';
import type { Effect } from '../kit/port.ts';

export interface SupplierInventoryInput {
  readonly supplier: DeviceId;
  /** He was counted as away, so one challenge comes first. */
  readonly wasAway: boolean;
  readonly online: boolean;
  readonly seed: number;
}

/** What one range showed. Without a cursor it was the last one. */
export interface Reconciled {
  readonly cursor: string | null;
  readonly missing: number;
  readonly strange: number;
}

export interface SupplierInventoryPorts {
  /** True when his digest equals ours. */
  readonly fetchDigest: Effect<{ supplier: DeviceId }, { readonly equal: boolean }>;
  /** One range; losses are written into the health table before it resolves. */
  readonly reconcile: Effect<{ supplier: DeviceId; cursor: string | null }, Reconciled>;
  /** One random challenge; `nothing` when he is to hold nothing. A failed one is written into the health table before. */
  readonly sample: Effect<{ supplier: DeviceId }, 'passed' | 'failed' | 'silent' | 'nothing'>;
  /** He failed several challenges in a row: his seat is to be filled. */
  readonly condemn: Effect<{ supplier: DeviceId }, void>;
  readonly saveInventory: Effect<{ supplier: DeviceId }, void>;
}

export type SupplierInventoryEvent =
  | { readonly type: 'take' }
  | { readonly type: 'stop' }
  | Fact<'supplier.connected' | 'contact.went-offline' | 'supplier.confessed' | 'seat.became-away'>;

export interface SupplierInventoryContext extends SupplierInventoryInput {
  readonly cursor: string | null;
  readonly missing: number;
  readonly strange: number;
  readonly attempt: number;
  readonly again: boolean;
  /** Failed challenges of this round. */
  readonly failed: number;
}
