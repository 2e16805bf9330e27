import { Aes256Gcm, CipherSuite, HkdfSha256 } from '@hpke/core';
import { XWing } from '@hpke/hybridkem-x-wing';
import { concatBytes, labelled } from '../../protocol/hash.ts';
import type { KeychainOpener, KeychainSealing } from '../../protocol/keychain.ts';

const ENCAPSULATED_BYTES = 1120;

function suite(): CipherSuite {
  return new CipherSuite({ kem: new XWing(), kdf: new HkdfSha256(), aead: new Aes256Gcm() });
}

function buffer(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer;
}

/** HPKE over X-Wing straight from the library, for testing formats that are sealed to keys. */
export const xWingSealing: KeychainSealing = {
  async seal({ to, label, purpose, plaintext, randomness }) {
    const hpke = suite();
    const recipientPublicKey = await hpke.kem.deserializePublicKey(buffer(to));
    const info = buffer(labelled(label, to, purpose));
    const sealed = await hpke.seal({ recipientPublicKey, info, ekm: buffer(randomness) }, buffer(plaintext));
    return concatBytes(new Uint8Array(sealed.enc), new Uint8Array(sealed.ct));
  },
};

/** A private X-Wing key from a seed. */
export async function xWingKey(seed: Uint8Array): Promise<KeychainOpener> {
  const hpke = suite();
  const pair = await hpke.kem.deriveKeyPair(buffer(seed));
  const publicKey = new Uint8Array(await hpke.kem.serializePublicKey(pair.publicKey));
  return {
    publicKey,
    async open(sealed, { label, purpose }) {
      const enc = buffer(sealed.subarray(0, ENCAPSULATED_BYTES));
      const info = buffer(labelled(label, publicKey, purpose));
      const context = { recipientKey: pair.privateKey, enc, info };
      return new Uint8Array(await hpke.open(context, buffer(sealed.subarray(ENCAPSULATED_BYTES))));
    },
  };
}
