import { hkdf, labelled, u32 } from './hash.ts';
import { LABELS } from './labels.ts';

function derive(entropy: Uint8Array, label: string, index: number): Uint8Array {
  if (entropy.length !== 32) throw new RangeError('the entropy has 32 bytes');
  return hkdf({ secret: entropy, info: labelled(label, u32(index)), length: 32 });
}

/** Seed of the Ed25519 root of this epoch. */
export function rootSeed(entropy: Uint8Array, epoch: number): Uint8Array {
  return derive(entropy, LABELS.root, epoch);
}

/** Seed of the Ed25519 pair under which recovery record `index` lies. */
export function rendezvousSeed(entropy: Uint8Array, index: number): Uint8Array {
  return derive(entropy, LABELS.rendezvous, index);
}

/** Seed of the X-Wing recovery key, to which the keychain is sealed. */
export function recoverySeed(entropy: Uint8Array): Uint8Array {
  return derive(entropy, LABELS.recovery, 0);
}
