import { createHash } from 'node:crypto';
import { Point } from '@noble/ed25519';
import { concatBytes, fromHex, textBytes } from '../../../protocol/hash.ts';
import type { Vector } from './vector-file.ts';

const ORDER = Point.CURVE().n;
const PRIME = Point.CURVE().p;

/** Published vectors of RFC 8032, 7.1: key, signature, message. */
const RFC8032: readonly (readonly [string, string, string, string])[] = [
  [
    'rfc8032-1',
    'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
    '',
  ],
  [
    'rfc8032-2',
    '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    '72',
  ],
  [
    'rfc8032-3',
    'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
    'af82',
  ],
];

function littleEndian(value: bigint): Uint8Array {
  return fromHex(value.toString(16).padStart(64, '0')).reverse();
}

function fromLittleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes.toReversed()).toString('hex')}`);
}

function challenge(r: Uint8Array, key: Uint8Array, message: Uint8Array): bigint {
  const digest = createHash('sha512')
    .update(concatBytes(r, key, message))
    .digest();
  return fromLittleEndian(digest) % ORDER;
}

/** A point of order 8: what is left of a point when its part of prime order is multiplied away. */
function pointOfOrderEight(): Point {
  for (let y = 2n; ; y += 1n) {
    try {
      const torsion = Point.fromBytes(littleEndian(y))
        .multiply(ORDER - 1n)
        .add(Point.fromBytes(littleEndian(y)));
      if (!torsion.double().double().is0()) return torsion;
    } catch {
      // This y is on no point of the curve.
    }
  }
}

const torsion = pointOfOrderEight();
const secret = 0x1234567890abcdef1234567890abcdefn;
const nonce = 0xfedcba0987654321fedcba0987654321n;
const key = Point.BASE.multiply(secret);
const message = textBytes('one verdict');

/** A signature whose R and key may be anything: S = r + h·a, so only torsion parts are left over in the equation. */
function signed(options: {
  readonly r: bigint;
  readonly rPoint: Uint8Array;
  readonly key: Uint8Array;
  readonly message: Uint8Array;
}) {
  const h = challenge(options.rPoint, options.key, options.message);
  const s = (options.r + h * secret) % ORDER;
  return { h, s, bytes: concatBytes(options.key, options.rPoint, littleEndian(s), options.message) };
}

function grind(rPoint: Uint8Array, publicKey: Uint8Array, wanted: (h: bigint) => boolean): Uint8Array {
  for (let round = 0; ; round += 1) {
    const text = textBytes(`one verdict, ${round}`);
    const made = signed({ r: nonce, rPoint, key: publicKey, message: text });
    if (wanted(made.h)) return made.bytes;
  }
}

function vector(expect: Vector['expect'], name: string, comment: string, bytes: Uint8Array): Vector {
  return { name, expect, comment, bytes };
}

const r = Point.BASE.multiply(nonce).toBytes();
const honest = signed({ r: nonce, rPoint: r, key: key.toBytes(), message });
const identity = Point.ZERO.toBytes();
const mixedKey = key.add(torsion).toBytes();
const rTorsion = Point.BASE.multiply(nonce).add(torsion).toBytes();
const zeroS = new Uint8Array(32);
const overflow = concatBytes(key.toBytes(), r, littleEndian(honest.s + ORDER), message);
const signBit = Uint8Array.from(identity, (byte, at) => (at === 31 ? byte | 0x80 : byte));

/** Key (32), signature (64), message; each where libraries are known to disagree. */
export const ed25519Cases: readonly Vector[] = [
  ...RFC8032.map(([name, publicKey, signature, text]) =>
    vector('accept', name, 'RFC 8032, 7.1', fromHex(publicKey + signature + text)),
  ),
  vector('accept', 'honest', 'an ordinary signature', honest.bytes),
  vector('reject', 'message-changed', 'one more byte', concatBytes(honest.bytes, textBytes('!'))),
  vector('reject', 's-beyond-order', 'S + L: the same signature in other bytes', overflow),
  vector(
    'reject',
    'r-torsion',
    'R has a torsion part: only the cofactored equation holds',
    signed({ r: nonce, rPoint: rTorsion, key: key.toBytes(), message }).bytes,
  ),
  vector(
    'reject',
    'r-identity',
    'R is the identity, canonical: the equation holds, and OpenSSL 3.5 and 4.0 disagree',
    signed({ r: 0n, rPoint: identity, key: key.toBytes(), message }).bytes,
  ),
  vector(
    'reject',
    'r-small-order',
    'R has order 8',
    signed({ r: 0n, rPoint: torsion.toBytes(), key: key.toBytes(), message }).bytes,
  ),
  vector(
    'reject',
    'r-non-canonical',
    'R is the identity as y = p + 1',
    signed({ r: 0n, rPoint: littleEndian(PRIME + 1n), key: key.toBytes(), message }).bytes,
  ),
  vector(
    'reject',
    'r-sign-of-zero',
    'R is the identity with the sign bit set',
    signed({ r: 0n, rPoint: signBit, key: key.toBytes(), message }).bytes,
  ),
  vector(
    'reject',
    'key-torsion',
    'the key has a torsion part and the cofactorless equation fails',
    grind(r, mixedKey, (h) => h % 8n !== 0n),
  ),
  vector(
    'reject',
    'key-torsion-hidden',
    'the key has a torsion part, and h is a multiple of 8, so even the cofactorless equation holds',
    grind(r, mixedKey, (h) => h % 8n === 0n),
  ),
  vector(
    'reject',
    'key-small-order',
    'the key has order 8, S = 0, R the identity',
    concatBytes(torsion.toBytes(), identity, zeroS, message),
  ),
  vector(
    'reject',
    'key-identity',
    'the key is the identity: any message would hold',
    concatBytes(identity, identity, zeroS, message),
  ),
  vector(
    'reject',
    'key-non-canonical',
    'the key is the identity as y = p + 1',
    concatBytes(littleEndian(PRIME + 1n), identity, zeroS, message),
  ),
  vector(
    'reject',
    'key-sign-of-zero',
    'the key is the identity with the sign bit set',
    concatBytes(signBit, identity, zeroS, message),
  ),
  vector(
    'reject',
    'key-not-on-curve',
    'y = 2 is on no point',
    concatBytes(littleEndian(2n), r, littleEndian(honest.s), message),
  ),
  vector(
    'reject',
    'key-order-two',
    'the key is (0, -1)',
    concatBytes(littleEndian(PRIME - 1n), littleEndian(PRIME - 1n), zeroS, message),
  ),
];
