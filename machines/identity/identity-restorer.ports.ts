import type { DeviceId, PersonId } from '../../protocol/ids.ts';
import type { Effect } from '../kit/port.ts';

/** What a recovery could not bring back yet; the node goes on looking for it. */
export type MissingPart = 'identity' | 'suppliers' | 'catalogue' | 'settings';

/** What the directory tells of a person. */
export interface FoundSuppliers {
  readonly anchors: readonly DeviceId[];
  /** A root head was found, so the identity exists even without anchors. */
  readonly identityFound: boolean;
}

export interface IdentityRestorerPorts {
  readonly deriveKeys: Effect<Record<never, never>, { readonly person: PersonId }>;
  readonly joinDirectory: Effect<Record<never, never>, void>;
  /** Reads recovery records of the first epochs and the root head. */
  readonly findRecovery: Effect<{ epochs: number }, FoundSuppliers>;
  /** Root signature over each supplier's challenge; the family names further seats. */
  readonly proveOwnership: Effect<
    { suppliers: readonly DeviceId[] },
    { readonly proven: number; readonly asked: number; readonly quorum: boolean }
  >;
  readonly openKeychain: Effect<Record<never, never>, { readonly epoch: number }>;
  readonly fetchLogs: Effect<Record<never, never>, { readonly applied: number; readonly complete: boolean }>;
  readonly attestDevice: Effect<Record<never, never>, { readonly revision: number; readonly device: DeviceId }>;
  readonly fetchCatalogue: Effect<Record<never, never>, { readonly missing: readonly MissingPart[] }>;
}
