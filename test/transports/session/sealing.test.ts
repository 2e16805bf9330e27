import assert from 'node:assert/strict';
import { createCipheriv, createHmac, createPrivateKey, createPublicKey, diffieHellman } from 'node:crypto';
import { test } from 'node:test';
import { concatBytes, fromHex, textBytes, toHex } from '../../../protocol/hash.ts';
import { hpkeOpen, hpkeSeal, ownBuffer, x25519Kem, xWingKem } from '../../../transports/session/hpke.ts';
import { createSealing } from '../../../transports/session/sealing.ts';
import { sealingCompliance } from '../../compliance/sealing.ts';
import { createFakeSealing } from '../../support/fake-sealing.ts';

sealingCompliance('hpke', createSealing);
sealingCompliance('fake', createFakeSealing);

// RFC 9180, appendix A.1.1: the KEM of our suite.
const RFC = {
  info: '4f6465206f6e2061204772656369616e2055726e',
  ikmE: '7268600d403fce431561aef583ee1613527cff655c1343f29812e66706df3234',
  pkEm: '37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431',
  skEm: '52c4a758a802cd8b936eceea314432798d5baf2d7e9235dc084ab1b9cfa2f736',
  pkRm: '3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d',
  skRm: '4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8',
  sharedSecret: 'fe0e18c9f024ce43799ae393c7e8fe8fce9d218875e8227b0187c04e7d2ea1fc',
};

const hmac = (key: Uint8Array, ...parts: readonly Uint8Array[]) =>
  parts.reduce((hash, part) => hash.update(part), createHmac('sha256', key)).digest();

function expand(secret: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  const out: Buffer[] = [];
  for (let block = Buffer.alloc(0), index = 1; out.length * 32 < length; index += 1) {
    block = hmac(secret, block, info, Uint8Array.of(index));
    out.push(block);
  }
  return new Uint8Array(Buffer.concat(out).subarray(0, length));
}

/** RFC 9180 written down once more, over node:crypto, for one suite id. */
function labelledKdf(suite: Uint8Array) {
  const head = textBytes('HPKE-v1');
  return {
    extract: (salt: Uint8Array, label: string, ikm: Uint8Array) => hmac(salt, head, suite, textBytes(label), ikm),
    expand: (secret: Uint8Array, label: string, info: Uint8Array, length: number) =>
      expand(secret, concatBytes(Uint8Array.of(length >> 8, length), head, suite, textBytes(label), info), length),
  };
}

function referenceShared(): Uint8Array {
  const key = (hex: string) =>
    createPrivateKey({
      key: Buffer.from(`302e020100300506032b656e04220420${hex}`, 'hex'),
      format: 'der',
      type: 'pkcs8',
    });
  const dh = diffieHellman({ privateKey: key(RFC.skEm), publicKey: createPublicKey(key(RFC.skRm)) });
  const kem = labelledKdf(concatBytes(textBytes('KEM'), fromHex('0020')));
  const prk = kem.extract(new Uint8Array(0), 'eae_prk', dh);
  return kem.expand(prk, 'shared_secret', fromHex(RFC.pkEm + RFC.pkRm), 32);
}

function referenceCiphertext(plaintext: Uint8Array): Uint8Array {
  const kdf = labelledKdf(concatBytes(textBytes('HPKE'), fromHex('002000010002')));
  const none = new Uint8Array(0);
  const context = concatBytes(
    Uint8Array.of(0),
    kdf.extract(none, 'psk_id_hash', none),
    kdf.extract(none, 'info_hash', fromHex(RFC.info)),
  );
  const secret = kdf.extract(referenceShared(), 'secret', none);
  const key = kdf.expand(secret, 'key', context, 32);
  const cipher = createCipheriv('aes-256-gcm', key, kdf.expand(secret, 'base_nonce', context, 12));
  return concatBytes(cipher.update(plaintext), cipher.final(), cipher.getAuthTag());
}

test('X25519 agrees with RFC 9180 in the KEM and with its key schedule for AES-256-GCM', async () => {
  assert.equal(toHex(referenceShared()), RFC.sharedSecret);
  const plaintext = textBytes('Beauty is truth, truth beauty');
  const sealed = await hpkeSeal({
    kind: 'x25519',
    to: fromHex(RFC.pkRm),
    info: fromHex(RFC.info),
    plaintext,
    randomness: fromHex(RFC.ikmE),
  });
  assert.equal(toHex(sealed.subarray(0, 32)), RFC.pkEm);
  assert.deepEqual(sealed.subarray(32), referenceCiphertext(plaintext));
  const recipientKey = await x25519Kem.deserializePrivateKey(ownBuffer(fromHex(RFC.skRm)));
  const opened = await hpkeOpen({ kind: 'x25519', recipientKey, info: fromHex(RFC.info), sealed });
  assert.deepEqual(opened, plaintext);
});

test('X-Wing gives the shared secret of the draft for its first vector', async () => {
  const seed = fromHex('7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26');
  const randomness = fromHex(
    '3cb1eea988004b93103cfb0aeefd2a686e01fa4a58e8a3639ca8a1e3f9ae57e2' +
      '35b8cc873c23dc62b8d260169afa2f75ab916a58d974918835d25e6a435085b2',
  );
  const pair = await xWingKem.generateKeyPairDerand(Uint8Array.from(seed));
  const { sharedSecret, enc } = await xWingKem.encap({
    recipientPublicKey: pair.publicKey,
    ekm: ownBuffer(randomness),
  });
  const expected = 'd2df0522128f09dd8e2c92b1e905c793d8f57a54c3da25861f10bf4ca613e384';
  assert.equal(toHex(new Uint8Array(sharedSecret)), expected);
  const again = await xWingKem.decap({ recipientKey: pair.privateKey, enc });
  assert.equal(toHex(new Uint8Array(again)), expected);
});
