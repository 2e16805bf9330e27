import type { Bus } from '../../bus/bus.ts';
import type { AddressBook } from '../../ports/addresses.ts';
import type { FamilyView, LogHead, OrderLog } from '../../ports/order-logs.ts';
import type { Publisher } from '../../ports/publishing.ts';
import type { SignerFactory } from '../../ports/signer.ts';
import type { Clock, Random } from '../../ports/world.ts';
import { sha256, toHex } from '../../protocol/hash.ts';
import { keyOfDevice } from '../../protocol/ids.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { headsDigest } from '../../protocol/log-place.ts';
import { type RecoveryRecord, sealRecoveryRecord } from '../../protocol/recovery-record.ts';
import { makeSignedRecords, type ReadyRecord } from '../../protocol/signed-records.ts';
import { inOrder } from '../kit/in-order.ts';
import type { WholeDocument } from '../kit/log-requests.ts';
import type { Service } from '../kit/service.ts';
import type { OwnSelf } from './self.ts';

export interface OwnDocumentsNeeds {
  readonly bus: Bus;
  readonly clock: Pick<Clock, 'now'>;
  readonly random: Random;
  readonly signer: SignerFactory;
  readonly self: OwnSelf;
  readonly publisher: Pick<Publisher, 'keep' | 'signedRecords'>;
  readonly addressBook: Pick<AddressBook, 'known'>;
  /** Our own logs; null for a node that stores nothing with others. */
  readonly log: Pick<OrderLog, 'family' | 'heads'> | null;
  readonly onFailure: (key: string, error: unknown) => void;
}

/** What makes us found again: records in the directory, and documents that every supplier keeps whole. */
export interface OwnDocuments extends Service {
  /** Identity first, then family, keychain and the ready-signed records, as far as there are any. */
  documents(): readonly WholeDocument[];
  /** Called when one of them has a newer version. Returns the function that ends it. */
  onChange(listener: () => void): () => void;
}

const SALT_BYTES = 16;
/** Says where a device can be reached now; of no use once it is gone. */
const UNKEPT = 'presence';

/** Keeps root heads and recovery record in the directory, and the documents that suppliers hold for us. */
export function createOwnDocuments(needs: OwnDocumentsNeeds): OwnDocuments {
  const { bus, clock, random, self, publisher, log } = needs;
  const listeners = new Set<() => void>();
  const turn = inOrder();
  let unsubscribe = (): void => {};
  let made: { readonly content: string; readonly document: WholeDocument } | null = null;

  function keepRootHeads(): void {
    for (const index of self.state().rootHeads.keys()) {
      const name = index === 0 ? 'root-head' : `root-head:${index}`;
      publisher.keep({ kind: 'signed', name, record: () => self.state().rootHeads[index] ?? null });
    }
  }

  function keepRecoveryRecord(): void {
    const [pair] = self.state().rendezvous;
    if (pair === undefined) return;
    const key = needs.signer.fromSeed(Uint8Array.from(pair.seed));
    const { publicKey } = key;
    const value = (): Uint8Array => sealRecoveryRecord(currentRecord(), pair.seed, random.bytes(SALT_BYTES));
    publisher.keep({ kind: 'own', name: 'recovery', publicKey, sign: (message) => key.sign(message), value });
  }

  function currentRecord(): RecoveryRecord {
    return makeRecoveryRecord({
      network: self.networkId,
      person: self.personKey,
      keychain: self.keychain().bytes,
      family: log?.family(),
      heads: log?.heads() ?? [],
      addressBook: needs.addressBook,
    });
  }

  /** A later version of the document whenever one of its records was signed anew. */
  async function renew(): Promise<void> {
    const records = publisher.signedRecords().flatMap(({ name, record }) => (name === UNKEPT ? [] : [record]));
    const content = contentOf(records);
    if (records.length === 0 || content === made?.content) return;
    const version = Math.max(self.state().recordsVersion + 1, Math.floor(clock.now() / 1000));
    await self.change((state) => ({ ...state, recordsVersion: version }));
    const { networkId: network, person: owner, device } = self;
    const body = { network, owner, device, revision: self.revision(), version, records };
    made = { content, document: { name: 'records', version, bytes: makeSignedRecords(body, self.signer).bytes } };
    for (const listener of listeners) listener();
  }

  return {
    start() {
      keepRootHeads();
      keepRecoveryRecord();
      unsubscribe = bus.subscribe(['record.published'], () => {
        turn(renew).catch((error: unknown) => needs.onFailure('records', error));
      });
    },
    stop: () => unsubscribe(),
    documents() {
      const family = log?.family();
      const keychain = self.keychain();
      return [
        { name: 'identity', version: self.revision(), bytes: self.identityFile() },
        ...(family === undefined ? [] : [{ name: 'family' as const, version: family.version, bytes: family.bytes }]),
        ...(keychain.version === 0 ? [] : [{ name: 'keychain' as const, ...keychain }]),
        ...(made === null ? [] : [made.document]),
      ];
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** What a person with nothing but the words needs first: who holds the data, and where. */
export function makeRecoveryRecord(now: {
  readonly network: Uint8Array;
  readonly person: Uint8Array;
  readonly keychain: Uint8Array;
  readonly family: FamilyView | undefined;
  readonly heads: readonly LogHead[];
  readonly addressBook: Pick<AddressBook, 'known'>;
}): RecoveryRecord {
  const anchors = (now.family?.seats ?? []).flatMap(({ device }) => {
    const [address] = now.addressBook.known(device);
    return address === undefined ? [] : [{ device: keyOfDevice(device), address }];
  });
  return {
    network: now.network,
    person: now.person,
    family: now.family?.version ?? 0,
    anchors: anchors.slice(0, LIMITS.anchorsMax.value),
    keychain: sha256(now.keychain),
    heads: headsDigest(now.heads),
  };
}

function contentOf(records: readonly ReadyRecord[]): string {
  return records
    .map(({ publicKey, sequence }) => `${toHex(publicKey)}/${sequence}`)
    .toSorted()
    .join();
}
