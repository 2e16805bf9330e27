import type { BlockHealth, PieceState } from '../../ports/health.ts';
import type { BlockRow } from '../../ports/order-logs.ts';
import type { RecordOperation } from '../../ports/records.ts';
import type { BlockId } from '../../protocol/ids.ts';
import { decodeLocal, encodeLocal } from '../../protocol/local-codec.ts';
import { type HealthClass, safetyOf, weigh } from './health-classes.ts';

/** A block with missing pieces; whole blocks have no row. Masks have bit i for piece i. */
export interface HealthRow extends HealthClass {
  readonly size: number;
  /** Since when pieces are missing; 0 while none is. */
  readonly since: number;
}

type StoredRow = Omit<HealthRow, 'lost' | 'owed'> & { readonly lost: string; readonly owed: string };

/** A block all of whose pieces are held. */
export function wholeRow({ k, n, size, seats }: Pick<BlockRow, 'k' | 'n' | 'size' | 'seats'>): HealthRow {
  return { k, n, size, seats, lost: 0n, owed: 0n, since: 0 };
}

/** True when no piece is lost or owed. */
export function isWhole(row: HealthRow): boolean {
  return row.lost === 0n && row.owed === 0n;
}

/** The bit of the seat's piece; 0 when the block has none there. */
export function bitOf(shape: { readonly seats: readonly number[] }, seat: number): bigint {
  const index = shape.seats.indexOf(seat);
  return index < 0 ? 0n : 1n << BigInt(index);
}

/** What makes the row durable: a row only while something is missing. */
export function rowOperation(block: BlockId, row: HealthRow): RecordOperation {
  if (isWhole(row)) return { remove: block };
  const stored: StoredRow = { ...row, lost: row.lost.toString(16), owed: row.owed.toString(16) };
  return { put: block, value: encodeLocal(stored) };
}

/** A row as it was stored. */
export function readRow(bytes: Uint8Array): HealthRow {
  const stored = decodeLocal<StoredRow>(bytes);
  return { ...stored, lost: BigInt(`0x${stored.lost}`), owed: BigInt(`0x${stored.owed}`) };
}

/** One block as others see it. */
export function viewRow(
  block: BlockId,
  row: HealthRow,
  now: {
    readonly isAway: (seat: number) => boolean;
    readonly hasFormer: (seat: number) => boolean;
    readonly isMoving: (seat: number, block: BlockId) => boolean;
  },
): BlockHealth {
  const weight = weigh(row, now.isAway, now.hasFormer);
  const stateOf = (seat: number, index: number): PieceState => {
    const bit = 1n << BigInt(index);
    if (((row.lost | row.owed) & bit) !== 0n && now.isMoving(seat, block)) return 'moving';
    if (row.lost & bit) return 'lost';
    if (row.owed & bit) return 'owed';
    return now.isAway(seat) ? 'away' : 'held';
  };
  const { k, n, size, since } = row;
  return {
    block,
    k,
    n,
    size,
    held: weight.held,
    away: weight.away + weight.former,
    lost: weight.lost + weight.owed - weight.former,
    safety: safetyOf(row, weight),
    pieces: row.seats.map((seat, index) => ({ seat, state: stateOf(seat, index), since })),
  };
}
