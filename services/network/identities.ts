import type { Identities, KnownIdentity } from '../../ports/identity.ts';
import type { Records } from '../../ports/records.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { toHex } from '../../protocol/hash.ts';
import { type IdentityFile, judgeIdentity, listsDevice, readIdentityFile } from '../../protocol/identity-file.ts';
import { type DeviceId, deviceIdFrom, keyOfDevice, type PersonId, personIdFrom } from '../../protocol/ids.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { inOrder } from '../kit/in-order.ts';

export interface KnownIdentities extends Identities {
  /** Reads what was kept; files that do not verify any more are left out. */
  load(): Promise<void>;
  /** The device said whose it is, in a statement of its own: lists of others that name it count no more. */
  confirm(device: DeviceId, person: PersonId): void;
  file(person: PersonId): IdentityFile | undefined;
}

/** Identity files of others, verified on the way in and kept in the records `identities`. */
export function createIdentities(records: Records): KnownIdentities {
  const files = new Map<PersonId, IdentityFile>();
  const claims = new Map<DeviceId, Set<PersonId>>();
  const confirmed = new Map<DeviceId, PersonId>();
  const turn = inOrder();

  function keep(person: PersonId, file: IdentityFile): void {
    forget(person);
    files.set(person, file);
    for (const { key } of file.list.devices) {
      const device = deviceIdFrom(key);
      claims.set(device, (claims.get(device) ?? new Set()).add(person));
    }
  }

  function forget(person: PersonId): void {
    for (const { key } of files.get(person)?.list.devices ?? []) {
      const device = deviceIdFrom(key);
      claims.get(device)?.delete(person);
      if (claims.get(device)?.size === 0) claims.delete(device);
    }
    files.delete(person);
  }

  /** Beyond the limit the one that came first goes; those we deal with are brought again by their greetings. */
  function surplus(): PersonId[] {
    return [...files.keys()].slice(0, Math.max(0, files.size - LIMITS.identitiesMax.value));
  }

  async function acceptNow(bytes: Uint8Array): Promise<KnownIdentity> {
    const file = readIdentityFile(bytes);
    const person = personIdFrom(file.person);
    if (judgeIdentity(files.get(person), file) === 'newer') {
      await records.batch([{ put: person, value: file.bytes }], { durable: false });
      keep(person, file);
      for (const other of surplus()) {
        forget(other);
        await records.batch([{ remove: other }], { durable: false });
      }
    }
    return describe(person, files.get(person) ?? file);
  }

  return {
    async load() {
      for await (const [key, bytes] of records.range({})) {
        try {
          keep(key as PersonId, readIdentityFile(bytes));
        } catch (error) {
          if (!(error instanceof BitDustError)) throw error;
        }
      }
    },
    get(person) {
      const file = files.get(person);
      return file && describe(person, file);
    },
    file: (person) => files.get(person),
    personOf(device) {
      const sure = confirmed.get(device);
      if (sure !== undefined) return files.get(sure) && isListed(files.get(sure), device) ? sure : undefined;
      const [only, ...others] = claims.get(device) ?? [];
      return others.length === 0 ? only : undefined;
    },
    accept: (file) => turn(() => acceptNow(file)),
    lists: (person, device, revision) => {
      const file = files.get(person);
      return file !== undefined && listsDevice(file, keyOfDevice(device), revision);
    },
    confirm(device, person) {
      confirmed.delete(device);
      confirmed.set(device, person);
      if (confirmed.size > LIMITS.addressedDevicesMax.value) confirmed.delete([...confirmed.keys()][0] as DeviceId);
    },
  };
}

function isListed(file: IdentityFile | undefined, device: DeviceId): boolean {
  return file !== undefined && listsDevice(file, keyOfDevice(device));
}

function describe(person: PersonId, file: IdentityFile): KnownIdentity {
  return {
    person,
    epoch: file.head.epoch,
    revision: file.head.revision,
    head: toHex(file.head.hash),
    devices: file.list.devices.map(({ key }) => deviceIdFrom(key)),
    file: file.bytes,
  };
}
