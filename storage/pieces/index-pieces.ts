import type { RecordOperation } from '../../ports/records.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { textBytes } from '../../protocol/hash.ts';
import type { PersonId } from '../../protocol/ids.ts';
import type { AccountChange } from './accounts.ts';
import type { Arriving } from './committer.ts';
import { dayOf, type Place } from './layout.ts';
import type { PieceIndex } from './piece-index.ts';
import { freePlaces } from './places.ts';
import { freshRow, KEYS, type PlacedRow } from './rows.ts';

/** Enters arrived pieces into index and accounts in one durable batch; what a piece takes the place of is given up. True when there is garbage now. */
export function indexPieces(options: {
  readonly index: PieceIndex;
  readonly arrived: Map<Arriving, Place>;
  readonly grown: ReadonlyMap<string, number>;
  readonly at: number;
  readonly fail: (arriving: Arriving, cause: unknown) => void;
}): Promise<boolean> {
  const { index, arrived, grown, at, fail } = options;
  return index.inTurn(async () => {
    const before = await index.rows([...arrived.keys()].map(({ received }) => received.offer));
    const operations: RecordOperation[] = [];
    const accounts: AccountChange[] = [];
    const left: PlacedRow[] = [];
    const takenMore = new Map<PersonId, number>();
    for (const [order, [arriving, place]] of [...arrived].entries()) {
      const { offer } = arriving.received;
      const old = before[order];
      const refusal = overQuota({ index, arriving, old, takenMore });
      if (refusal) {
        fail(arriving, refusal);
        continue;
      }
      operations.push(index.put(freshRow(offer, { at, place })), ...placeOperations(offer, place));
      accounts.push({ customer: offer.customer, pieces: 1, usedBytes: offer.length });
      if (!old) continue;
      accounts.push(removal(old));
      if (old.trash) operations.push({ remove: KEYS.trash(old.trash.since, old) });
      left.push(old);
    }
    if (operations.length === 0) return false;
    operations.push({ put: KEYS.lastDay, value: textBytes(dayOf(at)) });
    operations.push(...(await freePlaces({ index, rows: left, grown })));
    await index.commit({ operations, accounts });
    for (const { reservation } of arrived.keys()) reservation.release();
    return left.length > 0;
  });

  function placeOperations(offer: Arriving['received']['offer'], place: Place): readonly RecordOperation[] {
    if (!('segment' in place)) return [];
    return [{ put: KEYS.inSegment(place.segment, place.at), value: textBytes(KEYS.piece(offer)) }];
  }
}

/** What the account loses when this row leaves the index. */
export function removal(row: PlacedRow): AccountChange {
  return row.trash
    ? { customer: row.customer, trashBytes: -row.length }
    : { customer: row.customer, pieces: -1, usedBytes: -row.length };
}

/** The row that counted as taken over when the room was reserved may have been erased since; more room is needed then. */
function overQuota(options: {
  readonly index: PieceIndex;
  readonly arriving: Arriving;
  readonly old: PlacedRow | undefined;
  readonly takenMore: Map<PersonId, number>;
}): BitDustError | undefined {
  const { index, arriving, old, takenMore } = options;
  const { customer, length } = arriving.received.offer;
  const more = length - (old?.length ?? 0) - arriving.reservation.bytes;
  if (more <= 0) return undefined;
  const taken = takenMore.get(customer) ?? 0;
  const freeBytes = (index.accounts.account(customer)?.freeBytes ?? 0) - taken;
  if (more > freeBytes) return new BitDustError('QUOTA_EXCEEDED', undefined, { details: { freeBytes } });
  takenMore.set(customer, taken + more);
  return undefined;
}
