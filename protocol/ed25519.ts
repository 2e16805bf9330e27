import { createPrivateKey, createPublicKey, type KeyObject, sign as nodeSign, verify as nodeVerify } from 'node:crypto';
import { ed25519 } from '@noble/curves/ed25519.js';
import { BitDustError } from './errors.ts';
import { concatBytes, equalBytes, fromHex, toHex } from './hash.ts';
import { LIMITS } from './limits.ts';

/** A key that signs and cannot be read. Structurally the signer port. */
export interface SigningKey {
  readonly publicKey: Uint8Array;
  sign(message: Uint8Array): Uint8Array;
}

const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
const SPKI_HEAD = fromHex('302a300506032b6570032100');
const PKCS8_HEAD = fromHex('302e020100300506032b657004220420');

/** R of a signature made with the nonce zero. OpenSSL 3.5 refuses it and 4.0 accepts it, so the verdict is ours: refused. */
const IDENTITY = fromHex(`01${'00'.repeat(31)}`);

const imported = new Map<string, KeyObject | null>();

function holdsAsKey(publicKey: Uint8Array): boolean {
  try {
    const point = ed25519.Point.fromBytes(publicKey, false);
    return !point.isSmallOrder() && point.isTorsionFree();
  } catch {
    return false;
  }
}

function importOnce(publicKey: Uint8Array): KeyObject | null {
  if (publicKey.length !== KEY_BYTES || !holdsAsKey(publicKey)) return null;
  return createPublicKey({ key: Buffer.from(concatBytes(SPKI_HEAD, publicKey)), format: 'der', type: 'spki' });
}

/** The checked key, or null. The oldest of the cache makes room for the newest; bad keys are remembered too. */
function lookUp(publicKey: Uint8Array): KeyObject | null {
  if (publicKey.length !== KEY_BYTES) return null;
  const name = toHex(publicKey);
  const known = imported.get(name);
  if (known !== undefined) {
    imported.delete(name);
    imported.set(name, known);
    return known;
  }
  const key = importOnce(publicKey);
  if (imported.size >= LIMITS.publicKeysCachedMax.value) {
    const oldest = imported.keys().next();
    if (!oldest.done) imported.delete(oldest.value);
  }
  imported.set(name, key);
  return key;
}

/** True when the bytes are an acceptable public key: canonical, not of small order, without a torsion part. */
export function isPublicKey(publicKey: Uint8Array): boolean {
  return lookUp(publicKey) !== null;
}

/** The public key as a `KeyObject`; `KEY_INVALID` when it fails the import check. */
export function importPublicKey(publicKey: Uint8Array): KeyObject {
  const key = lookUp(publicKey);
  if (key === null) throw new BitDustError('KEY_INVALID');
  return key;
}

/** True when the first half of a signature is the identity point, which the rule refuses before any library is asked. */
export function hasIdentityAsR(signature: Uint8Array): boolean {
  return equalBytes(signature.subarray(0, 32), IDENTITY);
}

/** Cofactorless verification: the import check of the key, R not the identity, then OpenSSL. Never throws for bad input. */
export function verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== SIGNATURE_BYTES || hasIdentityAsR(signature)) return false;
  const key = lookUp(publicKey);
  return key !== null && nodeVerify(null, message, key, signature);
}

/** The private key of a 32-byte seed as a `KeyObject`. */
export function privateKeyFromSeed(seed: Uint8Array): KeyObject {
  if (seed.length !== KEY_BYTES) throw new RangeError('an Ed25519 seed has 32 bytes');
  const der = Buffer.from(concatBytes(PKCS8_HEAD, seed));
  try {
    return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  } finally {
    der.fill(0);
  }
}

/** The public key of a 32-byte seed. */
export function seedToPublicKey(seed: Uint8Array): Uint8Array {
  const spki = createPublicKey(privateKeyFromSeed(seed)).export({ format: 'der', type: 'spki' });
  return new Uint8Array(spki.subarray(SPKI_HEAD.length));
}

/** Signs exactly these bytes; the label is the caller's. */
export function signWithSeed(seed: Uint8Array, message: Uint8Array): Uint8Array {
  return new Uint8Array(nodeSign(null, message, privateKeyFromSeed(seed)));
}

/** A signing key from a seed, which the caller may zero afterwards. */
export function signingKeyFromSeed(seed: Uint8Array): SigningKey {
  const privateKey = privateKeyFromSeed(seed);
  const publicKey = seedToPublicKey(seed);
  return { publicKey, sign: (message) => new Uint8Array(nodeSign(null, message, privateKey)) };
}
