import type { DeviceId, PersonId } from '../../protocol/ids.ts';

/** Chapter suppliers: I am the customer, hiring. */
export interface SuppliersFacts {
  'supplier.hired': { readonly seat: number; readonly supplier: DeviceId; readonly person: PersonId };
  'supplier.search-failed': { readonly seat: number; readonly reason: 'exhausted' | 'refused-by-all' | 'no-network' };
  'supplier.connected': { readonly owner: PersonId; readonly supplier: DeviceId; readonly bytes: number };
  'supplier.disconnected': { readonly owner: PersonId; readonly supplier: DeviceId };
  'supplier.refused': { readonly owner: PersonId; readonly supplier: DeviceId; readonly reason: string };
  'supplier.gave-notice': { readonly owner: PersonId; readonly supplier: DeviceId; readonly until: number };
  'supplier.ended': { readonly owner: PersonId; readonly supplier: DeviceId };
  'supplier.dismissed': { readonly seat: number; readonly supplier: DeviceId; readonly reason: string };
  'supplier.confessed': { readonly supplier: DeviceId; readonly pieces: number };
  'suppliers.changed': { readonly version: number; readonly seats: number };
  'seat.became-away': { readonly seat: number; readonly supplier: DeviceId };
  'seat.came-back': { readonly seat: number; readonly supplier: DeviceId };
  'seats.left-empty': { readonly seats: readonly number[]; readonly reason: string };
  'inventory.known': { readonly supplier: DeviceId };
  'inventory.differed': { readonly supplier: DeviceId; readonly missing: number; readonly strange: number };
  'inventory.unavailable': { readonly supplier: DeviceId; readonly reason: string };
}
