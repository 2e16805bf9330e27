import type { DeviceId, PersonId } from '../protocol/ids.ts';
import type { SealingKey } from './sealing.ts';
import type { Signer } from './signer.ts';

/** Epoch-numbered random storage secrets of the keychain document. */
export interface StorageSecrets {
  readonly epoch: number;
  /** 32 bytes each. */
  readonly catalogue: Uint8Array;
  readonly dedup: Uint8Array;
  readonly gear: Uint8Array;
  readonly documents: Uint8Array;
}

/** Who this node is. Exists once an identity is registered or restored. */
export interface Self {
  readonly person: PersonId;
  readonly device: DeviceId;
  readonly personKey: Uint8Array;
  readonly deviceKey: Uint8Array;
  readonly signer: Signer;
  readonly admin: Signer;
  readonly seal: SealingKey;
  /** Revision of the newest device list. */
  revision(): number;
  identityFile(): Uint8Array;
  nickname(): string | null;
  /** Newest epoch first. */
  secrets(): readonly StorageSecrets[];
  /** The sealed keychain document as it is stored with suppliers. */
  keychain(): { readonly version: number; readonly bytes: Uint8Array };
  readonly networkId: Uint8Array;
}

export interface KnownIdentity {
  readonly person: PersonId;
  readonly epoch: number;
  readonly revision: number;
  /** SHA-256 of the newest device list, hex. */
  readonly head: string;
  readonly devices: readonly DeviceId[];
  readonly file: Uint8Array;
}

/** Identity files of others, verified and kept. The higher (epoch, revision) with a valid chain wins. */
export interface Identities {
  get(person: PersonId): KnownIdentity | undefined;
  personOf(device: DeviceId): PersonId | undefined;
  /** Rejects with `IDENTITY_INVALID`, `IDENTITY_OLD` or `IDENTITY_FORKED`; nothing changes then. */
  accept(file: Uint8Array): Promise<KnownIdentity>;
  /** True when the device is in the newest list, or was in the list of `revision` when given. */
  lists(person: PersonId, device: DeviceId, revision?: number): boolean;
}
