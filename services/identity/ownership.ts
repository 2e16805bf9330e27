import type { Messenger } from '../../ports/messenger.ts';
import { COMMANDS } from '../../protocol/commands.ts';
import type { SigningKey } from '../../protocol/ed25519.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { equalBytes, sha256 } from '../../protocol/hash.ts';
import { type DeviceId, keyOfDevice } from '../../protocol/ids.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { readHead } from '../../protocol/log-content.ts';
import type { LogHead } from '../../protocol/log-place.ts';
import { proveOwnership } from '../../protocol/ownership-proof.ts';
import type { WholeDocument } from '../kit/log-requests.ts';

export interface OwnershipAsker {
  readonly messenger: Pick<Messenger, 'request' | 'connect'> & {
    /** Of the session in use with the peer. */
    exporter(peer: DeviceId): Uint8Array | undefined;
  };
  readonly network: Uint8Array;
  readonly person: Uint8Array;
  /** Key of the device that asks. */
  readonly device: Uint8Array;
  /** The root of an epoch, from the words. */
  readonly root: (epoch: number) => SigningKey;
}

/** What a supplier gives to the owner of what he holds. */
export interface ProvenSupplier {
  readonly device: DeviceId;
  readonly heads: readonly LogHead[];
  readonly documents: readonly WholeDocument[];
}

const ANSWER_TIMEOUT_MS = 8_000;
/** More epochs than anybody passes in a life; a challenge for a later one is nonsense. */
const EPOCH_MAX = 4096;

/** Proves to a supplier that we have the words, and takes what he gives then. From now on the session may read. */
export async function proveTo(asker: OwnershipAsker, peer: DeviceId, signal: AbortSignal): Promise<ProvenSupplier> {
  const { messenger, network, person, device } = asker;
  const options = { signal, deadlineMs: ANSWER_TIMEOUT_MS };
  const { check } = COMMANDS.ProveOwnership.answer.payload;
  const asked = await messenger.request(peer, 'ProveOwnership', { person }, options);
  const challenge = check(asked.payload, 'ProveOwnership');
  const exporter = messenger.exporter(peer);
  if (!('nonce' in challenge) || challenge.epoch > EPOCH_MAX) {
    throw new BitDustError('ENCODING_INVALID', 'a challenge was asked for');
  }
  if (exporter === undefined) throw new BitDustError('LINK_LOST');
  const { epoch, nonce } = challenge;
  const supplier = keyOfDevice(peer);
  const proof = { network, person, epoch, supplier, device, nonce, exporter };
  const signature = proveOwnership(proof, asker.root(epoch));
  const { payload, streams } = await messenger.request(
    peer,
    'ProveOwnership',
    { person, epoch, nonce, signature },
    options,
  );
  const answer = check(payload, 'ProveOwnership');
  if (!('heads' in answer) || streams.length !== answer.documents.length) {
    throw new BitDustError('ENCODING_INVALID', 'the documents were asked for');
  }
  const documents: WholeDocument[] = [];
  for (const [index, { name, version, hash }] of answer.documents.entries()) {
    const bytes = await streams[index]!.collect(LIMITS.documentBytesMax.value);
    if (!equalBytes(sha256(bytes), hash)) throw new BitDustError('ENCODING_INVALID', 'the document has another hash');
    documents.push({ name, version, bytes });
  }
  return { device: peer, heads: answer.heads.map(readHead), documents };
}
