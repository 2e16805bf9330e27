import type { PersonId } from '../../protocol/ids.ts';

/** What one customer was promised and how he stands. */
export interface CustomerRoom {
  readonly customer: PersonId;
  readonly promised: number;
  readonly used: number;
  readonly onNotice: boolean;
  /** Counted absence in ms; no reason before 180 d. */
  readonly absentMs: number;
}

const ABSENCE_COUNTS_AFTER_MS = 180 * 86_400_000;

/**
 * Chooses whose room is taken back when promises exceed the donation: the long absent before others, of those the one
 * whose room just suffices, else the largest and then further ones. What is on notice already counts as given back;
 * `bytes` of a row is what he loses.
 */
export function chooseReleased(
  customers: readonly CustomerRoom[],
  overBytes: number,
): readonly { readonly customer: PersonId; readonly bytes: number }[] {
  const sumOf = (rows: readonly CustomerRoom[]): number => rows.reduce((sum, row) => sum + row.promised, 0);
  const open = customers.filter((row) => !row.onNotice && row.promised > 0).sort(byRoom);
  const isLongAbsent = (row: CustomerRoom): boolean => row.absentMs >= ABSENCE_COUNTS_AFTER_MS;
  const classes = [open.filter(isLongAbsent), open.filter((row) => !isLongAbsent(row))];
  const chosen: { customer: PersonId; bytes: number }[] = [];
  let left = overBytes - sumOf(customers.filter((row) => row.onNotice));
  for (const rows of classes) {
    while (left > 0 && rows.length > 0) {
      const enough = rows.findIndex((row) => row.promised >= left);
      const [row] = rows.splice(enough < 0 ? rows.length - 1 : enough, 1);
      if (row === undefined) break;
      chosen.push({ customer: row.customer, bytes: row.promised });
      left -= row.promised;
    }
  }
  return chosen;
}

/** Smallest promise first; the id decides between equals. */
function byRoom(a: CustomerRoom, b: CustomerRoom): number {
  return a.promised - b.promised || (a.customer < b.customer ? -1 : 1);
}
