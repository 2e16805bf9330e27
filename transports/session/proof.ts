import type { SessionClaims } from '../../ports/sessions.ts';
import type { Signer } from '../../ports/signer.ts';
import { encode } from '../../protocol/cbor.ts';
import { verify } from '../../protocol/ed25519.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { labelled } from '../../protocol/hash.ts';
import { LABELS } from '../../protocol/labels.ts';
import { bytes, decodeAs, int, map, nullable, oneOf, text } from '../../protocol/shape.ts';

const HEAD = map({ epoch: int(), revision: int(), hash: bytes(32) });
const PROOF = map({
  kind: oneOf('device', 'once'),
  key: bytes(32),
  person: nullable(bytes(32)),
  head: nullable(HEAD),
  link: nullable(bytes(16)),
  received: int(),
  signature: bytes(64),
});
const ACCEPT = map({ link: bytes(16), received: nullable(int()), observed: nullable(text(300)) });

/** What the dialler proves and says. */
export interface Proof {
  readonly key: Uint8Array;
  readonly claims: SessionClaims;
  /** The link to go on with, and how many of its frames the dialler has; null for a new one. */
  readonly link: Uint8Array | null;
  readonly received: number;
}

/** What the other side answers to a good proof. `received` is null for a new link. */
export interface Accept {
  readonly link: Uint8Array;
  readonly received: number | null;
  readonly observed: string | null;
}

/** Binds a signature to this session and this responder. */
function signedBytes(exporter: Uint8Array, responder: Uint8Array): Uint8Array {
  return labelled(LABELS.sessionClient, exporter, responder);
}

/** The payload of the proof frame. */
export function encodeProof(options: {
  readonly signer: Signer;
  readonly exporter: Uint8Array;
  readonly responder: Uint8Array;
  readonly claims: SessionClaims;
  readonly link: Uint8Array | null;
  readonly received: number;
}): Uint8Array {
  const { signer, exporter, responder, claims, link, received } = options;
  const signature = signer.sign(signedBytes(exporter, responder));
  const { person, head } = claims;
  return encode({ kind: 'device', key: signer.publicKey, person, head, link, received, signature });
}

/** Reads and checks a proof; `ENCODING_INVALID`, `SIGNATURE_INVALID` or `HANDSHAKE_FAILED`. */
export function checkProof(
  payload: Uint8Array,
  session: { readonly exporter: Uint8Array; readonly responder: Uint8Array },
): Proof {
  const proof = decodeAs(PROOF, payload, { bytesMax: 4096, name: 'proof' });
  if (proof.kind !== 'device') throw new BitDustError('HANDSHAKE_FAILED', 'One-time keys are not served here.');
  if (!verify(proof.key, signedBytes(session.exporter, session.responder), proof.signature)) {
    throw new BitDustError('SIGNATURE_INVALID');
  }
  const { key, person, head, link, received } = proof;
  return { key, claims: { person, head }, link, received };
}

/** The payload of the accept frame. */
export function encodeAccept(accept: Accept): Uint8Array {
  return encode({ ...accept });
}

/** Reads an accept frame; `ENCODING_INVALID`. */
export function decodeAccept(payload: Uint8Array): Accept {
  return decodeAs(ACCEPT, payload, { bytesMax: 1024, name: 'accept' });
}
