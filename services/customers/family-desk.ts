import type { Identities, Self } from '../../ports/identity.ts';
import type { PeerAnswer, PeerRequest } from '../../ports/messenger.ts';
import type { OrderLog, OrderLogs } from '../../ports/order-logs.ts';
import type { PieceStore } from '../../ports/pieces.ts';
import { checkPayload } from '../../protocol/commands.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { frameItems, unframeItems } from '../../protocol/framed.ts';
import { equalBytes, sha256, toHex } from '../../protocol/hash.ts';
import { readIdentityFile } from '../../protocol/identity-file.ts';
import { deviceIdFrom, keyOfPerson, type PersonId, personIdFrom } from '../../protocol/ids.ts';
import { readKeychain } from '../../protocol/keychain.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { writeHead } from '../../protocol/log-content.ts';
import { headsDigest } from '../../protocol/log-place.ts';
import { makeReceipt } from '../../protocol/receipt.ts';
import { parseSignedRecords } from '../../protocol/signed-records.ts';
import { inOrder } from '../kit/in-order.ts';
import type { DocumentName } from '../kit/log-requests.ts';

export interface FamilyDeskNeeds {
  readonly self: Pick<Self, 'device' | 'signer'>;
  readonly network: Uint8Array;
  readonly logs: OrderLogs;
  readonly pieces: Pick<PieceStore, 'account' | 'charge' | 'document' | 'keepDocument'>;
  readonly identities: Identities;
  readonly clock: { now(): number };
  /** Entries of a customer were taken over; `keep` among the kinds brings pieces back. */
  readonly onEntries: (customer: PersonId, kinds: readonly string[]) => Promise<void>;
  readonly onOffer: (customer: PersonId, what: 'family' | 'family-fork' | 'log' | 'records', version: number) => void;
}

type Right = 'owner' | 'prover' | 'seat';
type Kept = { readonly version: number; readonly bytes: Uint8Array };

const APPEND_BYTES_MAX = 1024 * 1024;
const ANSWER_BYTES_MAX = 4 * 1024 * 1024;
/** Rows of the state an entry may add, at most so many times its own bytes. */
const STATE_PER_ENTRY = 8;

/** A supplier's answers about a customer's logs and documents. */
export interface FamilyDesk {
  readLog(request: PeerRequest): Promise<PeerAnswer>;
  appendLog(request: PeerRequest): Promise<PeerAnswer>;
  getDocument(request: PeerRequest): Promise<PeerAnswer>;
  putDocument(request: PeerRequest): Promise<PeerAnswer>;
  /** The owner or a seat of the newest family; rejects others. */
  mayNotice(request: PeerRequest): Promise<PersonId>;
  /** Takes entries over within the customer's quota; rejects with `QUOTA_EXCEEDED` before anything changed. */
  accept(customer: PersonId, entries: readonly Uint8Array[]): ReturnType<OrderLog['accept']>;
}

