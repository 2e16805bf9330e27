import type { SigningKey } from './ed25519.ts';
import { BitDustError } from './errors.ts';
import { compareBytes, fromHex, toHex } from './hash.ts';
import { type DeviceId, deviceIdFrom, keyOfDevice, keyOfPerson, type PersonId, personIdFrom } from './ids.ts';
import { LIMITS } from './limits.ts';
import { array, bytes, int, map, nullable } from './shape.ts';
import { bodyOf, makeStatement, parseStatement, type Statement, statementHash, verifyStatement } from './statement.ts';

/** Who sits on one seat. */
export interface FamilySeat {
  readonly seat: number;
  readonly person: PersonId;
  readonly device: DeviceId;
}

/** Who holds an owner's data: seat numbers and the devices that sit there now. */
export interface Family {
  readonly network: Uint8Array;
  readonly owner: PersonId;
  /** The device that signed, and the identity revision it signed under. */
  readonly device: DeviceId;
  readonly revision: number;
  readonly version: number;
  /** Hash of the document before, hex; null in the first. */
  readonly prev: string | null;
  /** In order of the seat number. */
  readonly seats: readonly FamilySeat[];
  /** Raised to end all warrants given before. */
  readonly warrantEpoch: number;
}

/** A parsed and verified family document with its bytes and their hash. */
export interface FamilyDocument extends Family {
  readonly bytes: Uint8Array;
  readonly hash: string;
}

const seatShape = map({ seat: int(0, LIMITS.seatsMax.value - 1), person: bytes(32), device: bytes(32) });

const familyShape = map({
  network: bytes(32),
  owner: bytes(32),
  device: bytes(32),
  revision: int(),
  version: int(1),
  prev: nullable(bytes(32)),
  seats: array(seatShape, LIMITS.seatsMax.value),
  warrantEpoch: int(),
});

function invalid(message: string): never {
  throw new BitDustError('FAMILY_INVALID', message);
}

/** Signs a family document. */
export function makeFamily(family: Family, signer: SigningKey): Statement {
  return makeStatement(
    'family',
    {
      network: family.network,
      owner: keyOfPerson(family.owner),
      device: keyOfDevice(family.device),
      revision: family.revision,
      version: family.version,
      prev: family.prev === null ? null : fromHex(family.prev),
      seats: family.seats.map(({ seat, person, device }) => ({
        seat,
        person: keyOfPerson(person),
        device: keyOfDevice(device),
      })),
      warrantEpoch: family.warrantEpoch,
    },
    signer,
  );
}

/** Reads a document and checks its signature by the device it names. Whether that device was the owner's is `checkFamily`'s. */
export function parseFamily(input: Uint8Array): FamilyDocument {
  const statement = parseStatement(input, { type: 'family', bytesMax: LIMITS.familyBytesMax.value });
  const body = bodyOf(statement, familyShape);
  verifyStatement(statement, { type: 'family', keys: [body.device] });
  for (let index = 1; index < body.seats.length; index += 1) {
    if (body.seats[index - 1]!.seat >= body.seats[index]!.seat) invalid('the seats are not in their order');
  }
  const devices = new Set(body.seats.map(({ device }) => toHex(device)));
  if (devices.size !== body.seats.length) invalid('a device sits on two seats');
  if ((body.prev === null) !== (body.version === 1)) invalid('the first document, and only it, has none before it');
  return {
    network: body.network,
    owner: personIdFrom(body.owner),
    device: deviceIdFrom(body.device),
    revision: body.revision,
    version: body.version,
    prev: body.prev === null ? null : toHex(body.prev),
    seats: body.seats.map(({ seat, person, device }) => ({
      seat,
      person: personIdFrom(person),
      device: deviceIdFrom(device),
    })),
    warrantEpoch: body.warrantEpoch,
    bytes: statement.bytes,
    hash: toHex(statementHash(statement)),
  };
}

/** What a holder knows when a family document comes. */
export interface FamilyContext {
  readonly network: Uint8Array;
  readonly owner: PersonId;
  readonly newest: Pick<FamilyDocument, 'version' | 'hash'> | null;
  lists(device: DeviceId, revision: number): boolean;
}

/**
 * Judges a document against the newest that is held: `newer` is to be kept, `known` is the same. Throws
 * `FAMILY_INVALID`, `FAMILY_OLD` or `FAMILY_FORKED`.
 */
export function checkFamily(family: FamilyDocument, context: FamilyContext): 'newer' | 'known' {
  const { newest } = context;
  if (family.owner !== context.owner || compareBytes(family.network, context.network) !== 0) {
    invalid('it is of another owner or network');
  }
  if (!context.lists(family.device, family.revision)) invalid('its device was not the owner’s');
  if (newest !== null && family.version < newest.version) throw new BitDustError('FAMILY_OLD');
  if (newest !== null && family.version === newest.version) {
    if (family.hash !== newest.hash)
      throw new BitDustError('FAMILY_FORKED', undefined, { details: { version: family.version } });
    return 'known';
  }
  if (newest !== null && family.version === newest.version + 1 && family.prev !== newest.hash) {
    throw new BitDustError('FAMILY_FORKED', undefined, { details: { version: newest.version } });
  }
  return 'newer';
}
