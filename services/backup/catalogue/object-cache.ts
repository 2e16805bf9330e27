import type { BlockSource, ChunkCopy } from '../../../ports/catalogue.ts';
import type { RecordOperation, Records } from '../../../ports/records.ts';
import { textBytes, toHex } from '../../../protocol/hash.ts';
import { LIMITS } from '../../../protocol/limits.ts';
import { inOrder } from '../../kit/in-order.ts';

/** Tree and index objects by chunk id: from the local cache, else out of the blocks. */
export interface ObjectCache {
  read(
    chunk: Uint8Array,
    options: { readonly copies?: readonly ChunkCopy[]; readonly signal: AbortSignal },
  ): Promise<Uint8Array>;
  put(chunk: Uint8Array, bytes: Uint8Array): Promise<void>;
}

/** Sorts after every hex key. */
const SIZE_KEY = 'size';
const REMOVALS_PER_BATCH = 1024;

/** Keeps at most 256 MiB of objects; when that is full it begins anew, for everything can be fetched again. */
export function createObjectCache(needs: {
  readonly records: Records;
  readonly copiesOf: (chunk: Uint8Array) => Promise<readonly ChunkCopy[]>;
  readonly source: () => Pick<BlockSource, 'readChunk'>;
}): ObjectCache {
  const { records } = needs;
  const oneByOne = inOrder();

  async function clear(): Promise<void> {
    for (;;) {
      const operations: RecordOperation[] = [];
      for await (const [key] of records.range({ limit: REMOVALS_PER_BATCH })) operations.push({ remove: key });
      if (operations.length === 0) return;
      await records.batch(operations, { durable: false });
    }
  }

  function put(chunk: Uint8Array, bytes: Uint8Array): Promise<void> {
    return oneByOne(async () => {
      const key = toHex(chunk);
      const [kept, stored] = await records.getMany([key, SIZE_KEY]);
      if (kept !== undefined) return;
      const size = stored === undefined ? 0 : Number(new TextDecoder().decode(stored));
      const isFull = size + bytes.length > LIMITS.catalogueCacheBytesMax.value;
      if (isFull) await clear();
      const now = (isFull ? 0 : size) + bytes.length;
      const operations = [
        { put: key, value: bytes },
        { put: SIZE_KEY, value: textBytes(String(now)) },
      ];
      await records.batch(operations, { durable: false });
    });
  }

  return {
    put,
    async read(chunk, { copies, signal }) {
      const kept = await records.get(toHex(chunk));
      if (kept !== undefined) return kept;
      const places = copies ?? (await needs.copiesOf(chunk));
      const bytes = await needs.source().readChunk({ chunk, copies: places, signal });
      await put(chunk, bytes);
      return bytes;
    },
  };
}
