import { createHash } from 'node:crypto';
import { fromHex, labelled } from './hash.ts';
import type { BlockId } from './ids.ts';
import { LABELS } from './labels.ts';

/** Digest of a span of pieces, fed in the order of block id and seat; both sides make it from what they know. */
export interface InventoryHasher {
  add(block: BlockId, seat: number): void;
  /** Number of pieces, and SHA-256 over the label and 33 bytes a piece: block id, seat. */
  finish(): { readonly count: number; readonly digest: Uint8Array };
}

/** A digest of no pieces yet. A block id names its roots, so block and seat say all there is to compare. */
export function createInventoryHasher(): InventoryHasher {
  const hash = createHash('sha256').update(labelled(LABELS.inventory));
  let count = 0;
  return {
    add(block, seat) {
      count += 1;
      hash.update(fromHex(block)).update(Uint8Array.of(seat));
    },
    finish: () => ({ count, digest: new Uint8Array(hash.digest()) }),
  };
}
