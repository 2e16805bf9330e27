import type { Health, Safety } from '../../ports/health.ts';
import { pieceBytes } from '../../protocol/block-size.ts';
import type { BlockId } from '../../protocol/ids.ts';
import { classKey, type HealthClass, margin, safetyOf, type Weight, worstSafety } from './health-classes.ts';
import { bitOf, type HealthRow } from './health-rows.ts';

/** Blocks of one class. `sample` is one of them while it is known that it still is. */
export interface Counted {
  readonly shape: HealthClass;
  readonly blocks: number;
  readonly bytes: number;
  readonly sample: BlockId | null;
}

/** How many blocks there are of each class; a step of a seat costs one look per class, not per block. */
export interface HealthCounts {
  add(block: BlockId, row: HealthRow): void;
  take(block: BlockId, row: HealthRow): void;
  all(): readonly Counted[];
  /** Classes whose number of blocks is another one there. */
  differences(other: HealthCounts): number;
  pieceCounts(seat: number): { readonly wanted: number; readonly held: number; readonly lost: number };
}

function shapeOf({ k, n, seats, lost, owed }: HealthRow): HealthClass {
  return { k, n, seats, lost, owed };
}

/** Counts of no blocks yet. */
export function createHealthCounts(): HealthCounts {
  const classes = new Map<string, Counted>();

  function change(block: BlockId, row: HealthRow, by: 1 | -1): void {
    const key = classKey(row);
    const now = classes.get(key) ?? { shape: shapeOf(row), blocks: 0, bytes: 0, sample: null };
    const blocks = now.blocks + by;
    const bytes = now.bytes + by * pieceBytes(row.k, row.size);
    const kept = now.sample === block ? null : now.sample;
    if (blocks > 0) classes.set(key, { shape: now.shape, blocks, bytes, sample: by > 0 ? block : kept });
    else classes.delete(key);
  }

  return {
    add: (block, row) => change(block, row, 1),
    take: (block, row) => change(block, row, -1),
    all: () => [...classes.values()],
    differences(other) {
      const mine = new Map([...classes].map(([key, { blocks }]) => [key, blocks]));
      const theirs = new Map(other.all().map(({ shape, blocks }) => [classKey(shape), blocks]));
      const keys = new Set([...mine.keys(), ...theirs.keys()]);
      return [...keys].filter((key) => mine.get(key) !== theirs.get(key)).length;
    },
    pieceCounts(seat) {
      let wanted = 0;
      let held = 0;
      let lost = 0;
      for (const { shape, blocks } of classes.values()) {
        const bit = bitOf(shape, seat);
        if (bit === 0n) continue;
        wanted += blocks;
        if (shape.lost & bit) lost += blocks;
        else if (!(shape.owed & bit)) held += blocks;
      }
      return { wanted, held, lost };
    },
  };
}

/** The figures over all classes. */
export function summaryOf(
  counts: HealthCounts,
  options: { readonly known: boolean; readonly weightOf: (shape: HealthClass) => Weight },
): ReturnType<Health['summary']> {
  const all = counts.all().map((counted) => ({ ...counted, weight: options.weightOf(counted.shape) }));
  const of = (safety: Safety): number =>
    all.filter(({ shape, weight }) => safetyOf(shape, weight) === safety).reduce((sum, row) => sum + row.blocks, 0);
  const histogram = new Map<string, { k: number; n: number; held: number; blocks: number }>();
  for (const { shape, weight, blocks } of all) {
    const key = `${shape.k}/${shape.n}:${weight.held}`;
    const row = histogram.get(key) ?? { k: shape.k, n: shape.n, held: weight.held, blocks: 0 };
    histogram.set(key, { ...row, blocks: row.blocks + blocks });
  }
  const weak = all
    .filter(({ shape, weight, sample }) => sample !== null && weight.held < shape.n)
    .sort((a, b) => margin(a.shape, a.weight) - margin(b.shape, b.weight))[0];
  return {
    known: options.known,
    safety: options.known ? worstSafety(all.map(({ shape, weight }) => safetyOf(shape, weight))) : 'unknown',
    blocks: {
      total: all.reduce((sum, row) => sum + row.blocks, 0),
      safe: of('safe'),
      enough: of('enough'),
      endangered: of('endangered'),
      unreadable: of('unreadable'),
    },
    histogram: [...histogram.values()].sort((a, b) => a.held - b.held),
    weakest: weak
      ? { block: weak.sample!, k: weak.shape.k, n: weak.shape.n, held: weak.weight.held, away: weak.weight.away }
      : null,
    storedBytes: all.reduce((sum, row) => sum + row.bytes * (row.weight.held + row.weight.away), 0),
  };
}
