import type { RecordOperation, Records } from '../../../ports/records.ts';
import { LOCATED_CHUNK_BYTES, type LocatedChunk, packLocated, unpackLocated } from '../../../protocol/chunk-copy.ts';
import { readU32, toHex, u32 } from '../../../protocol/hash.ts';
import type { BlockId } from '../../../protocol/ids.ts';

/** An index object that still counts: read here, and not merged into a later one. */
export interface CountedObject {
  readonly object: LocatedChunk;
  readonly rows: number;
}

/** Which index objects still count. A backup names them in its own, so that a new machine finds them all. */
export interface IndexObjects {
  all(): Promise<readonly CountedObject[]>;
  has(chunk: Uint8Array): Promise<boolean>;
  /** Adds one, and takes away those that were merged into it. */
  add(object: CountedObject, merged: readonly Uint8Array[]): Promise<void>;
  blocks(): Promise<readonly BlockId[]>;
}

/** Opens the list over a part of the record store. */
export function createIndexObjects(records: Records): IndexObjects {
  async function all(): Promise<readonly CountedObject[]> {
    const rows: CountedObject[] = [];
    for await (const [, value] of records.range({})) {
      rows.push({ object: unpackLocated(value.subarray(4, 4 + LOCATED_CHUNK_BYTES)), rows: readU32(value) });
    }
    return rows;
  }

  return {
    all,
    has: async (chunk) => (await records.get(toHex(chunk))) !== undefined,
    async add({ object, rows }, merged) {
      const value = new Uint8Array(4 + LOCATED_CHUNK_BYTES);
      value.set(u32(rows));
      value.set(packLocated(object), 4);
      const operations: RecordOperation[] = merged.map((chunk) => ({ remove: toHex(chunk) }));
      await records.batch([...operations, { put: toHex(object.chunk), value }], { durable: true });
    },
    blocks: async () => [...new Set((await all()).map(({ object }) => object.copy.block))],
  };
}
