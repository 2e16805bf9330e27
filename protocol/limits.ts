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
  cborItemsMax: limit(65_536, 'values', 'A packet of 64 KiB cannot hold more, and decoding stays in milliseconds.'),
  publicKeysCachedMax: limit(
    4096,
    'keys',
    'The import check costs milliseconds; this covers every peer of a busy node.',
  ),
  statementBytesMax: limit(320 * 1024, 'bytes', 'A log entry of 256 KiB with its signatures.'),
  statementSignaturesMax: limit(4, 'signatures', 'Two sides of a contract and room for a second device each.'),
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
