import { LIMITS } from './limits.ts';
import { hash32, headShape, logHeads, personKey, resultCode, smallStatement } from './payload-parts.ts';
import { array, bytes, either, int, map, nullable, oneOf, text } from './shape.ts';

/** The greeting. `known` is the newest head the sender has of the other, so that the other knows whether to send `file`. */
export const identityPayload = map({
  head: nullable(headShape),
  known: nullable(headShape),
  file: nullable(bytes({ min: 1, max: LIMITS.identityFileBytesMax.value })),
  profile: nullable(smallStatement),
  observed: nullable(text(128)),
  link: nullable(bytes(16)),
  received: nullable(int()),
});

/** An answer that says no. Strangers get the code `no` and an empty sentence. */
export const failPayload = map({ code: resultCode, sentence: text(512), retryMs: nullable(int()) });

export const findIdentityPayload = map({ person: personKey, known: nullable(headShape) });
/** With one stream, the file, unless `known` was the newest. */
export const findIdentityAnswer = map({ head: headShape });

export const findNicknamePayload = map({ name: text(32) });
/** The claims of this device's person with that name; none is an empty list. */
export const findNicknameAnswer = map({ claims: array(smallStatement, 8) });

/** First the question for a challenge, then the proof: the signature is that of `protocol/ownership-proof.ts`. */
export const proveOwnershipPayload = either(
  map({ person: personKey, epoch: int(0, 2 ** 32 - 1), nonce: bytes(32), signature: bytes(64) }),
  map({ person: personKey }),
);
/** To the proof: one stream a document, in the order of `documents`. To the question: the epoch known here and a nonce. */
export const proveOwnershipAnswer = either(
  map({
    heads: logHeads,
    documents: array(map({ name: oneOf('identity', 'family', 'keychain'), version: int(), hash: hash32 }), 3),
  }),
  map({ epoch: int(0, 2 ** 32 - 1), nonce: bytes(32) }),
);

/** `records` are the ready-signed directory records; `version` of it and of `identity` rises with every change. */
export const documentName = oneOf('identity', 'family', 'keychain', 'records');
export const getDocumentPayload = map({ name: documentName, known: nullable(int()) });
/** Without a stream when `known` is this version. */
export const getDocumentAnswer = map({ version: int(), hash: hash32 });
/** With one stream: the document, whose SHA-256 is `hash`. */
export const putDocumentPayload = map({ name: documentName, version: int(), hash: hash32 });
export const receiptAnswer = map({ receipt: smallStatement });
