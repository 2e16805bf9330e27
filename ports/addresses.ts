import type { DeviceId } from '../protocol/ids.ts';

/** Where devices were last reachable, from links, profiles, contracts and presence records. */
export interface AddressBook {
  /** Remembers addresses, the given ones first. */
  learn(device: DeviceId, addresses: readonly string[]): void;
  known(device: DeviceId): readonly string[];
  /** Known addresses and those of the presence record, the newest first; empty when nobody ever told. */
  resolve(device: DeviceId, signal: AbortSignal): Promise<readonly string[]>;
}
