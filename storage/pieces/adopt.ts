import type { OrderStands } from '../../ports/pieces.ts';
import type { RecordOperation } from '../../ports/records.ts';
import { isBitDustError } from '../../protocol/errors.ts';
import { textBytes, u64 } from '../../protocol/hash.ts';
import type { AccountChange } from './accounts.ts';
import type { FoundPiece } from './found-pieces.ts';
import { removal } from './index-pieces.ts';
import { startOfDay } from './layout.ts';
import type { PieceIndex } from './piece-index.ts';
import { freePlaces } from './places.ts';
import type { PieceReader } from './reader.ts';
import { freshRow, KEYS, type PlacedRow } from './rows.ts';

/** A piece without a standing order lies so long in the trash. */
export const TRASH_MS = 30 * 24 * 60 * 60 * 1000;

export interface AdoptOptions {
  readonly index: PieceIndex;
  readonly reader: PieceReader;
  readonly orderStands: OrderStands;
  readonly now: number;
  /** Reads each piece whole first: needed for what may have been cut off by a crash. */
  readonly verify: boolean;
}

/** Enters found pieces into the index: those whose order stands live, the others in the trash, broken ones not at all. */
export async function adoptPieces(options: AdoptOptions, found: readonly FoundPiece[]): Promise<void> {
  const { index, now } = options;
  const candidates: { readonly row: PlacedRow; readonly stands: boolean; readonly whole: boolean }[] = [];
  for (const { header, place, day } of found) {
    const row = { ...freshRow(header, { at: startOfDay(day), place }), checkedAt: 0 };
    const whole = !options.verify || (await isWhole(options.reader, row));
    candidates.push({ row, whole, stands: whole && (await options.orderStands(header)) });
  }
  await index.inTurn(async () => {
    const present = new Map<string, PlacedRow>();
    for (const row of await index.rows(candidates.map(({ row }) => row))) if (row) present.set(KEYS.piece(row), row);
    const operations: RecordOperation[] = [];
    const accounts: AccountChange[] = [];
    const free: PlacedRow[] = [];
    for (const { row, stands, whole } of candidates) {
      const other = present.get(KEYS.piece(row));
      if (!whole || (other && !other.rotten)) {
        // Its record in a segment was never counted as alive; a file has to be removed.
        if ('file' in row.place) free.push(row);
        continue;
      }
      if (other) {
        free.push(other);
        accounts.push(removal(other));
        if (other.trash) operations.push({ remove: KEYS.trash(other.trash.since, other) });
      }
      const entered = stands ? row : { ...row, trash: { since: now, due: now + TRASH_MS } };
      present.set(KEYS.piece(row), entered);
      operations.push(...entryOf(index, entered));
      accounts.push(accountOf(entered));
    }
    operations.push(...(await freePlaces({ index, rows: free })));
    if (operations.length > 0) await index.commit({ operations, accounts });
  });
}

async function isWhole(reader: PieceReader, row: PlacedRow): Promise<boolean> {
  try {
    await reader.verify(row);
    return true;
  } catch (cause) {
    if (isBitDustError(cause, 'PIECE_ROTTEN')) return false;
    throw cause;
  }
}

function entryOf(index: PieceIndex, row: PlacedRow): readonly RecordOperation[] {
  const { place, trash } = row;
  return [
    index.put(row),
    ...('segment' in place
      ? [{ put: KEYS.inSegment(place.segment, place.at), value: textBytes(KEYS.piece(row)) }]
      : []),
    ...(trash ? [{ put: KEYS.trash(trash.since, row), value: u64(trash.due) }] : []),
  ];
}

function accountOf({ customer, length, trash }: PlacedRow): AccountChange {
  return trash ? { customer, trashBytes: length } : { customer, pieces: 1, usedBytes: length };
}
