import type { Identities } from '../../ports/identity.ts';
import { checkFamily, type FamilyDocument, parseFamily } from '../../protocol/family.ts';
import { equalBytes, toHex } from '../../protocol/hash.ts';
import { type IdentityFile, judgeIdentity, listsDevice, readIdentityFile } from '../../protocol/identity-file.ts';
import { type DeviceId, deviceIdFrom, keyOfDevice, type PersonId, personIdFrom } from '../../protocol/ids.ts';
import { type Keychain, readKeychain } from '../../protocol/keychain.ts';
import type { ProvenSupplier } from './ownership.ts';

/** Everything the suppliers gave, of which the newest valid counts, whoever gave it. */
export interface GatheredState {
  add(supplier: ProvenSupplier): void;
  proven(): readonly ProvenSupplier[];
  has(device: DeviceId): boolean;
  /** The newest identity file; undefined when nobody gave a valid one. */
  identity(): IdentityFile | undefined;
  /** The newest family that a device of the person signed. */
  family(): FamilyDocument | undefined;
  /** Keychains that a device of the person signed, newest first. */
  keychains(): readonly Keychain[];
  /** Knows only this person, by the newest identity. */
  readonly identities: Pick<Identities, 'get' | 'lists'>;
}

/** Gathers for one person in one network. */
export function gatherState(of: { readonly person: Uint8Array; readonly network: Uint8Array }): GatheredState {
  const { person, network } = of;
  const owner = personIdFrom(person);
  const suppliers = new Map<DeviceId, ProvenSupplier>();
  let newest: IdentityFile | undefined;

  function takeIdentity(bytes: Uint8Array): void {
    const file = valid(() => readIdentityFile(bytes, { person }));
    if (file === undefined) return;
    // Of two that contradict each other the one of the later epoch was made with the words.
    const isNewer =
      valid(() => judgeIdentity(newest, file)) === 'newer' || file.head.epoch > (newest?.head.epoch ?? -1);
    if (isNewer) newest = file;
  }

  const lists = (device: DeviceId, revision?: number): boolean =>
    newest !== undefined && listsDevice(newest, keyOfDevice(device), revision);

  function documents(name: string): readonly Uint8Array[] {
    const all = [...suppliers.values()].flatMap((supplier) => supplier.documents);
    return all.filter((document) => document.name === name).map(({ bytes }) => bytes);
  }

  return {
    add(supplier) {
      suppliers.set(supplier.device, supplier);
      for (const { name, bytes } of supplier.documents) if (name === 'identity') takeIdentity(bytes);
    },
    proven: () => [...suppliers.values()],
    has: (device) => suppliers.has(device),
    identity: () => newest,
    family() {
      const families = documents('family').flatMap((bytes) => {
        const family = valid(() => parseFamily(bytes));
        const context = { network, owner, newest: null, lists };
        return family !== undefined && valid(() => checkFamily(family, context)) !== undefined ? [family] : [];
      });
      return families.toSorted((a, b) => b.version - a.version)[0];
    },
    keychains() {
      const all = documents('keychain').flatMap((bytes) => valid(() => readKeychain(bytes)) ?? []);
      const ours = all.filter(
        (one) =>
          equalBytes(one.person, person) &&
          equalBytes(one.network, network) &&
          lists(deviceIdFrom(one.device), one.revision),
      );
      return ours.toSorted((a, b) => b.version - a.version);
    },
    identities: {
      get(wanted: PersonId) {
        if (wanted !== owner || newest === undefined) return undefined;
        const { head, list, bytes } = newest;
        return {
          person: owner,
          epoch: head.epoch,
          revision: head.revision,
          head: toHex(head.hash),
          devices: list.devices.map(({ key }) => deviceIdFrom(key)),
          file: bytes,
        };
      },
      lists: (wanted, device, revision) => wanted === owner && lists(device, revision),
    },
  };
}

/** What a hostile peer gave is nothing, when it is not valid. */
function valid<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
