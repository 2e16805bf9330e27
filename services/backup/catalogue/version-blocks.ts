import type { ChunkCopy, PlacedEntry } from '../../../ports/catalogue.ts';
import type { Records } from '../../../ports/records.ts';
import { concatBytes, toHex } from '../../../protocol/hash.ts';
import { type BlockId, bytesOfBlock, type VersionId } from '../../../protocol/ids.ts';

const ID_BYTES = 32;
const WINDOW = 1024;

/** Remembers which blocks a version needs, since finding out means reading its whole tree. */
export interface VersionBlocks {
  get(version: VersionId): Promise<readonly BlockId[] | undefined>;
  put(version: VersionId, blocks: readonly BlockId[]): Promise<void>;
}

/** Opens the memory over a part of the record store. */
export function createVersionBlocks(records: Records): VersionBlocks {
  return {
    async get(version) {
      const value = await records.get(version);
      if (value === undefined) return undefined;
      return Array.from({ length: value.length / ID_BYTES }, (_, i) =>
        toHex(value.subarray(i * ID_BYTES, (i + 1) * ID_BYTES)),
      );
    },
    put: (version, blocks) =>
      records.batch([{ put: version, value: concatBytes(...blocks.map(bytesOfBlock)) }], { durable: false }),
  };
}

/** The first usable copy's block of every chunk that these entries name, each block once. */
export async function blocksOfEntries(
  entries: AsyncIterable<PlacedEntry>,
  copiesOf: (chunks: readonly Uint8Array[]) => Promise<readonly (readonly ChunkCopy[])[]>,
): Promise<readonly BlockId[]> {
  const blocks = new Set<BlockId>();
  let window: Uint8Array[] = [];
  const look = async () => {
    for (const [copy] of await copiesOf(window)) if (copy !== undefined) blocks.add(copy.block);
    window = [];
  };
  for await (const { entry } of entries) {
    for (const chunk of entry.chunks) {
      window.push(chunk);
      if (window.length >= WINDOW) await look();
    }
  }
  await look();
  return [...blocks].toSorted();
}
