import type { PieceRef, PieceRow, PieceStore } from '../../ports/pieces.ts';
import type { RecordOperation } from '../../ports/records.ts';
import { u64 } from '../../protocol/hash.ts';
import type { AccountChange } from './accounts.ts';
import type { CrashPoint } from './crash-points.ts';
import { removal } from './index-pieces.ts';
import type { PieceIndex } from './piece-index.ts';
import { freePlaces } from './places.ts';
import { KEYS, type PlacedRow, publicRow, refOfKey, under } from './rows.ts';

/** Rows erased in one batch. */
const ERASE_TOGETHER = 64;
const NOTHING: ReturnType<PieceStore['emptyTrash']> extends Promise<infer Answer> ? Answer : never = {
  pieces: 0,
  freedBytes: 0,
  done: true,
};

export interface TrashOptions {
  readonly index: PieceIndex;
  readonly now: () => number;
  readonly crashPoint: (name: CrashPoint) => void | Promise<void>;
  readonly sweepGarbage: () => Promise<void>;
}

/** Puts live and broken pieces into the trash; those that are there already keep their time. */
export function discardPieces(
  { index, now, crashPoint }: TrashOptions,
  refs: readonly (PieceRef & { readonly due: number })[],
): Promise<readonly PieceRef[]> {
  return index.inTurn(async () => {
    const since = now();
    const rows = await index.rows(refs);
    const moved = new Map<string, PlacedRow>();
    for (const [at, row] of rows.entries()) {
      const due = refs[at]?.due ?? since;
      if (row && !row.trash) moved.set(KEYS.piece(row), { ...row, trash: { since, due } });
    }
    if (moved.size === 0) return [];
    await index.commit({
      operations: [...moved.values()].flatMap((row) => [
        index.put(row),
        { put: KEYS.trash(since, row), value: u64(row.trash?.due ?? since) },
      ]),
      accounts: [...moved.values()].map(({ customer, length }) => ({
        customer,
        pieces: -1,
        usedBytes: -length,
        trashBytes: length,
      })),
    });
    await crashPoint('trash.indexed');
    return [...moved.values()].map(refOf);
  });
}

/** Takes pieces back out of the trash; broken ones stay. */
export function bringBackPieces({ index }: TrashOptions, refs: readonly PieceRef[]): Promise<readonly PieceRef[]> {
  return index.inTurn(async () => {
    const rows = new Map<string, PlacedRow>();
    for (const row of await index.rows(refs)) if (row?.trash && !row.rotten) rows.set(KEYS.piece(row), row);
    if (rows.size === 0) return [];
    const operations: RecordOperation[] = [];
    const accounts: AccountChange[] = [];
    for (const row of rows.values()) {
      operations.push(index.put({ ...row, trash: null }));
      if (row.trash) operations.push({ remove: KEYS.trash(row.trash.since, row) });
      accounts.push({ customer: row.customer, pieces: 1, usedBytes: row.length, trashBytes: -row.length });
    }
    await index.commit({ operations, accounts });
    return [...rows.values()].map(refOf);
  });
}

/** Erases what is due, oldest first. */
export async function emptyTrash(
  options: TrashOptions,
  wanted: Parameters<PieceStore['emptyTrash']>[0],
): ReturnType<PieceStore['emptyTrash']> {
  let answer = NOTHING;
  let chosen: PieceRef[] = [];
  let chosenBytes = 0;
  const eraseChosen = async () => {
    const erased = await erase(options, chosen, wanted);
    chosen = [];
    answer = { ...answer, pieces: answer.pieces + erased.pieces, freedBytes: answer.freedBytes + erased.bytes };
  };
  for await (const [key, value] of options.index.records.range(under('t/'))) {
    const since = Number(key.split('/')[1]);
    const due = Number(new DataView(value.buffer, value.byteOffset).getBigUint64(0));
    if (!isDue({ since, due }, wanted)) continue;
    const ref = refOfKey(key);
    const length = (await options.index.row(ref))?.length ?? 0;
    if (chosenBytes + length > wanted.bytesMax) {
      answer = { ...answer, done: false };
      break;
    }
    chosen.push(ref);
    chosenBytes += length;
    if (chosen.length === ERASE_TOGETHER) await eraseChosen();
  }
  await eraseChosen();
  return answer;
}

function isDue(
  trash: { readonly since: number; readonly due: number },
  { dueBefore, sinceBefore }: Parameters<PieceStore['emptyTrash']>[0],
): boolean {
  return (
    (dueBefore !== undefined && trash.due <= dueBefore) || (sinceBefore !== undefined && trash.since <= sinceBefore)
  );
}

/** First the index forgets, then the files go: a crash between leaves garbage that is known, never a row without bytes. */
async function erase(
  options: TrashOptions,
  refs: readonly PieceRef[],
  wanted: Parameters<PieceStore['emptyTrash']>[0],
): Promise<{ readonly pieces: number; readonly bytes: number }> {
  const { index } = options;
  const erased = await index.inTurn(async () => {
    const rows: PlacedRow[] = [];
    for (const row of await index.rows(refs)) {
      if (row?.trash && isDue(row.trash, wanted) && (await mayErase(wanted, row))) rows.push(row);
    }
    if (rows.length === 0) return rows;
    const operations = rows.flatMap((row) => [
      { remove: KEYS.piece(row) },
      ...(row.trash ? [{ remove: KEYS.trash(row.trash.since, row) }] : []),
    ]);
    const places = await freePlaces({ index, rows });
    await index.commit({ operations: [...operations, ...places], accounts: rows.map(removal) });
    await options.crashPoint('erase.indexed');
    return rows;
  });
  if (erased.length > 0) await options.sweepGarbage();
  return { pieces: erased.length, bytes: erased.reduce((sum, row) => sum + row.length, 0) };
}

async function mayErase(wanted: Parameters<PieceStore['emptyTrash']>[0], row: PlacedRow): Promise<boolean> {
  return wanted.mayErase ? wanted.mayErase(publicRow(row) satisfies PieceRow) : true;
}

function refOf({ customer, block, seat }: PieceRef): PieceRef {
  return { customer, block, seat };
}
