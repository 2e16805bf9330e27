import type { DeviceId } from '../protocol/ids.ts';
import type { DirectoryRecord } from './directory.ts';

interface Owned {
  readonly publicKey: Uint8Array;
  readonly sign: (message: Uint8Array) => Uint8Array;
}

/** One thing of ours that the directory shall hold. Names are ours alone: `presence`, `root-head`, `role:supplier`. */
export type KeptRecord =
  /** Signed beforehand, by a key that is not here (a root, with the words). Null while there is none. */
  | { readonly kind: 'signed'; readonly name: string; readonly record: () => DirectoryRecord | null }
  /** Signed anew at each refresh, with a sequence of its own. Null while there is nothing to say. */
  | (Owned & { readonly kind: 'own'; readonly name: string; readonly value: () => Uint8Array | null })
  /** "Ask this device" under a target. */
  | (Owned & { readonly kind: 'announce'; readonly name: string; readonly target: Uint8Array });

/** Keeps own records in the directory: signs, stores, reads back, refreshes. */
export interface Publisher {
  /** Begins, or takes the place of the record of that name. False when too many are kept. */
  keep(record: KeptRecord): boolean;
  /** The value changed: published again at once. */
  update(name: string): void;
  /** Ends the keeping; an announce is also taken back. */
  withdraw(name: string): Promise<void>;
  /** Resolves when enough holders have it, now or later; rejects with the abort reason. */
  published(name: string, signal: AbortSignal): Promise<void>;
  status(): readonly { readonly name: string; readonly version: number; readonly holders: number }[];
  /** The newest signed form of each mutable record, for those who keep them alive for us. */
  signedRecords(): readonly { readonly name: string; readonly record: DirectoryRecord }[];
}

/** What devices offer, found by role. */
export interface Roles {
  announceRole(role: string): void;
  withdrawRole(role: string): Promise<void>;
  /** Up to `count` devices of that role, at random, without ourselves and those in `except`. */
  lookUpRole(
    role: string,
    options: { readonly count: number; readonly except: readonly DeviceId[]; readonly signal: AbortSignal },
  ): Promise<readonly DeviceId[]>;
}
