import { createCipheriv, createDecipheriv } from 'node:crypto';
import { BitDustError } from './errors.ts';
import { concatBytes, hkdf, readU32, textBytes, u32 } from './hash.ts';

const ZERO_NONCE = new Uint8Array(12);
const TAG_BYTES = 16;
const SALT_BYTES = 16;
const HEAD_BYTES = 4 + SALT_BYTES;

/** Bytes that sealing adds: epoch, salt and tag. */
export const SEALED_OVERHEAD_BYTES = HEAD_BYTES + TAG_BYTES;

/** AES-256-GCM with the zero nonce, so only for a key that is used for one text. Ciphertext, then tag. */
export function sealOnce(key: Uint8Array, plaintext: Uint8Array, associated?: Uint8Array): Uint8Array {
  const cipher = createCipheriv('aes-256-gcm', key, ZERO_NONCE);
  if (associated !== undefined) cipher.setAAD(associated);
  return concatBytes(cipher.update(plaintext), cipher.final(), cipher.getAuthTag());
}

/** Opens what `sealOnce` made; `SEAL_BROKEN` when key, text or associated data differ. */
export function openOnce(key: Uint8Array, sealed: Uint8Array, associated?: Uint8Array): Uint8Array {
  if (sealed.length < TAG_BYTES) throw new BitDustError('SEAL_BROKEN');
  const decipher = createDecipheriv('aes-256-gcm', key, ZERO_NONCE, { authTagLength: TAG_BYTES });
  if (associated !== undefined) decipher.setAAD(associated);
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  try {
    return concatBytes(decipher.update(sealed.subarray(0, sealed.length - TAG_BYTES)), decipher.final());
  } catch (error) {
    throw new BitDustError('SEAL_BROKEN', undefined, { cause: error });
  }
}

function keyFor(secret: Uint8Array, salt: Uint8Array, label: string): Uint8Array {
  return hkdf({ secret, salt, info: textBytes(label), length: 32 });
}

/** Seals under the secret of an epoch: u32 epoch, 16-byte salt, AES-256-GCM. `salt` is random and used once. */
export function seal(options: {
  readonly epoch: number;
  readonly secret: Uint8Array;
  readonly salt: Uint8Array;
  readonly label: string;
  readonly plaintext: Uint8Array;
}): Uint8Array {
  const { epoch, secret, salt, label, plaintext } = options;
  if (salt.length !== SALT_BYTES) throw new RangeError('a salt has 16 bytes');
  const head = concatBytes(u32(epoch), salt);
  return concatBytes(head, sealOnce(keyFor(secret, salt, label), plaintext, head));
}

/** The epoch whose secret opens it. */
export function sealedEpoch(sealed: Uint8Array): number {
  if (sealed.length < SEALED_OVERHEAD_BYTES) throw new BitDustError('SEAL_BROKEN', 'it is too short');
  return readU32(sealed);
}

/** Opens what `seal` made; `SEAL_BROKEN` when it was changed or no secret of its epoch is known. */
export function open(options: {
  readonly secretOf: (epoch: number) => Uint8Array | undefined;
  readonly label: string;
  readonly sealed: Uint8Array;
}): Uint8Array {
  const { secretOf, label, sealed } = options;
  const secret = secretOf(sealedEpoch(sealed));
  if (secret === undefined) throw new BitDustError('SEAL_BROKEN', 'no secret of its epoch is known');
  const salt = sealed.subarray(4, HEAD_BYTES);
  return openOnce(keyFor(secret, salt, label), sealed.subarray(HEAD_BYTES), sealed.subarray(0, HEAD_BYTES));
}
