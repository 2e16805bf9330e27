import { encode } from './cbor.ts';
import { BitDustError } from './errors.ts';
import { concatBytes, hkdf, textBytes } from './hash.ts';
import { LABELS } from './labels.ts';
import { LIMITS } from './limits.ts';
import { deviceKey, hash32, personKey } from './payload-parts.ts';
import { addressText } from './profile.ts';
import { openOnce, sealOnce } from './sealed.ts';
import { array, decodeAs, int, map, type Shaped } from './shape.ts';

/** Length of every recovery record, so that it tells nothing. */
export const RECOVERY_RECORD_BYTES = 900;
const SALT_BYTES = 16;
const PADDED_BYTES = RECOVERY_RECORD_BYTES - SALT_BYTES - 16;

const recordShape = map({
  network: hash32,
  person: personKey,
  family: int(),
  anchors: array(map({ device: deviceKey, address: addressText }), LIMITS.anchorsMax.value),
  keychain: hash32,
  heads: hash32,
});

/** Where a person with nothing but the words begins: who holds the data, and what the newest keychain and heads are. */
export type RecoveryRecord = Shaped<typeof recordShape>;

function keyFor(seed: Uint8Array, salt: Uint8Array): Uint8Array {
  return hkdf({ secret: seed, salt, info: textBytes(LABELS.recoveryRecord), length: 32 });
}

function encodeFitting(record: RecoveryRecord): Uint8Array {
  for (let count = record.anchors.length; count >= 0; count -= 1) {
    const encoded = encode({ ...record, anchors: record.anchors.slice(0, count) });
    if (encoded.length <= PADDED_BYTES - 2) return encoded;
  }
  throw new BitDustError('TOO_LARGE', 'the recovery record does not fit');
}

/**
 * Seals a record under the private seed of its rendezvous pair; always 900 bytes. Anchors that do not fit are left out
 * from the end, so the best come first. `salt` is 16 random bytes, used once.
 */
export function sealRecoveryRecord(record: RecoveryRecord, seed: Uint8Array, salt: Uint8Array): Uint8Array {
  if (salt.length !== SALT_BYTES) throw new RangeError('a salt has 16 bytes');
  const encoded = encodeFitting(recordShape.check(record, 'recovery record'));
  const padded = new Uint8Array(PADDED_BYTES);
  new DataView(padded.buffer).setUint16(0, encoded.length);
  padded.set(encoded, 2);
  return concatBytes(salt, sealOnce(keyFor(seed, salt), padded));
}

/** Opens a record found under the pair of this seed. `SEAL_BROKEN` when it was not made by it. */
export function openRecoveryRecord(sealed: Uint8Array, seed: Uint8Array): RecoveryRecord {
  if (sealed.length !== RECOVERY_RECORD_BYTES) throw new BitDustError('SEAL_BROKEN', 'it is not of 900 bytes');
  const padded = openOnce(keyFor(seed, sealed.subarray(0, SALT_BYTES)), sealed.subarray(SALT_BYTES));
  const length = new DataView(padded.buffer, padded.byteOffset).getUint16(0);
  if (length > PADDED_BYTES - 2 || padded.subarray(2 + length).some((byte) => byte !== 0)) {
    throw new BitDustError('ENCODING_INVALID', 'the padding is wrong');
  }
  return decodeAs(recordShape, padded.subarray(2, 2 + length), { bytesMax: PADDED_BYTES, name: 'recovery record' });
}
