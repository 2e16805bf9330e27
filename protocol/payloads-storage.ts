import { LIMITS } from './limits.ts';
import { blockId, hash32, orderShape, pieceRefShape, resultCode, seatNumber, smallStatement } from './payload-parts.ts';
import { array, bytes, either, int, map, nullable, oneOf } from './shape.ts';

const piecesMax = LIMITS.piecesPerPacketMax.value;
const refsMax = LIMITS.pieceRefsPerPacketMax.value;
const pieceBytesMax = LIMITS.pieceBytesMax.value;
const leavesMax = pieceBytesMax / LIMITS.leafBytes.value;

/** A span of block ids: `from` inclusive, `before` exclusive, null at the ends. */
const span = { from: nullable(blockId), before: nullable(blockId) } as const;

/** "Is your inventory of this span the same?", or "have you these?". */
export const listFilesPayload = either(
  map({ ask: oneOf('span'), ...span, count: int(), digest: hash32 }),
  map({ ask: oneOf('have'), pieces: array(pieceRefShape, refsMax, 1) }),
);

/**
 * To a span: equal, or the digests of its parts when it is large, or its pieces as 33 bytes each (block id, seat) in
 * order, `next` being the first block left out. To "have": one word a piece, in the order asked.
 */
export const filesPayload = either(
  map({ kind: oneOf('equal'), count: int(), bytes: int() }),
  map({ kind: oneOf('parts'), parts: array(map({ ...span, count: int(), bytes: int(), digest: hash32 }), 64, 1) }),
  map({
    kind: oneOf('pieces'),
    pieces: bytes({ max: 33 * LIMITS.pieceIdsPerFilesMax.value }),
    next: nullable(blockId),
  }),
  map({ kind: oneOf('standing'), standing: array(oneOf('have', 'coming', 'not'), refsMax, 1) }),
);

/** One stream a piece, in order: the payload of the piece, `length` bytes whose tree has the root. */
export const dataPayload = map({
  pieces: array(
    map({ block: blockId, seat: seatNumber, root: hash32, length: int(1, pieceBytesMax), order: orderShape }),
    piecesMax,
    1,
  ),
});
/** One Ack for the packet, when all of it is decided: `stored` means durable, else a code. In the order asked. */
export const dataAnswer = map({
  results: array(map({ block: blockId, seat: seatNumber, result: resultCode }), piecesMax, 1),
});

/** Whole leaves from `leaf` on; what lies behind the end is cut, so `leaves` may be the most there can be. */
export const retrievePayload = map({
  pieces: array(
    map({ block: blockId, seat: seatNumber, leaf: int(0, leavesMax - 1), leaves: int(1, leavesMax) }),
    piecesMax,
    1,
  ),
  grant: nullable(smallStatement),
});
/**
 * In the order asked; each `sent` has one stream: u16 count of path hashes, the hashes, the leaves. `length` is that of
 * the whole piece.
 */
export const retrieveAnswer = map({
  results: array(
    either(
      map({ result: oneOf('sent'), length: int(1, pieceBytesMax), leaf: int(0, leavesMax), leaves: int(1, leavesMax) }),
      map({ result: resultCode }),
    ),
    piecesMax,
    1,
  ),
});

/** `second` is a statement of a second device or of the root when one device's order is not enough. */
export const deletePayload = map({
  pieces: array(pieceRefShape, refsMax, 1),
  order: orderShape,
  second: nullable(smallStatement),
});
/** `trash`, `too-soon`, `over-limit` or a code, in the order asked. */
export const deleteAnswer = map({ results: array(resultCode, refsMax, 1) });

export const auditPiecePayload = map({
  block: blockId,
  seat: seatNumber,
  nonce: bytes(32),
  count: int(1, LIMITS.auditLeavesMax.value),
});
/** A statement `proof`, whose `evidence` is the SHA-256 of the one stream (leaves with their paths), or a `refusal`. */
export const proofPayload = map({ statement: smallStatement });
