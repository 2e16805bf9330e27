import type { PieceOffer, PieceRef, PieceRow } from '../../ports/pieces.ts';
import type { DeviceId, LogId, PersonId } from '../../protocol/ids.ts';
import { decodeLocal, encodeLocal } from '../../protocol/local-codec.ts';
import type { Place } from './layout.ts';

/** A row of the index with the place of its bytes. */
export interface PlacedRow extends PieceRow {
  readonly place: Place;
}

interface StoredRow {
  readonly root: Uint8Array;
  readonly length: number;
  readonly device: DeviceId;
  readonly log: LogId;
  readonly seq: number;
  readonly storedAt: number;
  readonly checkedAt: number;
  readonly trash: readonly [number, number] | null;
  readonly rotten: boolean;
  readonly place: string | readonly [string, number];
}

/** Keys of the store's records, one letter for each kind of row. */
export const KEYS = {
  storeId: 'm/store',
  lastDay: 'm/last-day',
  /** There after a clean close: no file can be without a row. */
  clean: 'm/clean',
  account: (customer: PersonId) => `a/${customer}`,
  contract: (customer: PersonId) => `c/${customer}`,
  document: (customer: PersonId, name: string) => `d/${customer}/${name}`,
  piece: (ref: PieceRef) => `p/${ref.customer}/${ref.block}/${ref.seat.toString(16).padStart(2, '0')}`,
  trash: (since: number, ref: PieceRef) => `t/${String(since).padStart(15, '0')}/${KEYS.piece(ref).slice(2)}`,
  /** Files to remove, once what pointed at them is gone. */
  garbage: (path: string) => `g/${path}`,
  segment: (name: string) => `s/${name}`,
  inSegment: (name: string, at: number) => `o/${name}/${String(at).padStart(10, '0')}`,
} as const;

/** The range of all keys that begin so. */
export function under(prefix: string): { readonly from: string; readonly before: string } {
  return { from: prefix, before: `${prefix}\u{10ffff}` };
}

/** The piece a key of the index or the trash names. */
export function refOfKey(key: string): PieceRef {
  const [customer, block, seat] = key.split('/').slice(-3) as [PersonId, string, string];
  return { customer, block, seat: Number.parseInt(seat, 16) };
}

/** The bytes of a row; the ref is its key. */
export function encodeRow(row: PlacedRow): Uint8Array {
  const { root, length, order, storedAt, checkedAt, trash, rotten, place } = row;
  const stored: StoredRow = {
    root,
    length,
    ...order,
    storedAt,
    checkedAt,
    trash: trash && [trash.since, trash.due],
    rotten,
    place: 'file' in place ? place.file : [place.segment, place.at],
  };
  return encodeLocal(stored);
}

/** The row behind a key. */
export function decodeRow(ref: PieceRef, bytes: Uint8Array): PlacedRow {
  const { device, log, seq, trash, place, ...rest } = decodeLocal<StoredRow>(bytes);
  return {
    ...ref,
    ...rest,
    root: Uint8Array.from(rest.root),
    order: { device, log, seq },
    trash: trash && { since: trash[0], due: trash[1] },
    place: typeof place === 'string' ? { file: place } : { segment: place[0], at: place[1] },
  };
}

/** What callers see of a row. */
export function publicRow({ place: _place, ...row }: PlacedRow): PieceRow {
  return row;
}

/** A new row for a piece that has just become durable. */
export function freshRow(offer: PieceOffer, options: { readonly at: number; readonly place: Place }): PlacedRow {
  const { customer, block, seat, root, length, order } = offer;
  return {
    customer,
    block,
    seat,
    root,
    length,
    order,
    storedAt: options.at,
    checkedAt: options.at,
    trash: null,
    rotten: false,
    place: options.place,
  };
}

/** True for a piece that is there for its customer: neither in the trash nor broken. */
export function isLive(row: PieceRow | undefined): row is PieceRow {
  return row !== undefined && row.trash === null && !row.rotten;
}
