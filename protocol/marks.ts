/** k and n of a block: any k of its n pieces rebuild it. */
export interface Geometry {
  readonly k: number;
  readonly n: number;
}

/** Pieces in distinct failure domains, durably acknowledged, at which a block counts as stored. */
export function commitMark({ k, n }: Geometry): number {
  return Math.min(n, k + Math.max(1, Math.ceil((n - k) / 2)));
}

/** Held pieces at or below which a block is rescued. */
export function repairMark(geometry: Geometry): number {
  return Math.min(geometry.n - 1, commitMark(geometry));
}

/** Held pieces at or below which a rescue takes the whole repair budget. */
export function urgentMark({ k, n }: Geometry): number {
  return n - k === 1 ? k : k + 1;
}
