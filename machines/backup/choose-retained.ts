import type { VersionId } from '../../protocol/ids.ts';

/** How many versions to keep of each period; a missing period keeps none by itself. */
export interface Retention {
  readonly last?: number;
  readonly hourly?: number;
  readonly daily?: number;
  readonly weekly?: number;
  readonly monthly?: number;
  readonly yearly?: number;
}

const DAY_MS = 86_400_000;

const periods: readonly (readonly [keyof Retention, (at: number) => string])[] = [
  ['hourly', (at) => String(Math.floor(at / 3_600_000))],
  ['daily', (at) => String(Math.floor(at / DAY_MS))],
  ['weekly', (at) => String(Math.floor((at / DAY_MS + 3) / 7))],
  ['monthly', (at) => new Date(at).toISOString().slice(0, 7)],
  ['yearly', (at) => new Date(at).toISOString().slice(0, 4)],
];

/**
 * Chooses the versions of one set that stay: the newest always, the last so many, and the newest of each hour, day,
 * week (from Monday), month and year in UTC. An empty retention keeps all.
 */
export function chooseRetained(
  versions: readonly { readonly version: VersionId; readonly at: number }[],
  keep: Retention,
): ReadonlySet<VersionId> {
  const newestFirst = [...versions].sort((a, b) => b.at - a.at || (a.version < b.version ? 1 : -1));
  if (Object.values(keep).every((count) => count === undefined)) return new Set(newestFirst.map((row) => row.version));
  const kept = new Set(newestFirst.slice(0, Math.max(1, keep.last ?? 1)).map((row) => row.version));
  for (const [name, periodOf] of periods) {
    const seen = new Set<string>();
    for (const row of newestFirst) {
      if (seen.size >= (keep[name] ?? 0)) break;
      const period = periodOf(row.at);
      if (!seen.has(period)) kept.add(row.version);
      seen.add(period);
    }
  }
  return kept;
}