/** Checks right, size and freshness of every request; what is taken over is durable before it is receipted. */
export function createFamilyDesk(needs: FamilyDeskNeeds): FamilyDesk {
  const { self, network, logs, pieces, identities, clock, onEntries, onOffer } = needs;

  /** The messenger lets an unlisted device ask only for the owner it proved to be. */
  async function rightOf(request: PeerRequest): Promise<{ owner: PersonId; log: OrderLog; right: Right | null }> {
    const { owner, from } = request;
    if (owner === null || pieces.account(owner) === undefined) throw new BitDustError('NOT_ENTITLED');
    const log = await logs.of(owner);
    if (from.person === owner) return { owner, log, right: 'owner' };
    if (from.person === null) return { owner, log, right: 'prover' };
    const sits = log.family()?.seats.some(({ device }) => device === from.device) ?? false;
    return { owner, log, right: sits ? 'seat' : null };
  }

  async function entitled(request: PeerRequest, rights: readonly Right[]) {
    const { owner, log, right } = await rightOf(request);
    if (right === null || !rights.includes(right)) throw new BitDustError('NOT_ENTITLED');
    return { owner, log, right };
  }

  function receiptFor(log: OrderLog, hash: string | null): Uint8Array {
    const receipt = { network, owner: log.owner, holder: self.device, hash, heads: log.heads(), at: clock.now() };
    return makeReceipt(receipt, self.signer).bytes;
  }

  const turns = new Map<PersonId, ReturnType<typeof inOrder>>();

  function accept(customer: PersonId, entries: readonly Uint8Array[]) {
    const inTurn = turns.get(customer) ?? inOrder();
    turns.set(customer, inTurn);
    return inTurn(() => acceptNow(customer, entries));
  }

  /** Room for all that the entries could add is taken before, what they did add is accounted after. */
  async function acceptNow(customer: PersonId, entries: readonly Uint8Array[]) {
    const log = await logs.of(customer);
    const size = entries.reduce((sum, entry) => sum + entry.length, 0);
    await pieces.charge({ customer, what: 'log', bytes: log.bytes() + size * STATE_PER_ENTRY });
    try {
      const accepted = await log.accept(entries);
      if (accepted.applied > 0) await onEntries(customer, accepted.kinds);
      return accepted;
    } finally {
      await pieces.charge({ customer, what: 'log', bytes: log.bytes() });
    }
  }

  async function readEntries(log: OrderLog, ask: { device: Uint8Array; log: Uint8Array; from: number; to: number }) {
    const range = { device: deviceIdFrom(ask.device), log: toHex(ask.log), from: ask.from, to: ask.to };
    const items: Uint8Array[] = [];
    let bytes = 0;
    for await (const item of log.entries(range)) {
      bytes += item.length + 4;
      if (bytes > ANSWER_BYTES_MAX || items.length >= LIMITS.logEntriesPerPacketMax.value) break;
      items.push(item);
    }
    const framed = frameItems(items);
    return {
      payload: { from: ask.from, to: ask.to, count: items.length },
      streams: [{ length: framed.length, bytes: framed }],
    };
  }

  async function held(owner: PersonId, log: OrderLog, name: DocumentName): Promise<Kept | undefined> {
    if (name === 'family') return log.family();
    if (name !== 'identity') return pieces.document(owner, name);
    const known = identities.get(owner);
    return known === undefined ? undefined : { version: known.revision, bytes: known.file };
  }

  async function takeFamily(log: OrderLog, bytes: Uint8Array): Promise<void> {
    try {
      if ((await log.putFamily(bytes)) !== 'newer') return;
    } catch (error) {
      if (error instanceof BitDustError && error.code === 'FAMILY_FORKED') {
        onOffer(log.owner, 'family-fork', log.family()?.version ?? 0);
      }
      throw error;
    }
    await pieces.charge({ customer: log.owner, what: 'log', bytes: log.bytes() });
    onOffer(log.owner, 'family', log.family()?.version ?? 0);
  }

  async function takeKept(owner: PersonId, name: 'keychain' | 'records', bytes: Uint8Array): Promise<void> {
    const document = name === 'keychain' ? keychainOf(bytes) : parseSignedRecords(bytes);
    const isOwners = document.owner === owner && equalBytes(document.network, network);
    if (!isOwners || !identities.lists(owner, document.device, document.revision))
      throw new BitDustError('NOT_ENTITLED');
    const { version } = document;
    const kept = await pieces.keepDocument(owner, name, { version, hash: toHex(sha256(bytes)), bytes });
    if (kept === 'kept') onOffer(owner, 'records', version);
  }

  return {
    accept,
    async readLog(request) {
      const { log } = await entitled(request, ['owner', 'prover', 'seat']);
      const ask = checkPayload('ReadLog', request.payload);
      if (ask.ask === 'entries') return readEntries(log, ask);
      const heads = log.heads();
      const digest = headsDigest(heads);
      const same = ask.digest !== null && equalBytes(ask.digest, digest);
      return { payload: { digest, heads: same ? null : heads.map(writeHead) } };
    },
    async appendLog(request) {
      const { owner, log } = await entitled(request, ['owner', 'seat']);
      const entries = await entriesOf(request);
      const { applied, refused } = await accept(owner, entries);
      if (applied > 0) onOffer(owner, 'log', 0);
      return { payload: { receipt: receiptFor(log, null), applied, refused } };
    },
    async getDocument(request) {
      const { name, known } = checkPayload('GetDocument', request.payload);
      const rights: readonly Right[] = name === 'keychain' ? ['owner', 'prover'] : ['owner', 'prover', 'seat'];
      const { owner, log } = await entitled(request, rights);
      const document = await held(owner, log, name);
      if (document === undefined) throw new BitDustError('DOCUMENT_UNKNOWN');
      const { version, bytes } = document;
      const payload = { version, hash: sha256(bytes) };
      return known !== null && known >= version ? { payload } : { payload, streams: [{ length: bytes.length, bytes }] };
    },
    async putDocument(request) {
      const { name, hash } = checkPayload('PutDocument', request.payload);
      const { owner, log, right } = await rightOf(request);
      const allowed = right === 'owner' || name === 'identity' || (name === 'family' && right === 'seat');
      if (!allowed || right === 'prover') throw new BitDustError('NOT_ENTITLED');
      const bytes = await request.streams[0]?.collect(LIMITS.documentBytesMax.value);
      if (bytes === undefined || !equalBytes(sha256(bytes), hash)) {
        throw new BitDustError('ENCODING_INVALID', 'the document has another hash');
      }
      if (name === 'family') await takeFamily(log, bytes);
      else if (name === 'identity') await takeIdentity(identities, owner, bytes);
      else await takeKept(owner, name, bytes);
      return { payload: { receipt: receiptFor(log, toHex(hash)) } };
    },
    async mayNotice(request) {
      return (await entitled(request, ['owner', 'seat'])).owner;
    },
  };
}

function keychainOf(bytes: Uint8Array) {
  const { network, person, device, revision, version } = readKeychain(bytes);
  return { network, owner: personIdFrom(person), device: deviceIdFrom(device), revision, version };
}

async function entriesOf(request: PeerRequest): Promise<readonly Uint8Array[]> {
  const { count } = checkPayload('AppendLog', request.payload);
  const framed = await request.streams[0]?.collect(APPEND_BYTES_MAX);
  const entries = framed === undefined ? [] : unframeItems(framed, LIMITS.logEntryBytesMax.value);
  if (entries.length !== count)
    throw new BitDustError('ENCODING_INVALID', 'the stream holds another number of entries');
  return entries;
}

/** An identity file proves itself, whoever brings it; but only that of the owner is taken here. */
async function takeIdentity(identities: Identities, owner: PersonId, file: Uint8Array): Promise<void> {
  readIdentityFile(file, { person: keyOfPerson(owner) });
  await identities.accept(file);
}
