import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SignerFactory } from '../../ports/signer.ts';
import { seedToPublicKey, signWithSeed, verify } from '../../protocol/ed25519.ts';
import { fromHex, textBytes } from '../../protocol/hash.ts';

/** Every signer passes these. */
export function signerCompliance(name: string, make: () => SignerFactory): void {
  describe(`signer ${name}`, () => {
    it('gives the key and the signature of RFC 8032', () => {
      const seed = fromHex('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb');
      const signer = make().fromSeed(seed);
      assert.deepEqual(signer.publicKey, fromHex('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c'));
      assert.deepEqual(
        signer.sign(fromHex('72')),
        fromHex(
          '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da' +
            '085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
        ),
      );
    });

    it('keeps signing after the seed was zeroed', () => {
      const seed = new Uint8Array(32).fill(5);
      const kept = Uint8Array.from(seed);
      const signer = make().fromSeed(seed);
      seed.fill(0);
      assert.deepEqual(signer.sign(textBytes('message')), signWithSeed(kept, textBytes('message')));
      assert.deepEqual(signer.publicKey, seedToPublicKey(kept));
      assert.ok(verify(signer.publicKey, textBytes('message'), signer.sign(textBytes('message'))));
    });

    it('does not show its private key', () => {
      const signer = make().fromSeed(new Uint8Array(32).fill(6));
      assert.deepEqual(Object.keys(signer).sort(), ['publicKey', 'sign']);
      assert.ok(!JSON.stringify(signer).includes('6,6,6,6'));
    });

    it('refuses a seed of the wrong length', () => {
      for (const length of [0, 31, 33, 64]) assert.throws(() => make().fromSeed(new Uint8Array(length)), RangeError);
    });
  });
}
