import type { BlockId } from '../../protocol/ids.ts';

/** Range reads of one block after which it is cheaper to fetch it whole. */
const RANGES_BEFORE_WHOLE = 4;
/** Blocks kept whole: trees lie in few blocks and are read one object after another. */
const KEPT_MAX = 2;
const COUNTED_MAX = 64;

/** Blocks that are read again and again by small ranges, held whole for a while. */
export interface WholeBlocks {
  /** The block's bytes when it is worth it; undefined for a block that is read seldom, or cannot be had whole now. */
  read(block: BlockId, signal: AbortSignal): Promise<Uint8Array | undefined>;
}

/** Counts range reads and fetches a block whole at the fourth. */
export function createWholeBlocks(
  readWhole: (block: BlockId, signal: AbortSignal) => Promise<Uint8Array>,
): WholeBlocks {
  const counts = new Map<BlockId, number>();
  const kept = new Map<BlockId, Promise<Uint8Array | undefined>>();

  function keep(block: BlockId, reading: Promise<Uint8Array | undefined>): void {
    kept.set(block, reading);
    if (kept.size > KEPT_MAX) kept.delete(kept.keys().next().value!);
  }

  return {
    read(block, signal) {
      const known = kept.get(block);
      if (known) {
        kept.delete(block);
        kept.set(block, known);
        return known;
      }
      const count = (counts.get(block) ?? 0) + 1;
      counts.set(block, count);
      if (counts.size > COUNTED_MAX) counts.delete(counts.keys().next().value!);
      if (count < RANGES_BEFORE_WHOLE) return Promise.resolve(undefined);
      counts.delete(block);
      const reading = readWhole(block, signal).catch(() => {
        kept.delete(block);
        return undefined;
      });
      keep(block, reading);
      return reading;
    },
  };
}
