import type { OrderLog } from '../../ports/order-logs.ts';
import { pieceBytes } from '../../protocol/block-size.ts';
import type { SeatTable } from './seat-table.ts';

const MIB = 1024 * 1024;
const FIRST_BYTES = 16 * MIB;

/**
 * Fills the seat table from the family in the log where a seat is not known here, as on a recovered device. The contract
 * is asked for again with room for all that the log lays on the seat; the pieces are the person's and need no new word.
 * Gives the seats that were new to the table.
 */
export async function adoptSeats(
  log: Pick<OrderLog, 'family' | 'eachBlock'>,
  options: { readonly table: SeatTable; readonly now: number },
): Promise<readonly number[]> {
  const { table, now } = options;
  const unknown = (log.family()?.seats ?? []).filter(({ seat }) => table.get(seat) === undefined);
  if (unknown.length === 0) return [];
  const used = new Map<number, number>();
  for await (const row of log.eachBlock()) {
    if (row.standing !== 'open' && row.standing !== 'committed' && row.standing !== 'buried') continue;
    const bytes = pieceBytes(row.k, row.size);
    for (const seat of row.seats) used.set(seat, (used.get(seat) ?? 0) + bytes);
  }
  await table.put(
    unknown.map(({ seat, person, device }) => {
      const usedBytes = used.get(seat) ?? 0;
      return {
        seat,
        person,
        device,
        nickname: null,
        domain: null,
        hiredAt: now,
        seenAt: null,
        contract: null,
        contractBytes: contractFor(usedBytes),
        usedBytes,
        noticeUntil: null,
        absentMs: 0,
        usualAbsenceMs: 0,
        onlineMs: 0,
        watchedMs: 0,
        away: false,
        refused: null,
      };
    }),
  );
  return unknown.map(({ seat }) => seat);
}

/** The doubling step that holds what is used and a quarter more. */
function contractFor(usedBytes: number): number {
  let bytes = FIRST_BYTES;
  while (bytes < usedBytes * 1.25) bytes *= 2;
  return bytes;
}
