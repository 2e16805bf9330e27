import { encode } from './cbor.ts';
import { type SigningKey, verify } from './ed25519.ts';
import { labelled } from './hash.ts';
import { statementLabel } from './statement.ts';

/** What a root signs to be let in by a supplier: bound to the network, both devices, his nonce and this very session. */
export interface OwnershipChallenge {
  readonly network: Uint8Array;
  readonly person: Uint8Array;
  readonly epoch: number;
  readonly supplier: Uint8Array;
  readonly device: Uint8Array;
  readonly nonce: Uint8Array;
  readonly exporter: Uint8Array;
}

function message(challenge: OwnershipChallenge): Uint8Array {
  const { network, person, epoch, supplier, device, nonce, exporter } = challenge;
  return labelled(
    statementLabel('ownership-proof'),
    encode({ network, person, epoch, supplier, device, nonce, exporter }),
  );
}

/** Answers a challenge with root `epoch`; 64 bytes. */
export function proveOwnership(challenge: OwnershipChallenge, root: SigningKey): Uint8Array {
  return root.sign(message(challenge));
}

/** True when the root key of that epoch signed this challenge, which the supplier builds from what he himself knows. */
export function isOwnershipProof(challenge: OwnershipChallenge, root: Uint8Array, signature: Uint8Array): boolean {
  return verify(root, message(challenge), signature);
}
