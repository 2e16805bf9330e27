import { createPublicKey, type KeyObject, sign } from 'node:crypto';
import type { SealingKey } from '../../ports/sealing.ts';
import type { Signer, SignerFactory } from '../../ports/signer.ts';
import { privateKeyFromSeed, seedToPublicKey } from '../../protocol/ed25519.ts';
import { hpkeOpen, sealInfo } from './hpke.ts';
import { imageOf, imagePrivateKey } from './key-image.ts';

/** What the session needs of a device key beyond signing. It never leaves this folder. */
export interface DeviceKeys {
  /** For TLS, which signs by itself. */
  readonly privateKey: KeyObject;
  /** Opens knocks. */
  readonly image: SealingKey;
}

const keysOf = new WeakMap<Signer, DeviceKeys>();

/** The keys behind a signer of `createSignerFactory`; throws for any other. */
export function deviceKeysOf(signer: Signer): DeviceKeys {
  const keys = keysOf.get(signer);
  if (keys === undefined) throw new TypeError('a session needs a signer of createSignerFactory');
  return keys;
}

function imageKey(privateKey: KeyObject, publicKey: Uint8Array): SealingKey {
  const algorithm = { name: 'X25519' };
  const recipientKey = {
    privateKey: privateKey.toCryptoKey(algorithm, false, ['deriveBits']),
    publicKey: createPublicKey(privateKey).toCryptoKey(algorithm, true, []),
  };
  return {
    publicKey,
    open: (sealed, { label, purpose }) =>
      hpkeOpen({ kind: 'x25519', recipientKey, info: sealInfo({ label, to: publicKey, purpose }), sealed }),
  };
}

/** Ed25519 keys as `KeyObject`s: they sign and do not show their bytes. */
export function createSignerFactory(): SignerFactory {
  return {
    fromSeed: (seed) => {
      const privateKey = privateKeyFromSeed(seed);
      const publicKey = seedToPublicKey(seed);
      const signer: Signer = {
        publicKey,
        sign: (message) => new Uint8Array(sign(null, message, privateKey)),
      };
      keysOf.set(signer, { privateKey, image: imageKey(imagePrivateKey(seed), imageOf(publicKey)) });
      return signer;
    },
  };
}
