import { LIMITS } from './limits.ts';
import { deviceKey, hash32, logHeads, logId, resultCode, smallStatement, time } from './payload-parts.ts';
import { documentName } from './payloads-identity.ts';
import { array, either, int, map, nullable, oneOf, optional, text } from './shape.ts';

/** `draft` is a contract signed by the asker; `terms` say in short what it holds, so that a denial needs no parsing. */
export const requestServicePayload = map({
  service: text(32, /^[a-z][a-z-]*$/),
  terms: map({ bytes: int(), price: optional(int()), idleLimitMs: optional(int()) }),
  draft: smallStatement,
});
/** The contract signed by both, or why not and when to ask again. */
export const requestServiceAnswer = either(
  map({ accepted: oneOf(true), contract: smallStatement }),
  map({ accepted: oneOf(false), reason: resultCode, retryMs: nullable(int()) }),
);

/** `contract` is the statement hash of the contract, `notice` a signed statement `{contract, from, reason}`. */
export const cancelServicePayload = map({ contract: hash32, notice: smallStatement });

/** First the heads by their digest, then the missing entries of one log, both ends inclusive. */
export const readLogPayload = either(
  map({ ask: oneOf('heads'), digest: nullable(hash32) }),
  map({ ask: oneOf('entries'), device: deviceKey, log: logId, from: int(), to: int() }),
);
/** Heads are left out when the digest was equal. Entries come in one stream, each as u32 length and bytes. */
export const readLogAnswer = either(
  map({ digest: hash32, heads: nullable(logHeads) }),
  map({ from: int(), to: int(), count: int(0, LIMITS.logEntriesPerPacketMax.value) }),
);

/** One stream: `count` entries, each as u32 length and bytes, in an order in which they chain. */
export const appendLogPayload = map({ count: int(1, LIMITS.logEntriesPerPacketMax.value) });
/** `receipt` is signed over the heads afterwards; refused entries changed nothing. */
export const appendLogAnswer = map({
  receipt: smallStatement,
  applied: int(),
  refused: array(map({ seq: int(), code: resultCode }), 64),
});

/** Word between the two sides of a contract; nothing is done by its authority alone. */
export const noticePayload = either(
  map({ kind: oneOf('log-newer'), digest: nullable(hash32) }),
  map({ kind: oneOf('document-newer'), name: documentName, version: int() }),
  map({ kind: oneOf('leaving'), until: time, notice: nullable(smallStatement) }),
  map({ kind: oneOf('space'), bytes: int(), until: time }),
);

export const confessPayload = map({ statement: smallStatement });
export const emptyAnswer = map({});
