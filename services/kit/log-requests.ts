import type { Messenger, OutgoingStream } from '../../ports/messenger.ts';
import { COMMANDS } from '../../protocol/commands.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { FrameCutter, frameItems } from '../../protocol/framed.ts';
import { equalBytes, fromHex, sha256, toHex } from '../../protocol/hash.ts';
import { bytesOfLog, type DeviceId, keyOfDevice, type PersonId } from '../../protocol/ids.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { readHead } from '../../protocol/log-content.ts';
import { headsDigest, type LogHead, type LogPlace } from '../../protocol/log-place.ts';
import { isReceiptOf, parseReceipt, type SignedReceipt } from '../../protocol/receipt.ts';

/** Whom we ask about whose logs. */
export interface LogPeer {
  readonly messenger: Messenger;
  readonly network: Uint8Array;
  readonly owner: PersonId;
  readonly peer: DeviceId;
  readonly signal: AbortSignal;
  readonly deadlineMs: number;
}

export type DocumentName = 'identity' | 'family' | 'keychain' | 'records';

/** A document that is kept whole. */
export interface WholeDocument {
  readonly name: DocumentName;
  readonly version: number;
  readonly bytes: Uint8Array;
}

function optionsOf({ owner, signal, deadlineMs }: LogPeer, streams: readonly OutgoingStream[] = []) {
  return { owner, signal, deadlineMs, streams };
}

/** The heads the peer serves; ours again when his digest is the same. */
export async function askHeads(to: LogPeer, ours: readonly LogHead[]): Promise<readonly LogHead[]> {
  const digest = headsDigest(ours);
  const { payload } = await to.messenger.request(to.peer, 'ReadLog', { ask: 'heads', digest }, optionsOf(to));
  const answer = COMMANDS.ReadLog.answer.payload.check(payload, 'ReadLog');
  if (!('heads' in answer)) throw new BitDustError('ENCODING_INVALID', 'heads were asked for');
  if (answer.heads !== null) return answer.heads.map(readHead);
  if (!equalBytes(answer.digest, digest)) throw new BitDustError('ENCODING_INVALID', 'the heads were left out');
  return ours;
}

async function* itemsOf(stream: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const cutter = new FrameCutter(LIMITS.logEntryBytesMax.value);
  for await (const chunk of stream) yield* cutter.push(chunk);
  cutter.end();
}

/** Entries of one log, as the peer sends them: a range that may end before `to`. */
export async function askEntries(
  to: LogPeer,
  range: { readonly device: DeviceId; readonly log: string; readonly from: number; readonly to: number },
): Promise<AsyncIterable<Uint8Array>> {
  const { payload, streams } = await to.messenger.request(
    to.peer,
    'ReadLog',
    { ask: 'entries', device: keyOfDevice(range.device), log: bytesOfLog(range.log), from: range.from, to: range.to },
    optionsOf(to),
  );
  const answer = COMMANDS.ReadLog.answer.payload.check(payload, 'ReadLog');
  const [stream] = streams;
  if (!('count' in answer) || stream === undefined)
    throw new BitDustError('ENCODING_INVALID', 'entries were asked for');
  return itemsOf(stream.read());
}

function checkReceipt(to: LogPeer, bytes: Uint8Array): SignedReceipt {
  const receipt = parseReceipt(bytes);
  if (!isReceiptOf(receipt, { network: to.network, owner: to.owner, holder: to.peer })) {
    throw new BitDustError('SIGNATURE_INVALID', 'the receipt is of somebody else');
  }
  return receipt;
}

/** Brings entries; gives the signed receipt of the heads afterwards. */
export async function sendEntries(
  to: LogPeer,
  entries: readonly Uint8Array[],
): Promise<{
  readonly receipt: SignedReceipt;
  readonly refused: readonly { readonly seq: number; readonly code: string }[];
}> {
  const framed = frameItems(entries);
  const streams = [{ length: framed.length, bytes: framed }];
  const { payload } = await to.messenger.request(
    to.peer,
    'AppendLog',
    { count: entries.length },
    optionsOf(to, streams),
  );
  const { receipt, refused } = COMMANDS.AppendLog.answer.payload.check(payload, 'AppendLog');
  return { receipt: checkReceipt(to, receipt), refused };
}

/** Brings a document; the receipt must be for its bytes. */
export async function sendDocument(to: LogPeer, { name, version, bytes }: WholeDocument): Promise<SignedReceipt> {
  const hash = sha256(bytes);
  const streams = [{ length: bytes.length, bytes }];
  const { payload } = await to.messenger.request(
    to.peer,
    'PutDocument',
    { name, version, hash },
    optionsOf(to, streams),
  );
  const receipt = checkReceipt(to, COMMANDS.PutDocument.answer.payload.check(payload, 'PutDocument').receipt);
  if (receipt.hash !== toHex(hash)) throw new BitDustError('SIGNATURE_INVALID', 'the receipt is for something else');
  return receipt;
}

/** A document newer than `known`; undefined when the peer has none newer. */
export async function askDocument(
  to: LogPeer,
  wanted: { readonly name: DocumentName; readonly known: number | null },
): Promise<WholeDocument | undefined> {
  const { payload, streams } = await to.messenger.request(to.peer, 'GetDocument', wanted, optionsOf(to));
  const { version, hash } = COMMANDS.GetDocument.answer.payload.check(payload, 'GetDocument');
  const [stream] = streams;
  if (stream === undefined) return undefined;
  const bytes = await stream.collect(LIMITS.documentBytesMax.value);
  if (!equalBytes(sha256(bytes), hash)) throw new BitDustError('ENCODING_INVALID', 'the document has another hash');
  return { name: wanted.name, version, bytes };
}

/** Says that our logs of this owner moved on. */
export async function noticeLog(to: LogPeer, heads: readonly LogHead[]): Promise<void> {
  await to.messenger.request(to.peer, 'Notice', { kind: 'log-newer', digest: headsDigest(heads) }, optionsOf(to));
}

const APPEND_BYTES_MAX = 1024 * 1024 - 64 * 1024;

/** Entries gathered into lists that each fit one `AppendLog`. */
export async function* packetsOf(entries: AsyncIterable<Uint8Array>): AsyncIterable<readonly Uint8Array[]> {
  let packet: Uint8Array[] = [];
  let bytes = 0;
  for await (const entry of entries) {
    const full = bytes + entry.length + 4 > APPEND_BYTES_MAX || packet.length >= LIMITS.logEntriesPerPacketMax.value;
    if (full && packet.length > 0) {
      yield packet;
      packet = [];
      bytes = 0;
    }
    packet.push(entry);
    bytes += entry.length + 4;
  }
  if (packet.length > 0) yield packet;
}

/** Heads of `theirs` that go beyond ours: what we lack. */
export function newerHeads(theirs: readonly LogHead[], ours: readonly LogHead[]): readonly LogHead[] {
  const known = new Map(ours.map((head) => [`${head.device}/${head.log}`, head.seq]));
  return theirs.filter((head) => head.seq > (known.get(`${head.device}/${head.log}`) ?? 0));
}

/** True when the heads cover this entry. */
export function covers(heads: readonly LogHead[], place: LogPlace): boolean {
  return heads.some((head) => head.device === place.device && head.log === place.log && head.seq >= place.seq);
}

/** Hex of the SHA-256 of a document, as receipts and rows name it. */
export function documentHash(bytes: Uint8Array): string {
  return toHex(sha256(bytes));
}

/** The bytes of a hash in hex, for answers. */
export function hashBytes(hash: string): Uint8Array {
  return fromHex(hash);
}
