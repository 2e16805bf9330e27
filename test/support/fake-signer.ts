import type { SignerFactory } from '../../ports/signer.ts';
import { signingKeyFromSeed } from '../../protocol/ed25519.ts';

/** Ed25519 for the seeded world: the real signature, which needs no randomness and is made at once. */
export function createFakeSignerFactory(): SignerFactory {
  return { fromSeed: (seed) => signingKeyFromSeed(seed) };
}
