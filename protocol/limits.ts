/** A limit with its reason; `docs/limits.md` is generated from the table. */
export interface Limit {
  readonly value: number;
  readonly unit: string;
  readonly why: string;
}

function limit(value: number, unit: string, why: string): Limit {
  return { value, unit, why };
}

/** Every limit of the node in one place. One section a chapter. */
export const LIMITS = {
  // protocol
  cborDepthMax: limit(16, 'levels', 'The decoder recurses, so depth is bounded before it runs.'),
  packetBytesMax: limit(64 * 1024, 'bytes', 'A packet fits one frame with room for its head.'),
  seatsMax: limit(64, 'seats', 'A family document and a block record stay small.'),
  // network
  // storage
  // suppliers
  // customers
  // backup
  // restore
  // rebuild
  // faces
} as const satisfies Record<string, Limit>;
