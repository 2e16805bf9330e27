import { LIMITS } from './limits.ts';
import { array, bytes, int, map, text } from './shape.ts';

/** Raw public key of a person's root 0. */
export const personKey = bytes(32);
/** Raw public key of a device. */
export const deviceKey = bytes(32);
export const hash32 = bytes(32);
export const blockId = bytes(32);
export const logId = bytes(16);
/** Seats are bytes of a block record, so 0 to 255. */
export const seatNumber = int(0, 255);
/** A time in ms since 1970. It is shown, never judged. */
export const time = int(0);
/** A code of the error catalogue, or one of the small words a row names. */
export const resultCode = text(48, /^[A-Za-z][A-Za-z0-9_-]*$/);
/** The bytes of a small statement. */
export const smallStatement = bytes({ min: 1, max: LIMITS.smallStatementBytesMax.value });

/** Newest state of an identity: which one wins is decided by (epoch, revision). */
export const headShape = map({ epoch: int(0, 2 ** 32 - 1), revision: int(0, 2 ** 32 - 1), hash: hash32 });

/** The newest entry of one log; `hash` is the statement hash of that entry. */
export const logHeadShape = map({ device: deviceKey, log: logId, seq: int(), hash: hash32 });
export const logHeads = array(logHeadShape, LIMITS.logHeadsMax.value);

/** The log entry that orders something: its place makes it unique. */
export const orderShape = map({ device: deviceKey, log: logId, seq: int() });

export const pieceRefShape = map({ block: blockId, seat: seatNumber });
