import { createHash } from 'node:crypto';
import { Point } from '@noble/ed25519';
import { hasIdentityAsR } from './ed25519.ts';
import { concatBytes, equalBytes } from './hash.ts';

const ORDER = Point.CURVE().n;

function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes.toReversed()).toString('hex')}`);
}

/**
 * The verdict of the rule, spelled out with big integers: `R' = S·B − h·A` must have the bytes of R. It is the yardstick
 * for every faster library, and what a browser without Ed25519 would use. Never throws.
 */
export function referenceVerify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== 32 || signature.length !== 64 || hasIdentityAsR(signature)) return false;
  try {
    const key = Point.fromBytes(publicKey);
    if (key.isSmallOrder() || !key.isTorsionFree()) return false;
    const r = signature.subarray(0, 32);
    const s = littleEndian(signature.subarray(32));
    if (s >= ORDER) return false;
    const digest = createHash('sha512')
      .update(concatBytes(r, publicKey, message))
      .digest();
    const h = littleEndian(digest) % ORDER;
    const expected = Point.BASE.multiply(s, false).subtract(key.multiply(h, false));
    return equalBytes(expected.toBytes(), r);
  } catch {
    return false;
  }
}
