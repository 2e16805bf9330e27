import type { Safety } from '../../ports/health.ts';
import { commitMark, repairMark, urgentMark } from '../../protocol/marks.ts';

/** Blocks of one shape with the same pieces missing. Masks have bit i for piece i. */
export interface HealthClass {
  readonly k: number;
  readonly n: number;
  readonly seats: readonly number[];
  readonly lost: bigint;
  readonly owed: bigint;
}

/** Held, away, lost and owed pieces of every block of a class. Of the owed ones `former` are with the former holder of the seat. */
export interface Weight {
  readonly former: number;
  readonly held: number;
  readonly away: number;
  readonly lost: number;
  readonly owed: number;
}

/** Text that is equal for equal classes. */
export function classKey(shape: HealthClass): string {
  return `${shape.k}/${shape.n}:${shape.seats.join(',')}:${shape.lost.toString(16)}:${shape.owed.toString(16)}`;
}

/** Counts the pieces of a class, given which seats are away. */
export function weigh(
  shape: HealthClass,
  isAway: (seat: number) => boolean,
  hasFormer: (seat: number) => boolean = () => false,
): Weight {
  let held = 0;
  let away = 0;
  let lost = 0;
  let owed = 0;
  let former = 0;
  shape.seats.forEach((seat, index) => {
    const bit = 1n << BigInt(index);
    if (shape.lost & bit) lost += 1;
    else if (shape.owed & bit) {
      owed += 1;
      if (hasFormer(seat)) former += 1;
    } else if (isAway(seat)) away += 1;
    else held += 1;
  });
  return { held, away, lost, owed, former };
}

/** True while k pieces are somewhere, be it with one who is away. */
export function isReadable(shape: { readonly k: number }, weight: Weight): boolean {
  return weight.held + weight.away + weight.former >= shape.k;
}

/** Safety of a block by storage.md: safe, enough, endangered, unreadable; with n = k endangered at best. */
export function safetyOf(shape: { readonly k: number; readonly n: number }, weight: Weight): Safety {
  if (!isReadable(shape, weight)) return 'unreadable';
  if (shape.n === shape.k) return 'endangered';
  if (weight.held === shape.n) return 'safe';
  return weight.held > repairMark(shape) ? 'enough' : 'endangered';
}

/** True when the block belongs to the rescue queue: still readable, and held at or below the repair mark. */
export function isRescue(shape: { readonly k: number; readonly n: number }, weight: Weight): boolean {
  return weight.held <= repairMark(shape) && weight.held < shape.n;
}

/** True when rescue may take the whole repair budget. */
export function isUrgent(shape: { readonly k: number; readonly n: number }, weight: Weight): boolean {
  return weight.held <= urgentMark(shape);
}

/** Pieces above k; the smaller, the weaker the block. */
export function margin(shape: { readonly k: number }, weight: Weight): number {
  return weight.held - shape.k;
}

const WORST_FIRST: readonly Safety[] = ['unreadable', 'endangered', 'enough', 'safe'];

/** The worst of several; `empty` of none. */
export function worstSafety(all: Iterable<Safety>): Safety {
  const seen = new Set(all);
  return WORST_FIRST.find((safety) => seen.has(safety)) ?? 'empty';
}

/** True when enough pieces are acknowledged for the block to count as stored. */
export function isAtCommitMark(shape: { readonly k: number; readonly n: number }, weight: Weight): boolean {
  return weight.held + weight.away >= commitMark(shape);
}
