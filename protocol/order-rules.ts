import type { BlockStanding } from './block-marks.ts';
import type { FamilySeat } from './family.ts';
import type { BlockId, DeviceId } from './ids.ts';
import type { LogPlace } from './log-place.ts';

const DAY_MS = 86_400_000;

/** A burial is this old, by the holder's own clock, before an order to erase is followed. */
export const ERASE_AFTER_MS = 30 * DAY_MS;
/** How long a piece lies in the trash. */
export const TRASH_MS = 30 * DAY_MS;
/** A full disk may empty trash older than this. */
export const TRASH_MIN_MS = DAY_MS;
/** A piece whose block no record names is `strange`, and stays so long after it was received. */
export const STRANGE_AFTER_MS = 30 * DAY_MS;
/** One device's orders put so much of the owner's bytes into the trash in `TRASH_WINDOW_MS`. */
export const TRASH_SHARE = 0.1;
export const TRASH_WINDOW_MS = 7 * DAY_MS;

/** What the rules look at of a block; `BlockRow` of the port has it. */
export interface RuledBlock {
  readonly block: BlockId;
  readonly seats: readonly number[];
  readonly standing: BlockStanding;
  readonly order: LogPlace;
  readonly buriedAt: number | null;
}

/** May this piece be stored here now, and under which order. */
export type OrderVerdict =
  | { readonly verdict: 'store'; readonly order: LogPlace }
  | { readonly verdict: 'refuse'; readonly code: 'BLOCK_UNKNOWN' | 'BLOCK_BURIED' | 'SEAT_WRONG' };

/**
 * Judges an upload: the log names the block as open or committed, the block has a piece for the seat, and the newest
 * family has this device on it.
 */
export function checkOrder(options: {
  readonly row: RuledBlock | undefined;
  readonly family: { readonly seats: readonly FamilySeat[] } | undefined;
  readonly seat: number;
  readonly device: DeviceId;
}): OrderVerdict {
  const { row, family, seat, device } = options;
  if (row === undefined || row.standing === 'unknown') return { verdict: 'refuse', code: 'BLOCK_UNKNOWN' };
  if (row.standing !== 'open' && row.standing !== 'committed') return { verdict: 'refuse', code: 'BLOCK_BURIED' };
  const sits = family?.seats.some((one) => one.seat === seat && one.device === device) ?? false;
  if (!sits || !row.seats.includes(seat)) return { verdict: 'refuse', code: 'SEAT_WRONG' };
  return { verdict: 'store', order: row.order };
}

/** What becomes of a piece that was ordered into the trash. `kept`: the log wants it. `refuse`: nothing orders it. */
export type EraseVerdict = 'trash' | 'too-soon' | 'kept' | 'refuse';

/**
 * May this holder put the block's pieces into the trash now. A burial counts 30 d from when this holder saw it by his own
 * clock, an `abandon` at once. While the log is forked nothing is removed.
 */
export function mayErase(
  row: Pick<RuledBlock, 'standing' | 'buriedAt'> | undefined,
  options: { readonly now: number; readonly forked: boolean },
): EraseVerdict {
  if (row === undefined || row.standing === 'unknown') return 'refuse';
  if (row.standing === 'open' || row.standing === 'committed') return 'kept';
  if (options.forked) return 'refuse';
  if (row.standing === 'abandoned') return 'trash';
  if (row.buriedAt === null) return 'refuse';
  return options.now - row.buriedAt >= ERASE_AFTER_MS ? 'trash' : 'too-soon';
}

/** True when a `Delete` may quote this entry for the block. */
export function isRemovalOrder(row: { readonly removedBy: readonly LogPlace[] }, order: LogPlace): boolean {
  return row.removedBy.some(
    (place) => place.device === order.device && place.log === order.log && place.seq === order.seq,
  );
}

/** A piece that no record names: erased only 30 d after it was received, and only when its owner abandons it. */
export function mayEraseStrange(options: { readonly receivedAt: number; readonly now: number }): EraseVerdict {
  return options.now - options.receivedAt >= STRANGE_AFTER_MS ? 'trash' : 'too-soon';
}

/** Should a piece that lies in the trash come back out: a `keep` arrived, or its burial never stood. */
export function comesBack(row: Pick<RuledBlock, 'standing'> | undefined): boolean {
  return row?.standing === 'open' || row?.standing === 'committed';
}

/** What one device's orders put into the trash, and when; kept by the holder over restarts. */
export interface TrashedBytes {
  readonly at: number;
  readonly device: DeviceId;
  readonly bytes: number;
}

/** Where a holder keeps his count of trashed bytes; an addition is durable on return. */
export interface TrashCounter {
  within(since: number): Promise<readonly TrashedBytes[]>;
  add(row: TrashedBytes): Promise<void>;
}

/**
 * Bytes that orders of this device may still put into the trash: 10 % of what the owner has here, trash included, in any
 * 7 d, and one piece in every such window whatever its size. A clock that jumped back does not open a new window.
 */
export function trashAllowance(options: {
  readonly heldBytes: number;
  readonly trashed: readonly TrashedBytes[];
  readonly device: DeviceId;
  readonly now: number;
}): { readonly bytes: number; readonly onePieceFree: boolean } {
  const { heldBytes, trashed, device, now } = options;
  const counted = trashed.filter((row) => row.device === device && row.at > now - TRASH_WINDOW_MS);
  const used = counted.reduce((sum, row) => sum + row.bytes, 0);
  const allowed = Math.floor(heldBytes * TRASH_SHARE);
  return { bytes: Math.max(0, allowed - used), onePieceFree: counted.length === 0 };
}
