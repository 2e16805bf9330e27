import { batchRoot } from './batch-tree.ts';
import { encode } from './cbor.ts';
import type { SigningKey } from './ed25519.ts';
import { BitDustError } from './errors.ts';
import { compareBytes, fromHex, toHex } from './hash.ts';
import {
  bytesOfLog,
  type DeviceId,
  deviceIdFrom,
  keyOfDevice,
  keyOfPerson,
  type PersonId,
  personIdFrom,
} from './ids.ts';
import { LIMITS } from './limits.ts';
import {
  isLogKind,
  type LogContent,
  placeShape,
  readContent,
  readPlace,
  writeContent,
  writePlace,
} from './log-content.ts';
import type { LogPlace, LogStamp } from './log-place.ts';
import { anything, array, bytes, decodeAs, int, map, nullable, optional, text } from './shape.ts';
import { makeStatement, parseStatement, type Statement, statementHash, verifyStatement } from './statement.ts';

/** One entry of an order log. `content` is null for a kind of a later version: it is kept, passed on, and changes nothing. */
export interface LogEntry extends LogStamp {
  readonly network: Uint8Array;
  readonly owner: PersonId;
  /** The revision of the owner's identity the device signed under. */
  readonly revision: number;
  /** Hash of the entry before, hex; null in the first entry of a log. */
  readonly prev: string | null;
  /** The writer's clock: shown, never judged. */
  readonly at: number;
  readonly kind: string;
  readonly content: LogContent | null;
  /** Hash of the statement, hex: what `prev`, heads and version ids name. */
  readonly hash: string;
  readonly statement: Statement;
  /** The whole entry with its attachments, as it is stored and sent. */
  readonly bytes: Uint8Array;
}

/** The common fields a writer gives. */
export interface LogEntryHead extends LogStamp {
  readonly network: Uint8Array;
  readonly owner: PersonId;
  readonly revision: number;
  readonly prev: string | null;
  readonly at: number;
}

const outerShape = map({
  attached: optional(array(bytes({ min: 1, max: LIMITS.logEntryBytesMax.value }), LIMITS.attachmentsMax.value, 1)),
  statement: bytes({ min: 1, max: LIMITS.logEntryBytesMax.value }),
});

const bodyShape = map({
  network: bytes(32),
  owner: bytes(32),
  device: bytes(32),
  revision: int(),
  log: bytes(16),
  seq: int(1),
  prev: nullable(bytes(32)),
  at: int(),
  kind: text(32, /^[a-z][a-z-]*$/),
  seen: optional(array(placeShape, LIMITS.logsPerOwnerMax.value, 1)),
  count: optional(int(1, LIMITS.attachmentsMax.value)),
  root: optional(bytes(32)),
});

function invalid(message: string): never {
  throw new BitDustError('ENCODING_INVALID', message);
}

function pack(statement: Statement, attached: readonly Uint8Array[]): Uint8Array {
  const packed = encode(
    attached.length === 0 ? { statement: statement.bytes } : { attached, statement: statement.bytes },
  );
  if (packed.length > LIMITS.logEntryBytesMax.value) throw new BitDustError('LOG_TOO_LARGE');
  return packed;
}

/** Signs one entry. Throws `LOG_TOO_LARGE` beyond 256 KiB. */
export function makeLogEntry(head: LogEntryHead, content: LogContent, signer: SigningKey): LogEntry {
  const { wire, attached } = writeContent(content);
  const body = {
    ...wire,
    network: head.network,
    owner: keyOfPerson(head.owner),
    device: keyOfDevice(head.device),
    revision: head.revision,
    log: bytesOfLog(head.log),
    seq: head.seq,
    prev: head.prev === null ? null : fromHex(head.prev),
    at: head.at,
    kind: content.kind,
    ...(head.seen.length === 0 ? {} : { seen: head.seen.map(writePlace) }),
    ...(attached.length === 0 ? {} : { count: attached.length, root: batchRoot(attached) }),
  };
  const statement = makeStatement('log-entry', body, signer);
  return parseLogEntry(pack(statement, attached));
}

function checkAttached(
  attached: readonly Uint8Array[],
  body: { readonly count?: number; readonly root?: Uint8Array },
): void {
  if ((body.count ?? 0) !== attached.length) invalid('the attachments are not those that were signed');
  if (attached.length === 0) return;
  if (body.root === undefined || compareBytes(batchRoot(attached), body.root) !== 0) {
    invalid('the attachments are not those that were signed');
  }
}

function checkSeen(seen: readonly LogPlace[], own: { readonly device: DeviceId; readonly log: string }): void {
  const keys = new Set(seen.map((place) => `${place.device}/${place.log}`));
  if (keys.size !== seen.length) invalid('a log is seen twice');
  if (keys.has(`${own.device}/${own.log}`)) invalid('an entry does not see its own log');
}

/** Anything unsigned that could differ would make two hashes of one entry, and so a fork that nobody signed. */
function requireCanonical(statement: Statement, attached: readonly Uint8Array[], input: Uint8Array): void {
  const { type, body, signatures } = statement;
  const bare = encode({ type, body, signatures });
  if (compareBytes(bare, statement.bytes) !== 0 || compareBytes(pack(statement, attached), input) !== 0) {
    invalid('the entry has more than its fields');
  }
}

/**
 * Reads one entry: outer form, statement of exactly one signature by its device, body, attachments by their root. Its
 * place in the chain and the right of the device are `checkLink`'s. Throws `ENCODING_INVALID` or `LOG_TOO_LARGE`.
 */
export function parseLogEntry(input: Uint8Array): LogEntry {
  if (input.length > LIMITS.logEntryBytesMax.value) throw new BitDustError('LOG_TOO_LARGE');
  const bounds = { bytesMax: LIMITS.logEntryBytesMax.value, itemsMax: LIMITS.attachmentsMax.value + 8, depthMax: 4 };
  const outer = decodeAs(outerShape, input, { ...bounds, name: 'log entry' });
  const attached = outer.attached ?? [];
  const statement = parseStatement(outer.statement, { type: 'log-entry', bytesMax: LIMITS.logEntryBytesMax.value });
  requireCanonical(statement, attached, input);
  const wire = decodeAs(anything, statement.body, { bytesMax: LIMITS.logEntryBytesMax.value, name: 'log-entry' });
  const body = bodyShape.check(wire, 'log-entry');
  const device = deviceIdFrom(body.device);
  const only = statement.signatures[0];
  if (statement.signatures.length !== 1 || compareBytes(only!.key, body.device) !== 0) {
    throw new BitDustError('SIGNATURE_INVALID', 'an entry is signed by its device alone');
  }
  const seen = (body.seen ?? []).map(readPlace);
  const log = toHex(body.log);
  checkSeen(seen, { device, log });
  checkAttached(attached, body);
  if ((body.prev === null) !== (body.seq === 1)) invalid('the first entry, and only it, has none before it');
  return {
    network: body.network,
    owner: personIdFrom(body.owner),
    device,
    revision: body.revision,
    log,
    seq: body.seq,
    prev: body.prev === null ? null : toHex(body.prev),
    at: body.at,
    seen,
    kind: body.kind,
    content: isLogKind(body.kind) ? readContent(body.kind, wire, attached) : null,
    hash: toHex(statementHash(statement)),
    statement,
    bytes: input,
  };
}

/** Checks the device's signature. Throws `SIGNATURE_INVALID`. */
export function verifyLogEntry(entry: LogEntry): void {
  verifyStatement(entry.statement, { type: 'log-entry', keys: [keyOfDevice(entry.device)] });
}
