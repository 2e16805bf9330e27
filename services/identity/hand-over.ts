import type { AddressBook } from '../../ports/addresses.ts';
import type { Directory, DirectoryRecord } from '../../ports/directory.ts';
import type { Messenger } from '../../ports/messenger.ts';
import type { OrderLog } from '../../ports/order-logs.ts';
import type { Signer, SignerFactory } from '../../ports/signer.ts';
import type { Clock, Random } from '../../ports/world.ts';
import { nextSequence } from '../../protocol/directory-rules.ts';
import { listHeadValue } from '../../protocol/directory-values.ts';
import { type DeviceId, deviceIdFrom, personIdFrom } from '../../protocol/ids.ts';
import { sealRecoveryRecord } from '../../protocol/recovery-record.ts';
import { makeSignedRecords } from '../../protocol/signed-records.ts';
import { sendDocument, type WholeDocument } from '../kit/log-requests.ts';
import { untilAborted } from '../kit/until-aborted.ts';
import type { LoadedIdentity } from './identity-store.ts';
import { makeRecoveryRecord } from './own-documents.ts';

export interface HandOverNeeds {
  readonly clock: Pick<Clock, 'now'>;
  readonly random: Random;
  readonly signer: SignerFactory;
  readonly directory: Pick<Directory, 'makeRecord' | 'put'>;
  readonly messenger: Messenger & { greet(peer: DeviceId): Promise<void> };
  readonly addressBook: Pick<AddressBook, 'known'>;
}

/** The new state, and who keeps it. */
export interface HandedOver {
  readonly identity: LoadedIdentity;
  readonly networkId: Uint8Array;
  readonly log: OrderLog;
  readonly suppliers: readonly DeviceId[];
  readonly signal: AbortSignal;
}

const SALT_BYTES = 16;
const SEND_TIMEOUT_MS = 10_000;

/** Puts the new heads and recovery record into the directory and gives every supplier the new documents; who is not reached now is told by the running node. */
export async function handOver(needs: HandOverNeeds, to: HandedOver): Promise<void> {
  const records = [...to.identity.state.rootHeads, ...makeRecords(needs, to)];
  const puts = records.map((record) => needs.directory.put(record, to.signal));
  const documents = makeDocuments(needs, to, records);
  const sends = to.suppliers.map((device) => sendAll(needs, to, { device, documents }));
  await Promise.allSettled([...puts, ...sends]);
}

function makeRecords(needs: HandOverNeeds, to: HandedOver): readonly DirectoryRecord[] {
  const { keys, file, state } = to.identity;
  const own = (key: Signer, value: Uint8Array): DirectoryRecord =>
    needs.directory.makeRecord({
      publicKey: key.publicKey,
      sign: (message) => key.sign(message),
      sequence: nextSequence(needs.clock.now(), 0),
      value,
    });
  const admin = needs.signer.fromSeed(Uint8Array.from(keys.admin));
  const listHead = own(admin, listHeadValue.encode({ network: to.networkId, ...file.head }));
  const [pair] = state.rendezvous;
  if (pair === undefined) return [listHead];
  const record = makeRecoveryRecord({
    network: to.networkId,
    person: file.person,
    keychain: state.keychain?.bytes ?? new Uint8Array(0),
    family: to.log.family(),
    heads: to.log.heads(),
    addressBook: needs.addressBook,
  });
  const sealed = sealRecoveryRecord(record, pair.seed, needs.random.bytes(SALT_BYTES));
  return [listHead, own(needs.signer.fromSeed(Uint8Array.from(pair.seed)), sealed)];
}

function makeDocuments(
  needs: HandOverNeeds,
  to: HandedOver,
  records: readonly DirectoryRecord[],
): readonly WholeDocument[] {
  const { keys, file, state } = to.identity;
  const { revision } = file.head;
  const version = state.recordsVersion;
  const body = {
    network: to.networkId,
    owner: personIdFrom(file.person),
    device: deviceIdFrom(state.device),
    revision,
    version,
    records,
  };
  const { bytes } = makeSignedRecords(body, needs.signer.fromSeed(Uint8Array.from(keys.device)));
  return [
    { name: 'identity', version: revision, bytes: file.bytes },
    ...(state.keychain === null ? [] : [{ name: 'keychain' as const, ...state.keychain }]),
    { name: 'records', version, bytes },
  ];
}

/** The greeting tells who we are now; only then may we write. */
async function sendAll(
  needs: HandOverNeeds,
  to: HandedOver,
  { device, documents }: { readonly device: DeviceId; readonly documents: readonly WholeDocument[] },
): Promise<void> {
  await untilAborted(needs.messenger.greet(device), to.signal);
  const peer = {
    messenger: needs.messenger,
    network: to.networkId,
    owner: personIdFrom(to.identity.file.person),
    peer: device,
    signal: to.signal,
    deadlineMs: SEND_TIMEOUT_MS,
  };
  for (const document of documents) await sendDocument(peer, document);
}
