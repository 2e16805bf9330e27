import type { AddressBook } from '../../ports/addresses.ts';
import type { Directory } from '../../ports/directory.ts';
import type { Records } from '../../ports/records.ts';
import type { Clock } from '../../ports/world.ts';
import { presenceValue } from '../../protocol/directory-values.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { equalBytes } from '../../protocol/hash.ts';
import { type DeviceId, keyOfDevice } from '../../protocol/ids.ts';
import { LIMITS } from '../../protocol/limits.ts';

export interface AddressBookNeeds {
  readonly records: Records;
  readonly directory: Pick<Directory, 'get'>;
  readonly clock: Pick<Clock, 'setTimeout' | 'clearTimeout'>;
  readonly networkId: () => Uint8Array;
}

export interface KeptAddressBook extends AddressBook {
  load(): Promise<void>;
}

/** With an address in hand, the presence record is waited for this long only. */
const PRESENCE_PATIENCE_MS = 1_500;
const ADDRESSES_MAX = 4;

/** Addresses of devices, in memory and in the records `addresses`. */
export function createAddressBook(needs: AddressBookNeeds): KeptAddressBook {
  const { records, clock } = needs;
  const book = new Map<DeviceId, readonly string[]>();

  function learn(device: DeviceId, addresses: readonly string[]): void {
    const old = book.get(device) ?? [];
    const all = [...new Set([...addresses, ...old])].slice(0, ADDRESSES_MAX);
    book.delete(device);
    book.set(device, all);
    const [oldest] = book.keys();
    const isFull = book.size > LIMITS.addressedDevicesMax.value && oldest !== undefined;
    if (isFull) book.delete(oldest);
    if (all.join() === old.join()) return;
    const value = new TextEncoder().encode(JSON.stringify(all));
    const dropped = isFull ? [{ remove: oldest }] : [];
    // Lost addresses are found again by the directory, so nobody waits for the disk.
    records.batch([{ put: device, value }, ...dropped], { durable: false }).catch(() => undefined);
  }

  async function fromPresence(device: DeviceId, signal: AbortSignal): Promise<readonly string[]> {
    const found = await needs.directory.get(keyOfDevice(device), signal);
    if (found === undefined) return [];
    try {
      const presence = presenceValue.decode(found.record.value);
      if (!equalBytes(presence.network, needs.networkId())) return [];
      learn(device, presence.addresses);
      return presence.addresses;
    } catch (error) {
      if (error instanceof BitDustError) return [];
      throw error;
    }
  }

  return {
    async load() {
      for await (const [device, value] of records.range({})) {
        book.set(device as DeviceId, JSON.parse(new TextDecoder().decode(value)) as string[]);
      }
    },
    learn,
    known: (device) => book.get(device) ?? [],
    async resolve(device, signal) {
      const known = book.get(device) ?? [];
      const presence = fromPresence(device, signal).catch((error: unknown) => {
        signal.throwIfAborted();
        if (known.length > 0) return [];
        throw error;
      });
      if (known.length === 0) return presence;
      const patience = Promise.withResolvers<readonly string[]>();
      const timer = clock.setTimeout(() => patience.resolve([]), PRESENCE_PATIENCE_MS);
      presence.catch(() => undefined);
      const told = await Promise.race([presence, patience.promise]).finally(() => clock.clearTimeout(timer));
      return [...new Set([...told, ...known])];
    },
  };
}
