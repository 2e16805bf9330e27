import { BitDustError } from './errors.ts';
import {
  concatBytes,
  equalBytes,
  fromHex,
  labelledHash,
  readU32,
  readU64,
  textBytes,
  toHex,
  u32,
  u64,
} from './hash.ts';
import {
  type BlockId,
  type DeviceId,
  deviceIdFrom,
  keyOfDevice,
  keyOfPerson,
  type LogId,
  type PersonId,
  personIdFrom,
} from './ids.ts';
import { LABELS } from './labels.ts';
import { LIMITS } from './limits.ts';
import { leafCount } from './piece-tree.ts';

/** What the head of a stored piece says: enough to build the index of a supplier again. */
export interface PieceHeader {
  readonly customer: PersonId;
  readonly block: BlockId;
  readonly seat: number;
  /** Bytes of the payload. */
  readonly length: number;
  /** Root of the piece tree. */
  readonly root: Uint8Array;
  readonly order: { readonly device: DeviceId; readonly log: LogId; readonly seq: number };
}

const MAGIC = textBytes('BDpiece\n');
const VERSION = 1;
const HASH_BYTES = 32;
const HASHED_BYTES = 168;

/** Bytes of a header: 168 of fields and the hash over them. */
export const PIECE_HEADER_BYTES = HASHED_BYTES + HASH_BYTES;

/**
 * The header of a piece file: magic, version (u16), seat (u8), zero (u8), length (u32), owner, block id, root, device,
 * log (16), seq (u64), and the labelled hash of all that. Numbers are big-endian.
 */
export function encodePieceHeader(header: PieceHeader): Uint8Array {
  const fields = concatBytes(
    MAGIC,
    Uint8Array.of(0, VERSION, header.seat, 0),
    u32(header.length),
    keyOfPerson(header.customer),
    fromHex(header.block),
    header.root,
    keyOfDevice(header.order.device),
    fromHex(header.order.log),
    u64(header.order.seq),
  );
  if (fields.length !== HASHED_BYTES) throw new BitDustError('ENCODING_INVALID', 'A field has the wrong length.');
  return concatBytes(fields, labelledHash(LABELS.pieceFile, fields));
}

/** Reads a header; `ENCODING_INVALID` for anything but the whole, unharmed header of a piece within the limits. */
export function decodePieceHeader(bytes: Uint8Array): PieceHeader {
  const fields = bytes.subarray(0, HASHED_BYTES);
  const hash = bytes.subarray(HASHED_BYTES, PIECE_HEADER_BYTES);
  const whole = hash.length === HASH_BYTES && equalBytes(hash, labelledHash(LABELS.pieceFile, fields));
  const known = whole && equalBytes(fields.subarray(0, 8), MAGIC) && fields[8] === 0 && fields[9] === VERSION;
  const length = known ? readU32(fields, 12) : 0;
  const seq = known ? readU64(fields, 160) : 0n;
  if (length < 1 || length > LIMITS.pieceBytesMax.value || fields[11] !== 0 || seq > Number.MAX_SAFE_INTEGER) {
    throw new BitDustError('ENCODING_INVALID', 'This is not the header of a piece.');
  }
  return {
    customer: personIdFrom(fields.subarray(16, 48)),
    block: toHex(fields.subarray(48, 80)),
    seat: fields[10] as number,
    length,
    root: fields.slice(80, 112),
    order: {
      device: deviceIdFrom(fields.subarray(112, 144)),
      log: toHex(fields.subarray(144, 160)),
      seq: Number(seq),
    },
  };
}

/** True where a header may begin; for finding the next piece after a damaged one. */
export function hasPieceMagic(bytes: Uint8Array, at: number): boolean {
  return equalBytes(bytes.subarray(at, at + MAGIC.length), MAGIC);
}

/** Where the leaf hashes end and the payload begins. */
export function piecePayloadStart(length: number): number {
  return PIECE_HEADER_BYTES + leafCount(length) * HASH_BYTES;
}

/** Bytes of a whole piece file: header, leaf hashes, payload. */
export function pieceFileBytes(length: number): number {
  return piecePayloadStart(length) + length;
}
