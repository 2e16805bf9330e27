import { scryptSync } from 'node:crypto';
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { encode } from './cbor.ts';
import { BitDustError } from './errors.ts';
import { textBytes } from './hash.ts';
import { LABELS } from './labels.ts';
import { bytes, decodeAs, either, int, map, oneOf, type Shaped } from './shape.ts';

const FILE_BYTES_MAX = 4096;
const SALT_BYTES = 16;
const NONCE_BYTES = 24;
/** 2^17 rounds of 1 KiB: 128 MiB and about half a second. */
const COST_LOG2 = 17;
const BLOCK_SIZE = 8;

const keysShape = map({ device: bytes(32), admin: bytes(32), seal: bytes(32) });

/** Seeds of a device: its Ed25519 key, its admin key, its X-Wing key. */
export type DeviceKeys = Shaped<typeof keysShape>;

const plainShape = map({ v: oneOf(1), kind: oneOf('plain'), keys: keysShape });
const lockedShape = map({
  v: oneOf(1),
  kind: oneOf('scrypt'),
  costLog2: int(14, 20),
  salt: bytes(SALT_BYTES),
  nonce: bytes(NONCE_BYTES),
  sealed: bytes({ min: 16, max: 1024 }),
});
const fileShape = either(plainShape, lockedShape);

/** Random bytes that `lockKeys` uses up: salt, then nonce. */
export const KEY_FILE_RANDOM_BYTES = SALT_BYTES + NONCE_BYTES;

function keyFrom(passphrase: string, salt: Uint8Array, costLog2: number): Uint8Array {
  const cost = 2 ** costLog2;
  const secret = textBytes(passphrase.normalize('NFKC'));
  try {
    return scryptSync(secret, salt, 32, { N: cost, r: BLOCK_SIZE, p: 1, maxmem: 256 * cost * BLOCK_SIZE });
  } finally {
    secret.fill(0);
  }
}

/** A key file without a passphrase; the file's permissions are what protects it. */
export function plainKeyFile(keys: DeviceKeys): Uint8Array {
  return encode({ v: 1, kind: 'plain', keys: keysShape.check(keys, 'keys') });
}

/** A key file under a passphrase: scrypt, then XChaCha20-Poly1305. Takes about half a second. */
export function lockedKeyFile(
  keys: DeviceKeys,
  options: { readonly passphrase: string; readonly randomness: Uint8Array; readonly costLog2?: number },
): Uint8Array {
  const { passphrase, randomness, costLog2 = COST_LOG2 } = options;
  if (randomness.length !== KEY_FILE_RANDOM_BYTES) throw new RangeError('a key file needs 40 random bytes');
  const salt = randomness.slice(0, SALT_BYTES);
  const nonce = randomness.slice(SALT_BYTES);
  const plaintext = encode(keysShape.check(keys, 'keys'));
  const key = keyFrom(passphrase, salt, costLog2);
  const sealed = xchacha20poly1305(key, nonce, textBytes(LABELS.keyFile)).encrypt(plaintext);
  key.fill(0);
  plaintext.fill(0);
  return encode({ v: 1, kind: 'scrypt', costLog2, salt, nonce, sealed });
}

function read(input: Uint8Array): Shaped<typeof fileShape> {
  return decodeAs(fileShape, input, { bytesMax: FILE_BYTES_MAX, name: 'key file' });
}

/** True when the file opens only with a passphrase. */
export function isKeyFileLocked(input: Uint8Array): boolean {
  return read(input).kind === 'scrypt';
}

/** The keys of a file. `PASSPHRASE_NEEDED` without one where it is locked, `PASSPHRASE_WRONG` when it does not open. */
export function openKeyFile(input: Uint8Array, passphrase?: string): DeviceKeys {
  const file = read(input);
  if (file.kind === 'plain') return file.keys;
  if (passphrase === undefined) throw new BitDustError('PASSPHRASE_NEEDED');
  const key = keyFrom(passphrase, file.salt, file.costLog2);
  let opened: Uint8Array;
  try {
    opened = xchacha20poly1305(key, file.nonce, textBytes(LABELS.keyFile)).decrypt(file.sealed);
  } catch (error) {
    throw new BitDustError('PASSPHRASE_WRONG', undefined, { cause: error });
  } finally {
    key.fill(0);
  }
  return decodeAs(keysShape, opened, { bytesMax: FILE_BYTES_MAX, name: 'keys' });
}
