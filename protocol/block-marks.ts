import type { DeviceId, LogId } from './ids.ts';
import { LIMITS } from './limits.ts';
import { comparePlaces, type LogStamp, logKey, precedes } from './log-place.ts';

/** What an entry did to a block, and when the holder saw it by his own clock. */
export interface BlockMark extends LogStamp {
  readonly sawAt: number;
}

/** An `open` with the seat numbers it named. */
export interface OpenMark extends BlockMark {
  readonly seats: readonly number[];
}

/** Everything the logs ever said of one block that still matters. */
export interface BlockMarks {
  readonly open: readonly OpenMark[];
  readonly commit: readonly BlockMark[];
  readonly abandon: readonly BlockMark[];
  readonly bury: readonly BlockMark[];
  readonly keep: readonly BlockMark[];
  readonly erased: readonly BlockMark[];
}

export type MarkKind = keyof BlockMarks;

/** What the log says of a block. `unknown` when no record names it. */
export type BlockStanding = 'unknown' | 'open' | 'committed' | 'abandoned' | 'buried' | 'erased';

/** A block of which nothing was said. */
export const NO_MARKS: BlockMarks = { open: [], commit: [], abandon: [], bury: [], keep: [], erased: [] };

/** Opens and abandons tie a block to a device, so each counts; of commits the first of a log says all, of the rest the last. */
const KEPT: Readonly<Record<MarkKind, 'every' | 'first' | 'last'>> = {
  open: 'every',
  abandon: 'every',
  commit: 'first',
  bury: 'last',
  keep: 'last',
  erased: 'last',
};

function isLive(burial: BlockMark, keeps: readonly BlockMark[]): boolean {
  return keeps.every((keep) => precedes(keep, burial));
}

function sameSeen(a: LogStamp, b: LogStamp): boolean {
  const text = (stamp: LogStamp) =>
    stamp.seen
      .map((place) => `${logKey(place)}/${place.seq}`)
      .toSorted()
      .join();
  return text(a) === text(b);
}

/** A burial said again while it stands, with nothing learnt between, does not start its thirty days anew. */
function sawAtOf(marks: BlockMarks, kind: MarkKind, before: BlockMark, mark: BlockMark): number {
  if (kind !== 'bury' || !isLive(before, marks.keep) || !sameSeen(before, mark)) return mark.sawAt;
  return Math.max(0, Math.min(before.sawAt, mark.sawAt));
}

function merged<M extends BlockMark>(marks: BlockMarks, kind: MarkKind, mark: M): readonly M[] {
  const all = marks[kind] as readonly BlockMark[] as readonly M[];
  const key = logKey(mark);
  const ofLog = all.filter((one) => logKey(one) === key);
  if (ofLog.some((one) => one.seq === mark.seq)) return all;
  const others = all.filter((one) => logKey(one) !== key);
  const rule = KEPT[kind];
  if (rule === 'every') {
    const kept = [...ofLog, mark].toSorted(comparePlaces).slice(0, LIMITS.marksPerBlockMax.value);
    return [...others, ...kept].toSorted(comparePlaces);
  }
  const before = ofLog[0];
  if (before === undefined) return [...others, mark].toSorted(comparePlaces);
  if (rule === 'first') return before.seq < mark.seq ? all : [...others, mark].toSorted(comparePlaces);
  if (before.seq > mark.seq) return all;
  const sawAt = sawAtOf(marks, kind, before, mark);
  return [...others, { ...mark, sawAt }].toSorted(comparePlaces);
}

/** The marks with one more. The result does not depend on the order in which logs arrive, but for the times of seeing. */
export function addMark<K extends MarkKind>(marks: BlockMarks, kind: K, mark: BlockMarks[K][number]): BlockMarks {
  return { ...marks, [kind]: merged(marks, kind, mark) };
}

function isAbandoned(marks: BlockMarks): boolean {
  return marks.abandon.some(
    (abandon) =>
      marks.open.some((open) => open.device === abandon.device && precedes(open, abandon)) &&
      marks.commit.every((commit) => precedes(abandon, commit)),
  );
}

/** Burials that no `keep` stands against. A `keep` the burial's writer had not seen wins, because losing data is worse than keeping it. */
export function liveBurials(marks: BlockMarks): readonly BlockMark[] {
  return marks.bury.filter((burial) => isLive(burial, marks.keep));
}

function isErased(marks: BlockMarks, burials: readonly BlockMark[]): boolean {
  return marks.erased.some(
    (erased) => isLive(erased, marks.keep) && burials.some((burial) => precedes(burial, erased)),
  );
}

/** What the marks together say. */
export function standingOf(marks: BlockMarks): BlockStanding {
  if (marks.open.length === 0) return 'unknown';
  if (isAbandoned(marks)) return 'abandoned';
  const burials = liveBurials(marks);
  if (burials.length > 0) return isErased(marks, burials) ? 'erased' : 'buried';
  return marks.commit.length > 0 ? 'committed' : 'open';
}

/** When this holder saw the oldest burial that stands, by his own clock; null when none does. */
export function buriedAtOf(marks: BlockMarks): number | null {
  const burials = liveBurials(marks);
  return burials.length === 0 ? null : Math.min(...burials.map((burial) => burial.sawAt));
}

/** The first `open`: the order a holder stores under and whose seats count. */
export function orderOf(
  marks: BlockMarks,
): { readonly device: DeviceId; readonly log: LogId; readonly seq: number; readonly seats: readonly number[] } | null {
  return marks.open.toSorted(comparePlaces)[0] ?? null;
}

/** Entries that order the block's removal and stand: burials, or the abandoning by its opener. A `Delete` quotes one of them. */
export function removalsOf(marks: BlockMarks): readonly BlockMark[] {
  if (standingOf(marks) === 'abandoned') return marks.abandon;
  return liveBurials(marks);
}
