import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ed25519 } from '@noble/curves/ed25519.js';
import * as ed from '@noble/ed25519';
import { sha512 } from '@noble/hashes/sha2.js';
import { seedToPublicKey, signingKeyFromSeed, signWithSeed, verify } from '../../protocol/ed25519.ts';
import { referenceVerify } from '../../protocol/ed25519-reference.ts';
import { equalBytes, fromHex, textBytes } from '../../protocol/hash.ts';

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
