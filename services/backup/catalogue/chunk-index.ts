import type { ChunkCopy } from '../../../ports/catalogue.ts';
import type { RecordOperation, Records } from '../../../ports/records.ts';
import { type LocatedChunk, PACKED_PLACE_BYTES, packPlace, unpackPlace } from '../../../protocol/chunk-copy.ts';
import { concatBytes, fromHex, toHex } from '../../../protocol/hash.ts';
import { type BlockId, bytesOfBlock } from '../../../protocol/ids.ts';
import { mergeCopies } from '../../../protocol/index-object.ts';
import { inOrder } from '../../kit/in-order.ts';
import { type ChunkFilter, createChunkFilter } from './chunk-filter.ts';

/** Chunk id to its set of copies, in records behind a filter in memory. */
export interface ChunkIndex {
  /** Fills the filter; nothing else works before. */
  load(): Promise<void>;
  /** Adds by union; tells how many copies were new. */
  add(copies: readonly LocatedChunk[], options: { readonly durable: boolean }): Promise<{ readonly added: number }>;
  /** Takes the copies in a block away from these chunks. */
  forget(block: BlockId, chunks: readonly Uint8Array[]): Promise<void>;
  /** Every copy ever added, whatever became of its block; one call to the store. */
  copiesOf(chunks: readonly Uint8Array[]): Promise<readonly (readonly ChunkCopy[])[]>;
}

const ROW_BYTES = 32 + PACKED_PLACE_BYTES;
const BATCH_CHUNKS = 4096;

function packCopies(copies: readonly ChunkCopy[]): Uint8Array {
  return concatBytes(...copies.flatMap((copy) => [bytesOfBlock(copy.block), packPlace(copy)]));
}

function unpackCopies(value: Uint8Array): ChunkCopy[] {
  const copies: ChunkCopy[] = [];
  for (let at = 0; at + ROW_BYTES <= value.length; at += ROW_BYTES) {
    const place = unpackPlace(value.subarray(at + 32, at + ROW_BYTES));
    copies.push({ block: toHex(value.subarray(at, at + 32)), ...place });
  }
  return copies;
}

/** Opens the index over a part of the record store. */
export function createChunkIndex(records: Records): ChunkIndex {
  const oneByOne = inOrder();
  let filter: ChunkFilter = createChunkFilter(0);

  async function load(): Promise<void> {
    let count = 0;
    for await (const _ of records.range({})) count += 1;
    const filled = createChunkFilter(count);
    for await (const [key] of records.range({})) filled.add(fromHex(key));
    filter = filled;
  }

  async function read(chunks: readonly Uint8Array[]): Promise<readonly ChunkCopy[][]> {
    const asked = chunks.map((chunk) => (filter.mayHave(chunk) ? toHex(chunk) : null));
    const keys = asked.filter((key) => key !== null);
    const values = await records.getMany(keys);
    let next = 0;
    return asked.map((key) => {
      if (key === null) return [];
      const value = values[next];
      next += 1;
      return value === undefined ? [] : unpackCopies(value);
    });
  }

  async function addSome(copies: readonly LocatedChunk[], durable: boolean): Promise<number> {
    const fresh = new Map<string, { chunk: Uint8Array; copies: readonly ChunkCopy[] }>();
    for (const { chunk, copy } of copies) {
      const key = toHex(chunk);
      fresh.set(key, { chunk, copies: mergeCopies(fresh.get(key)?.copies ?? [], [copy]) });
    }
    const rows = [...fresh.entries()];
    const before = await read(rows.map(([, row]) => row.chunk));
    let added = 0;
    const operations: RecordOperation[] = [];
    rows.forEach(([key, row], index) => {
      const merged = mergeCopies(before[index]!, row.copies);
      if (merged.length === before[index]!.length) return;
      added += merged.length - before[index]!.length;
      operations.push({ put: key, value: packCopies(merged) });
    });
    await records.batch(operations, { durable });
    rows.forEach(([, row], index) => {
      if (before[index]!.length === 0) filter.add(row.chunk);
    });
    return added;
  }

  return {
    load,
    add: (copies, { durable }) =>
      oneByOne(async () => {
        let added = 0;
        for (let at = 0; at < copies.length; at += BATCH_CHUNKS) {
          added += await addSome(copies.slice(at, at + BATCH_CHUNKS), durable);
        }
        if (filter.isFull()) await load();
        return { added };
      }),
    forget: (block, chunks) =>
      oneByOne(async () => {
        const before = await read(chunks);
        const operations = chunks.flatMap((chunk, index): RecordOperation[] => {
          const left = before[index]!.filter((copy) => copy.block !== block);
          if (left.length === before[index]!.length) return [];
          const key = toHex(chunk);
          return left.length === 0 ? [{ remove: key }] : [{ put: key, value: packCopies(left) }];
        });
        await records.batch(operations, { durable: true });
      }),
    copiesOf: read,
  };
}
