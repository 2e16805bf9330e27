import type { PieceRef, PieceStore } from '../../ports/pieces.ts';
import { isBitDustError } from '../../protocol/errors.ts';
import type { PieceIndex } from './piece-index.ts';
import type { PieceReader } from './reader.ts';
import { KEYS, type PlacedRow, under } from './rows.ts';
import type { Volume } from './volume.ts';

type Wanted = Parameters<PieceStore['verifyNext']>[0];
type Step = Awaited<ReturnType<PieceStore['verifyNext']>>;

/** Marks a piece as broken, unless it was stored again meanwhile. */
export function markRotten(index: PieceIndex, row: PlacedRow): Promise<void> {
  return rewrite(index, [row], (present) => ({ ...present, rotten: true }));
}

/** Re-hashes the next pieces in the order of the index, those in the trash too. */
export async function verifyNext(
  {
    index,
    reader,
    volume,
    now,
  }: {
    readonly index: PieceIndex;
    readonly reader: PieceReader;
    readonly volume: Volume;
    readonly now: () => number;
  },
  { cursor, bytes, signal }: Wanted,
): Promise<Step> {
  const whole: PlacedRow[] = [];
  const rotten: PlacedRow[] = [];
  let checkedBytes = 0;
  let last = cursor;
  let done = true;
  const { before } = under('p/');
  for await (const row of index.each({ from: cursor === null ? 'p/' : `p/${cursor} `, before })) {
    if (checkedBytes >= bytes) {
      done = false;
      break;
    }
    signal?.throwIfAborted();
    last = KEYS.piece(row).slice(2);
    if (row.rotten) continue;
    checkedBytes += row.length;
    if (await isWhole({ reader, volume, row, ...(signal ? { signal } : {}) })) whole.push(row);
    else rotten.push(row);
  }
  const at = now();
  await rewrite(index, whole, (present) => ({ ...present, checkedAt: at }));
  await rewrite(index, rotten, (present) => ({ ...present, rotten: true }));
  return {
    cursor: done ? null : last,
    checked: whole.length + rotten.length,
    checkedBytes,
    rotten: rotten.map(({ customer, block, seat }): PieceRef => ({ customer, block, seat })),
    done,
  };
}

/** A sector that cannot be read loses the piece, as long as the rest of the volume can be read. */
async function isWhole(options: {
  readonly reader: PieceReader;
  readonly volume: Volume;
  readonly row: PlacedRow;
  readonly signal?: AbortSignal;
}): Promise<boolean> {
  try {
    await options.reader.verify(options.row, options.signal);
    return true;
  } catch (cause) {
    if (isBitDustError(cause, 'PIECE_ROTTEN')) return false;
    if (!isBitDustError(cause, 'DISK_FAILED')) throw cause;
    await options.volume.requireThere();
    return false;
  }
}

async function rewrite(
  index: PieceIndex,
  rows: readonly PlacedRow[],
  change: (present: PlacedRow) => PlacedRow,
): Promise<void> {
  if (rows.length === 0) return;
  await index.inTurn(async () => {
    const present = await index.rows(rows);
    const operations = present.flatMap((row, at) => (row && isSame(row, rows[at]) ? [index.put(change(row))] : []));
    if (operations.length > 0) await index.commit({ operations });
  });
}

function isSame(present: PlacedRow, seen: PlacedRow | undefined): boolean {
  return JSON.stringify(present.place) === JSON.stringify(seen?.place);
}
