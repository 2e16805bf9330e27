import { createHash, createPrivateKey, type KeyObject } from 'node:crypto';
import { ed25519 } from '@noble/curves/ed25519.js';
import { importPublicKey } from '../../protocol/ed25519.ts';
import { concatBytes, fromHex } from '../../protocol/hash.ts';

const PKCS8_HEAD = fromHex('302e020100300506032b656e04220420');
const IMAGES_MAX = 4096;
const images = new Map<string, Uint8Array>();

/** The X25519 image of an Ed25519 public key (RFC 7748, the birational map); `KEY_INVALID` for a bad key. */
export function imageOf(publicKey: Uint8Array): Uint8Array {
  importPublicKey(publicKey);
  const name = Buffer.from(publicKey).toString('base64');
  const known = images.get(name);
  if (known !== undefined) return known;
  const image = Uint8Array.from(ed25519.utils.toMontgomery(publicKey));
  if (images.size >= IMAGES_MAX) images.clear();
  images.set(name, image);
  return image;
}

/** The private half of the image: the scalar that Ed25519 makes of the same seed. */
export function imagePrivateKey(seed: Uint8Array): KeyObject {
  const digest = createHash('sha512').update(seed).digest();
  const der = Buffer.from(concatBytes(PKCS8_HEAD, digest.subarray(0, 32)));
  try {
    return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  } finally {
    digest.fill(0);
    der.fill(0);
  }
}
