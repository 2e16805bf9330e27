import type { DeviceId, PersonId } from '../../protocol/ids.ts';

/** Chapter customers: I am the supplier. */
export interface CustomersFacts {
  /** Messenger: somebody asks to be served; opens `customer-agreement`. */
  'agreement.requested': { readonly customer: PersonId; readonly bytes: number };
  'customer.admitted': { readonly customer: PersonId; readonly bytes: number };
  'customer.rejected': { readonly customer: PersonId; readonly reason: string; readonly retryMs: number | null };
  'customer.became-full': { readonly customer: PersonId };
  'customer.became-absent': { readonly customer: PersonId };
  'customer.returned': { readonly customer: PersonId };
  'customer.ended': { readonly customer: PersonId };
  'space.overcommitted': { readonly bytes: number };
  'space.notice-given': { readonly customer: PersonId; readonly bytes: number; readonly until: number };
  'space.balanced': Record<never, never>;
  'family.updated': { readonly customer: PersonId; readonly version: number };
  'family.forked': { readonly customer: PersonId; readonly version: number };
  'piece.found-rotten': { readonly customer: PersonId; readonly count: number };
  'store.checked': { readonly pieces: number; readonly rotten: number };
  'store.swept': { readonly freedBytes: number };
  /** A holder or an owner told us that a log or document moved on. */
  'log.noticed': { readonly owner: PersonId; readonly from: DeviceId };
}
