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
 * Chooses whose room is taken back when promises exceed the donation: room nobody uses first, then whole customers,
 * long absent ones before others, the fewest that suffice. `bytes` of a row is what he loses.
 */
export function chooseReleased(
  customers: readonly CustomerRoom[],
  overBytes: number,
): readonly { readonly customer: PersonId; readonly bytes: number }[] {
  const open = customers.filter((row) => !row.onNotice);
  const chosen: { customer: PersonId; bytes: number }[] = [];
  let left = overBytes - customers.filter((row) => row.onNotice).reduce((sum, row) => sum + row.promised, 0);
  const standing = (row: CustomerRoom) => (row.absentMs >= ABSENCE_COUNTS_AFTER_MS ? 0 : 1);
  const byLowestStanding = [...open].sort(
    (a, b) => standing(a) - standing(b) || b.promised - a.promised || (a.customer < b.customer ? -1 : 1),
  );
  const single = [...byLowestStanding].reverse().find((row) => row.promised >= left);
  if (left > 0 && single) return [{ customer: single.customer, bytes: single.promised }];
  for (const row of byLowestStanding) {
    if (left <= 0) break;
    chosen.push({ customer: row.customer, bytes: row.promised });
    left -= row.promised;
  }
  return chosen;
}
