import type { RecordOperation, Records } from '../../../ports/records.ts';
import { LOCATED_CHUNK_BYTES, type LocatedChunk, packLocated, unpackLocated } from '../../../protocol/chunk-copy.ts';
import { concatBytes, readU32, toHex, u32 } from '../../../protocol/hash.ts';
import type { BlockId } from '../../../protocol/ids.ts';

/** An index object that still counts: read here, and not merged into a later one. */
export interface CountedObject {
  readonly object: LocatedChunk;
  readonly rows: number;
  /** Objects written here are numbered; fetched ones are 0. The last one names all that counted then. */
  readonly order: number;
}

/** Which index objects still count. A backup names them in its own, so that a new machine finds them all. */
export interface IndexObjects {
  all(): Promise<readonly CountedObject[]>;
  has(chunk: Uint8Array): Promise<boolean>;
  /** Adds one, and takes away those that were merged into it. */
  add(
    object: Omit<CountedObject, 'order'>,
    options: { readonly merged: readonly Uint8Array[]; readonly own: boolean },
  ): Promise<void>;
  blocks(): Promise<readonly BlockId[]>;
}

/** Rows and order, four bytes each. */
const HEAD_BYTES = 8;

/** Opens the list over a part of the record store. */
export function createIndexObjects(records: Records): IndexObjects {
  async function all(): Promise<readonly CountedObject[]> {
    const rows: CountedObject[] = [];
    for await (const [, value] of records.range({})) {
      const object = unpackLocated(value.subarray(HEAD_BYTES, HEAD_BYTES + LOCATED_CHUNK_BYTES));
      rows.push({ object, rows: readU32(value), order: readU32(value, 4) });
    }
    return rows.toSorted((a, b) => a.order - b.order);
  }

  return {
    all,
    has: async (chunk) => (await records.get(toHex(chunk))) !== undefined,
    async add({ object, rows }, { merged, own }) {
      const order = own ? ((await all()).at(-1)?.order ?? 0) + 1 : 0;
      const value = concatBytes(u32(rows), u32(order), packLocated(object));
      const removed = merged.map((chunk): RecordOperation => ({ remove: toHex(chunk) }));
      await records.batch([...removed, { put: toHex(object.chunk), value }], { durable: true });
    },
    blocks: async () => [...new Set((await all()).map(({ object }) => object.copy.block))],
  };
}
