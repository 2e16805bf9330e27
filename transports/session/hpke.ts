import type { webcrypto } from 'node:crypto';
import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core';
import { XWing } from '@hpke/hybridkem-x-wing';
import { BitDustError } from '../../protocol/errors.ts';
import { concatBytes, labelled } from '../../protocol/hash.ts';

/** The two key agreements: X25519, and X-Wing for what lies for years. */
export type SealKind = 'x25519' | 'x-wing';

/** What of a sealed thing and its key has which length. */
export const SEAL_SIZES = {
  x25519: { publicKey: 32, encapsulated: 32, randomness: 32 },
  'x-wing': { publicKey: 1216, encapsulated: 1120, randomness: 64 },
} as const;

export const SEAL_TAG_BYTES = 16;

export const x25519Kem = new DhkemX25519HkdfSha256();
export const xWingKem = new XWing();

const suites = {
  x25519: new CipherSuite({ kem: x25519Kem, kdf: new HkdfSha256(), aead: new Aes256Gcm() }),
  'x-wing': new CipherSuite({ kem: xWingKem, kdf: new HkdfSha256(), aead: new Aes256Gcm() }),
};

/** The bytes in a buffer of their own, because the library takes whole buffers. */
export function ownBuffer(bytes: Uint8Array): ArrayBuffer {
  const copy = new ArrayBuffer(bytes.length);
  new Uint8Array(copy).set(bytes);
  return copy;
}

/** `label ‖ 0x00 ‖ recipient key ‖ purpose`: binds a sealed thing to whom and what it is for. */
export function sealInfo(options: {
  readonly label: string;
  readonly to: Uint8Array;
  readonly purpose: Uint8Array;
}): Uint8Array {
  return labelled(options.label, options.to, options.purpose);
}

/** Seals to a raw public key; encapsulated key and ciphertext in one buffer. */
export async function hpkeSeal(options: {
  readonly kind: SealKind;
  readonly to: Uint8Array;
  readonly info: Uint8Array;
  readonly plaintext: Uint8Array;
  readonly randomness: Uint8Array;
}): Promise<Uint8Array> {
  const { kind, to, info, plaintext, randomness } = options;
  const sizes = SEAL_SIZES[kind];
  if (to.length !== sizes.publicKey) throw new BitDustError('KEY_INVALID');
  if (randomness.length !== sizes.randomness) throw new RangeError(`${sizes.randomness} random bytes are needed`);
  const kem = kind === 'x25519' ? x25519Kem : xWingKem;
  const ekm = ownBuffer(randomness);
  try {
    const recipientPublicKey = await kem.deserializePublicKey(ownBuffer(to));
    const sender = await suites[kind].createSenderContext({ recipientPublicKey, info: ownBuffer(info), ekm });
    const ciphertext = await sender.seal(ownBuffer(plaintext));
    return concatBytes(new Uint8Array(sender.enc), new Uint8Array(ciphertext));
  } catch (cause) {
    throw new BitDustError('KEY_INVALID', 'Nothing can be sealed to that key.', { cause });
  } finally {
    new Uint8Array(ekm).fill(0);
  }
}

/** Opens what `hpkeSeal` made; `SEAL_BROKEN` for everything else. */
export async function hpkeOpen(options: {
  readonly kind: SealKind;
  readonly recipientKey: webcrypto.CryptoKey | webcrypto.CryptoKeyPair;
  readonly info: Uint8Array;
  readonly sealed: Uint8Array;
}): Promise<Uint8Array> {
  const { kind, recipientKey, info, sealed } = options;
  const { encapsulated } = SEAL_SIZES[kind];
  if (sealed.length < encapsulated + SEAL_TAG_BYTES) throw new BitDustError('SEAL_BROKEN');
  try {
    const enc = ownBuffer(sealed.subarray(0, encapsulated));
    const recipient = await suites[kind].createRecipientContext({ recipientKey, enc, info: ownBuffer(info) });
    return new Uint8Array(await recipient.open(ownBuffer(sealed.subarray(encapsulated))));
  } catch (cause) {
    throw new BitDustError('SEAL_BROKEN', undefined, { cause });
  }
}
