import type { Sealing, SealingKey } from '../../ports/sealing.ts';
import { hpkeOpen, hpkeSeal, ownBuffer, sealInfo, xWingKem } from './hpke.ts';

const SEED_BYTES = 32;

async function xWingKey(seed: Uint8Array): Promise<SealingKey> {
  if (seed.length !== SEED_BYTES) throw new RangeError('an X-Wing seed has 32 bytes');
  const secret = new Uint8Array(ownBuffer(seed));
  const pair = await xWingKem.generateKeyPairDerand(secret);
  const publicKey = new Uint8Array(await xWingKem.serializePublicKey(pair.publicKey));
  return {
    publicKey,
    open: (sealed, { label, purpose }) =>
      hpkeOpen({
        kind: 'x-wing',
        recipientKey: pair.privateKey,
        info: sealInfo({ label, to: publicKey, purpose }),
        sealed,
      }),
  };
}

/** HPKE base mode by `@hpke/core`: X25519 or X-Wing, HKDF-SHA256, AES-256-GCM. */
export function createSealing(): Sealing {
  return {
    xWingKey,
    seal: ({ to, kind, label, purpose, plaintext, randomness }) =>
      hpkeSeal({ kind, to, info: sealInfo({ label, to, purpose }), plaintext, randomness }),
  };
}
