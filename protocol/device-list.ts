import type { SigningKey } from './ed25519.ts';
import { BitDustError } from './errors.ts';
import { equalBytes, toHex } from './hash.ts';
import { LIMITS } from './limits.ts';
import { deviceKey, hash32, personKey, time } from './payload-parts.ts';
import { type RootStatement, X_WING_KEY_BYTES } from './root-statement.ts';
import { array, bytes, int, map, nullable, type Shaped } from './shape.ts';
import { bodyOf, makeStatement, parseStatement, type Statement, statementHash, verifyStatement } from './statement.ts';

const bodyShape = map({
  person: personKey,
  epoch: int(0, 2 ** 32 - 1),
  revision: int(1, 2 ** 32 - 1),
  prev: nullable(hash32),
  devices: array(map({ key: deviceKey, seal: bytes(X_WING_KEY_BYTES), added: time }), LIMITS.devicesMax.value, 1),
  mailbox: nullable(bytes({ max: 512 })),
  issued: time,
  expires: time,
});

/** The devices of a person at one revision. */
export type DeviceListBody = Shaped<typeof bodyShape>;

export interface DeviceList extends DeviceListBody {
  readonly statement: Statement;
  readonly hash: Uint8Array;
}

/** Signs a device list with an admin key of its epoch. */
export function makeDeviceList(body: DeviceListBody, admin: SigningKey): DeviceList {
  const statement = makeStatement('device-list', bodyShape.check(body, 'device-list'), admin);
  return readDeviceList(statement.bytes, [admin.publicKey]);
}

/** Reads and verifies one list under the admin keys of its epoch. What it continues is checked by the file. */
export function readDeviceList(input: Uint8Array, admins: readonly Uint8Array[]): DeviceList {
  const statement = parseStatement(input, { type: 'device-list', bytesMax: LIMITS.identityFileBytesMax.value });
  const body = bodyOf(statement, bodyShape);
  verifyStatement(statement, { type: 'device-list', keys: admins });
  if (body.expires <= body.issued) throw new BitDustError('IDENTITY_INVALID', 'a device list ends before it begins');
  if (new Set(body.devices.map(({ key }) => toHex(key))).size !== body.devices.length) {
    throw new BitDustError('IDENTITY_INVALID', 'a device stands in the list twice');
  }
  return { ...body, statement, hash: statementHash(statement) };
}

/** Throws `IDENTITY_INVALID` unless `list` comes next, after `before` or, when that is null, after its root statement. */
export function requireListFollows(root: RootStatement, before: DeviceList | null, list: DeviceList): void {
  const point = before ?? root.list ?? { revision: 0, hash: null };
  const prevFits = point.hash === null ? list.prev === null : list.prev !== null && equalBytes(point.hash, list.prev);
  const follows =
    equalBytes(list.person, root.person) &&
    list.epoch === root.epoch &&
    list.revision === point.revision + 1 &&
    prevFits;
  if (!follows) throw new BitDustError('IDENTITY_INVALID', 'a device list does not follow the one before');
}
