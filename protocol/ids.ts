import { bech32m } from '@scure/base';
import { BitDustError } from './errors.ts';
import { fromHex, labelledHash, readU32 } from './hash.ts';
import { LABELS } from './labels.ts';

/** A person: bech32m of the 32-byte public key of root 0, prefix `bd`. */
export type PersonId = `bd1${string}`;
/** A device: bech32m of its 32-byte Ed25519 public key, prefix `bdd`. */
export type DeviceId = `bdd1${string}`;
/** 32-byte BLAKE3 block id as 64 lower-case hex digits. */
export type BlockId = string;
/** Hash of the log entry that made the version, 64 lower-case hex digits. */
export type VersionId = string;
/** 16 random bytes as 32 lower-case hex digits: one append-only log of one device. */
export type LogId = string;

const PERSON_PREFIX = 'bd';
const DEVICE_PREFIX = 'bdd';
const KEY_BYTES = 32;

function idFrom(prefix: string, key: Uint8Array): string {
  if (key.length !== KEY_BYTES) throw new BitDustError('ID_INVALID', 'An id is made of 32 bytes.');
  return bech32m.encode(prefix, bech32m.toWords(key));
}

function keyOf(prefix: string, id: string): Uint8Array {
  const decoded = bech32m.decodeUnsafe(id);
  const key = decoded?.prefix === prefix ? bech32m.fromWordsUnsafe(decoded.words) : undefined;
  if (key?.length !== KEY_BYTES || id !== id.toLowerCase()) throw new BitDustError('ID_INVALID');
  return key;
}

/** The id of the person whose root 0 has this public key. */
export function personIdFrom(key: Uint8Array): PersonId {
  return idFrom(PERSON_PREFIX, key) as PersonId;
}

/** The 32 bytes behind a person id; `ID_INVALID` when it is none. */
export function keyOfPerson(id: string): Uint8Array {
  return keyOf(PERSON_PREFIX, id);
}

/** The id of the device with this public key. */
export function deviceIdFrom(key: Uint8Array): DeviceId {
  return idFrom(DEVICE_PREFIX, key) as DeviceId;
}

/** The 32 bytes behind a device id; `ID_INVALID` when it is none. */
export function keyOfDevice(id: string): Uint8Array {
  return keyOf(DEVICE_PREFIX, id);
}

/** True for the whole, valid id of a person. */
export function isPersonId(text: string): text is PersonId {
  return isId(PERSON_PREFIX, text);
}

/** True for the whole, valid id of a device. */
export function isDeviceId(text: string): text is DeviceId {
  return isId(DEVICE_PREFIX, text);
}

function isId(prefix: string, text: string): boolean {
  try {
    keyOf(prefix, text);
    return true;
  } catch {
    return false;
  }
}

/** Whom a user meant: an id, or a name to look for among petnames and nicknames. */
export type Who =
  | { readonly kind: 'person'; readonly person: PersonId }
  | { readonly kind: 'device'; readonly device: DeviceId }
  | { readonly kind: 'name'; readonly name: string };

/** Sorts what a user typed. A text that begins like an id but is damaged is `ID_INVALID`, never a name. */
export function parseWho(text: string): Who {
  const trimmed = text.trim();
  const lower = trimmed.toLowerCase();
  if (isPersonId(lower)) return { kind: 'person', person: lower };
  if (isDeviceId(lower)) return { kind: 'device', device: lower };
  const looksLikeId = /^bdd?1/.test(lower) && lower.length > 40;
  if (looksLikeId || trimmed === '') throw new BitDustError('ID_INVALID');
  return { kind: 'name', name: trimmed };
}

const HEX_32_BYTES = /^[0-9a-f]{64}$/;
const HEX_16_BYTES = /^[0-9a-f]{32}$/;

/** The 32 bytes of a block or version id written in hex. */
export function bytesOfBlock(id: BlockId | VersionId): Uint8Array {
  if (!HEX_32_BYTES.test(id)) throw new BitDustError('ID_INVALID');
  return fromHex(id);
}

/** The 16 bytes of a log id written in hex. */
export function bytesOfLog(id: LogId): Uint8Array {
  if (!HEX_16_BYTES.test(id)) throw new BitDustError('ID_INVALID');
  return fromHex(id);
}

/**
 * What two people read to each other to compare keys: six groups of five digits, each a 32-bit word of the labelled
 * SHA-256 of the key modulo 100,000.
 */
export function fingerprint(person: PersonId): string {
  const hash = labelledHash(LABELS.fingerprint, keyOfPerson(person));
  const groups = [0, 1, 2, 3, 4, 5].map((index) => String(readU32(hash, index * 4) % 100_000).padStart(5, '0'));
  return groups.join(' ');
}
