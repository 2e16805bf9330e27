import { readU32 } from '../../../protocol/hash.ts';

const BITS_PER_ID = 10;
const PROBES = 7;
const CAPACITY_MIN = 65_536;

/** Says for most ids that were never added that they were not, without asking the store: 10 bits an id, 1 % wrong. */
export interface ChunkFilter {
  /** False: certainly never added. */
  mayHave(chunk: Uint8Array): boolean;
  add(chunk: Uint8Array): void;
  /** Holds more ids than it was made for: still right, but of less and less use. */
  isFull(): boolean;
}

/** A filter for as many ids and as many again. Chunk ids are hashes already, so their words are the probes. */
export function createChunkFilter(ids: number): ChunkFilter {
  const capacity = Math.max(CAPACITY_MIN, ids * 2);
  const bits = capacity * BITS_PER_ID;
  const table = new Uint8Array(Math.ceil(bits / 8));
  let added = 0;

  return {
    mayHave(chunk) {
      for (let probe = 0; probe < PROBES; probe += 1) {
        const bit = readU32(chunk, probe * 4) % bits;
        if ((table[bit >>> 3]! & (1 << (bit & 7))) === 0) return false;
      }
      return true;
    },
    add(chunk) {
      for (let probe = 0; probe < PROBES; probe += 1) {
        const bit = readU32(chunk, probe * 4) % bits;
        table[bit >>> 3]! |= 1 << (bit & 7);
      }
      added += 1;
    },
    isFull: () => added > capacity,
  };
}
