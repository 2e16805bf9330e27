import type { Self } from '../../ports/identity.ts';
import type { IncomingStream, Messenger } from '../../ports/messenger.ts';
import type { BlockRow } from '../../ports/order-logs.ts';
import type { SeatSpeeds } from '../../ports/suppliers.ts';
import type { Clock } from '../../ports/world.ts';
import { pieceBytes } from '../../protocol/block-size.ts';
import { bytesOfBlock, type DeviceId } from '../../protocol/ids.ts';
import { LABELS } from '../../protocol/labels.ts';
import { LEAF_BYTES, leafCount, verifyRange } from '../../protocol/piece-tree.ts';

export interface RetrieveNeeds {
  readonly self: Pick<Self, 'person'>;
  readonly messenger: Messenger;
  readonly clock: Clock;
  readonly speeds: SeatSpeeds;
}

/** Whole leaves of one piece. */
export interface LeafSpan {
  readonly leaf: number;
  readonly leaves: number;
}

/** What one seat answered: the bytes, verified under the piece's root, or what is wrong with his piece. */
export type Retrieved =
  | { readonly data: Uint8Array }
  | { readonly fault: 'missing' | 'bad' | 'unable'; readonly code: string };

/** A supplier reads at least so many leaves, aligned, so that sizes of files do not show. */
const LEAVES_STEP = 4;
const DEADLINE_MS = 60_000;
const HEAD_BYTES = 2;
const HASH_BYTES = 32;
/** Codes by which a supplier says that the piece is not there; all others say only that he cannot give it now. */
const MISSING: ReadonlySet<string> = new Set(['PIECE_UNKNOWN', 'PIECE_ROTTEN', 'not']);

/** The aligned leaves that hold these bytes of a piece. */
export function leavesFor(options: {
  readonly offset: number;
  readonly length: number;
  readonly pieceLength: number;
}): LeafSpan {
  const first = Math.floor(options.offset / LEAF_BYTES / LEAVES_STEP) * LEAVES_STEP;
  const end = Math.ceil((options.offset + options.length) / LEAF_BYTES / LEAVES_STEP) * LEAVES_STEP;
  return { leaf: first, leaves: Math.min(end, leafCount(options.pieceLength)) - first };
}

/** All leaves of a piece. */
export function allLeaves(pieceLength: number): LeafSpan {
  return { leaf: 0, leaves: leafCount(pieceLength) };
}

/** Reads leaves of one piece from its supplier and verifies them. Rejects when he is silent or cannot be reached. */
export async function retrievePiece(
  needs: RetrieveNeeds,
  options: {
    readonly row: BlockRow;
    readonly index: number;
    readonly supplier: DeviceId;
    readonly span: LeafSpan;
    readonly signal: AbortSignal;
  },
): Promise<Retrieved> {
  const { row, index, supplier, span, signal } = options;
  const seat = row.seats[index] ?? 0;
  const startedAt = needs.clock.monotonic();
  const answer = await needs.messenger.request(
    supplier,
    'Retrieve',
    { pieces: [{ block: bytesOfBlock(row.block), seat, leaf: span.leaf, leaves: span.leaves }], grant: null },
    { signal, deadlineMs: DEADLINE_MS, owner: needs.self.person },
  );
  const result = (answer.payload['results'] as readonly { readonly result: string; readonly length?: number }[])[0];
  const stream = answer.streams[0];
  if (result?.result !== 'sent' || !stream) {
    const code = result?.result ?? 'ENCODING_INVALID';
    return { fault: MISSING.has(code) ? 'missing' : 'unable', code };
  }
  const length = pieceBytes(row.k, row.size);
  const data = result.length === length ? await readVerified(stream, { row, index, span, length }) : undefined;
  if (!data) return { fault: 'bad', code: 'PIECE_ROTTEN' };
  needs.speeds.note(seat, needs.clock.monotonic() - startedAt, data.length);
  return { data };
}

async function readVerified(
  stream: IncomingStream,
  piece: { readonly row: BlockRow; readonly index: number; readonly span: LeafSpan; readonly length: number },
): Promise<Uint8Array | undefined> {
  const { row, index, span, length } = piece;
  const wanted = Math.min(length - span.leaf * LEAF_BYTES, span.leaves * LEAF_BYTES);
  const bytes = await stream.collect(wanted + HEAD_BYTES + 64 * HASH_BYTES);
  if (bytes.length < HEAD_BYTES) return undefined;
  const hashes = new DataView(bytes.buffer, bytes.byteOffset).getUint16(0);
  const path = bytes.subarray(HEAD_BYTES, HEAD_BYTES + hashes * HASH_BYTES);
  const data = bytes.subarray(HEAD_BYTES + hashes * HASH_BYTES);
  if (path.length !== hashes * HASH_BYTES || data.length !== wanted) return undefined;
  const root = row.roots.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES);
  return verifyRange(LABELS.piece, { root, length, first: span.leaf, data, path }) ? data : undefined;
}
