import { BitDustError } from '../../../protocol/errors.ts';
import { concatBytes, equalBytes, labelledHash } from '../../../protocol/hash.ts';
import { deviceIdFrom, personIdFrom } from '../../../protocol/ids.ts';
import { LABELS } from '../../../protocol/labels.ts';
import {
  decodePieceHeader,
  encodePieceHeader,
  PIECE_HEADER_BYTES,
  pieceFileBytes,
  piecePayloadStart,
} from '../../../protocol/piece-file.ts';
import { hashLeaves, treeRoot } from '../../../protocol/piece-tree.ts';
import type { Vector } from './vector-file.ts';

const payload = Uint8Array.from({ length: 100 }, (_, at) => at);
const leaves = hashLeaves(payload);
const header = encodePieceHeader({
  customer: personIdFrom(new Uint8Array(32).fill(1)),
  block: '02'.repeat(32),
  seat: 3,
  length: payload.length,
  root: treeRoot(LABELS.piece, { length: payload.length, leaves }),
  order: { device: deviceIdFrom(new Uint8Array(32).fill(4)), log: '05'.repeat(16), seq: 6 },
});
const whole = concatBytes(header, leaves, payload);

/** Piece files: header, leaf hashes, payload. */
export const pieceCases: readonly Vector[] = [
  { name: 'one-leaf', expect: 'accept', comment: 'a hundred bytes at seat 3', bytes: whole },
  refused('header-bit', 'one bit of the header differs', changed(whole, 20)),
  refused('leaf-bit', 'one bit of a leaf hash differs', changed(whole, PIECE_HEADER_BYTES)),
  refused('payload-bit', 'one bit of the payload differs', changed(whole, whole.length - 1)),
  refused('truncated', 'the last byte is missing', whole.subarray(0, whole.length - 1)),
  refused('head-only', 'nothing but half a header', whole.subarray(0, 100)),
  refused('longer', 'a byte after the payload', concatBytes(whole, Uint8Array.of(0))),
  refused('version', 'version 2', rehashed(9, [2])),
  refused('no-length', 'a payload of no bytes', rehashed(12, [0, 0, 0, 0])),
  refused('too-long', 'a payload of 2^32 - 1 bytes', rehashed(12, [255, 255, 255, 255])),
  refused('reserved', 'the reserved byte is set', rehashed(11, [1])),
  refused('seq', 'a seq beyond 2^53 - 1', rehashed(160, [0, 32, 0, 0, 0, 0, 0, 0])),
];

/** Reads a whole piece file as its holder verifies it, and writes it again. */
export function readPieceFile(bytes: Uint8Array): Uint8Array {
  const found = decodePieceHeader(bytes);
  if (bytes.length !== pieceFileBytes(found.length)) throw new BitDustError('PIECE_LENGTH_WRONG');
  const stored = bytes.subarray(PIECE_HEADER_BYTES, piecePayloadStart(found.length));
  const content = bytes.subarray(piecePayloadStart(found.length));
  const hashes = hashLeaves(content);
  const root = treeRoot(LABELS.piece, { length: found.length, leaves: hashes });
  if (!equalBytes(stored, hashes) || !equalBytes(root, found.root)) throw new BitDustError('PIECE_ROOT_WRONG');
  return concatBytes(encodePieceHeader(found), hashes, content);
}

function refused(name: string, comment: string, bytes: Uint8Array): Vector {
  return { name, expect: 'reject', comment, bytes };
}

function changed(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice();
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

/** Wrong fields under a right hash. */
function rehashed(at: number, values: readonly number[]): Uint8Array {
  const fields = header.slice(0, PIECE_HEADER_BYTES - 32);
  fields.set(values, at);
  return concatBytes(fields, labelledHash(LABELS.pieceFile, fields), leaves, payload);
}
