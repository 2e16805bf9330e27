import assert from 'node:assert/strict';
import { test } from 'node:test';
import { x25519 } from '@noble/curves/ed25519.js';
import { isBitDustError } from '../../../protocol/errors.ts';
import { textBytes } from '../../../protocol/hash.ts';
import { LABELS } from '../../../protocol/labels.ts';
import { imageOf, imagePrivateKey } from '../../../transports/session/key-image.ts';
import { createSealing } from '../../../transports/session/sealing.ts';
import { createSignerFactory, deviceKeysOf } from '../../../transports/session/signer.ts';
import { signerCompliance } from '../../compliance/signer.ts';
import { createFakeSignerFactory } from '../../support/fake-signer.ts';

signerCompliance('node:crypto', createSignerFactory);
signerCompliance('fake', createFakeSignerFactory);

test('the image of the public key belongs to the image of the private key', () => {
  for (let round = 1; round < 6; round += 1) {
    const seed = new Uint8Array(32).fill(round);
    const jwk = imagePrivateKey(seed).export({ format: 'jwk' });
    const scalar = new Uint8Array(Buffer.from(String(jwk['d']), 'base64url'));
    const signer = createSignerFactory().fromSeed(seed);
    assert.deepEqual(imageOf(signer.publicKey), x25519.getPublicKey(scalar));
    assert.deepEqual(deviceKeysOf(signer).image.publicKey, imageOf(signer.publicKey));
  }
});

test('a knock sealed to the image of a device key opens with the keys behind its signer', async () => {
  const signer = createSignerFactory().fromSeed(new Uint8Array(32).fill(3));
  const sealed = await createSealing().seal({
    to: imageOf(signer.publicKey),
    kind: 'x25519',
    label: LABELS.knock,
    purpose: new Uint8Array(0),
    plaintext: textBytes('knock'),
    randomness: new Uint8Array(32).fill(4),
  });
  const { image } = deviceKeysOf(signer);
  const opened = await image.open(sealed, { label: LABELS.knock, purpose: new Uint8Array(0) });
  assert.deepEqual(opened, textBytes('knock'));
});

test('a key that is not one has no image, and a foreign signer has no keys', () => {
  const small = new Uint8Array(32);
  small[0] = 1;
  assert.throws(
    () => imageOf(small),
    (error) => isBitDustError(error, 'KEY_INVALID'),
  );
  assert.throws(() => deviceKeysOf({ publicKey: small, sign: () => small }), TypeError);
});
