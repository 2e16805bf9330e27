import assert from 'node:assert/strict';
import { createPublicKey, verify as nodeVerify } from 'node:crypto';
import { test } from 'node:test';
import { ed25519 } from '@noble/curves/ed25519.js';
import * as ed from '@noble/ed25519';
import { sha512 } from '@noble/hashes/sha2.js';
import {
  hasIdentityAsR,
  isPublicKey,
  seedToPublicKey,
  signingKeyFromSeed,
  signWithSeed,
  verify,
} from '../../protocol/ed25519.ts';
import { referenceVerify } from '../../protocol/ed25519-reference.ts';
import { equalBytes, fromHex, textBytes } from '../../protocol/hash.ts';
import { readVectors } from '../support/vectors/vector-file.ts';

ed.hashes.sha512 = sha512;

test('three libraries make the same key and the same signature from a seed', () => {
  for (let round = 0; round < 10; round += 1) {
    const seed = new Uint8Array(32).fill(round + 1);
    const message = textBytes(`message ${round}`);
    const signature = signWithSeed(seed, message);
    assert.deepEqual(seedToPublicKey(seed), ed.getPublicKey(seed));
    assert.deepEqual(signature, ed.sign(message, seed));
    assert.deepEqual(signature, ed25519.sign(message, seed));
    const key = signingKeyFromSeed(seed);
    assert.ok(verify(key.publicKey, message, key.sign(message)));
    assert.ok(referenceVerify(key.publicKey, message, signature));
    assert.ok(!verify(key.publicKey, textBytes('another'), signature));
  }
});

test('a signature of the wrong length or a key of the wrong length is refused, not thrown at', () => {
  const key = signingKeyFromSeed(new Uint8Array(32));
  assert.equal(verify(key.publicKey, new Uint8Array(0), new Uint8Array(63)), false);
  assert.equal(verify(key.publicKey.subarray(1), new Uint8Array(0), new Uint8Array(64)), false);
  assert.ok(equalBytes(key.publicKey, fromHex('3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29')));
});

test('OpenSSL, WebCrypto and the reference give every vector the same verdict', async () => {
  for (const { name, expect, bytes } of readVectors('ed25519')) {
    const [key, signature, message] = [bytes.slice(0, 32), bytes.slice(32, 96), bytes.slice(96)];
    const isAccepted = expect === 'accept';
    assert.equal(verify(key, message, signature), isAccepted, `OpenSSL: ${name}`);
    assert.equal(referenceVerify(key, message, signature), isAccepted, `reference: ${name}`);
    assert.equal(await webVerify(key, message, signature), isAccepted, `WebCrypto: ${name}`);
  }
});

test('the import check is what refuses a key with a hidden torsion part: the library alone accepts it', () => {
  const hidden = readVectors('ed25519').find(({ name }) => name === 'key-torsion-hidden')!.bytes;
  const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), hidden.subarray(0, 32)]);
  const key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
  assert.equal(nodeVerify(null, hidden.subarray(96), key, hidden.subarray(32, 96)), true);
  assert.equal(isPublicKey(hidden.subarray(0, 32)), false);
});

async function webVerify(key: Uint8Array, message: Uint8Array, signature: Uint8Array): Promise<boolean> {
  if (!isPublicKey(key) || hasIdentityAsR(signature)) return false;
  const { subtle } = globalThis.crypto;
  const imported = await subtle.importKey('raw', Uint8Array.from(key), 'Ed25519', true, ['verify']);
  return subtle.verify('Ed25519', imported, Uint8Array.from(signature), Uint8Array.from(message));
}
