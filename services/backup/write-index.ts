import type { BlockWriter, OpenCopy, StoredCopy } from '../../ports/pipeline.ts';
import type { LocatedChunk } from '../../protocol/chunk-copy.ts';
import { isBitDustError } from '../../protocol/errors.ts';
import { toHex } from '../../protocol/hash.ts';
import type { BlockId } from '../../protocol/ids.ts';
import { decodeIndex, encodeIndex, type IndexedCopy } from '../../protocol/index-object.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { CatalogueStore } from './catalogue/catalogue.ts';
import type { CountedObject } from './catalogue/index-objects.ts';
import type { Journal } from './journal.ts';

interface IndexNeeds {
  readonly journal: Journal;
  readonly catalogue: CatalogueStore;
}

/** An object written while the backup runs, until the block is known that it lies in. */
interface Early {
  readonly chunk: Uint8Array;
  readonly rows: number;
  readonly blocks: readonly BlockId[];
}

/** Writes index objects of one run of a backup: some on the way when there is much, and the last one. */
export interface IndexWriter {
  /** Between files: writes an object when enough copies wait for one. */
  flush(writer: BlockWriter): Promise<void>;
  /** A block was taken over. */
  placed(copies: readonly StoredCopy[]): Promise<void>;
  /** Ends the writer. Gives the newest index object, null when nothing was ever indexed. */
  finish(writer: BlockWriter, open: readonly OpenCopy[], signal: AbortSignal): Promise<LocatedChunk | null>;
}

function openRow({ chunk, kind: _, ...copy }: OpenCopy): IndexedCopy {
  return { chunk, copy };
}

/** Small objects whose rows go into the next one, so that there are never many. */
async function mergeable(
  { catalogue }: IndexNeeds,
  options: { readonly objects: readonly CountedObject[]; readonly room: number; readonly signal: AbortSignal },
): Promise<{ readonly copies: readonly LocatedChunk[]; readonly merged: readonly Uint8Array[] }> {
  const { objects, signal } = options;
  const copies: LocatedChunk[] = [];
  const merged: Uint8Array[] = [];
  if (objects.length < LIMITS.indexObjectsAim.value) return { copies, merged };
  let { room } = options;
  for (const { object, rows } of objects.toSorted((a, b) => a.rows - b.rows)) {
    if (rows > room) break;
    try {
      const bytes = await catalogue.cache.read(object.chunk, { copies: [object.copy], signal });
      copies.push(...decodeIndex(bytes, object.copy.block).copies);
      merged.push(object.chunk);
      room -= rows;
    } catch (error) {
      // Not readable now: it goes on counting, and is merged another time.
      if (!isBitDustError(error)) throw error;
    }
  }
  return { copies, merged };
}

/** Begins the index of one run. */
export function createIndexWriter(needs: IndexNeeds): IndexWriter {
  const { journal, catalogue } = needs;
  const early: Early[] = [];
  let newest: LocatedChunk | null = null;
  let waiting = 0;

  async function count(
    object: Omit<CountedObject, 'order'>,
    done: { readonly merged: readonly Uint8Array[]; readonly blocks: readonly BlockId[] },
  ) {
    await catalogue.objects.add(object, { merged: done.merged, own: true });
    await journal.removeUnindexed(done.blocks);
    newest = object.object;
  }

  return {
    async flush(writer) {
      if (waiting < LIMITS.indexRowsAim.value || early.length > 0) return;
      const copies: LocatedChunk[] = [];
      const blocks: BlockId[] = [];
      for (const [block, rows] of await journal.unindexed()) {
        if (copies.length + rows.length > LIMITS.indexRowsMax.value) break;
        copies.push(...rows);
        blocks.push(block);
      }
      if (copies.length === 0) return;
      const bytes = encodeIndex({ copies, earlier: [] });
      const chunk = await writer.addTree(bytes);
      await catalogue.cache.put(chunk, bytes);
      early.push({ chunk, rows: copies.length, blocks });
      waiting -= copies.length;
    },
    async placed(copies) {
      waiting += copies.length;
      for (const object of [...early]) {
        const found = copies.find(({ chunk }) => Buffer.compare(chunk, object.chunk) === 0);
        if (found === undefined) continue;
        early.splice(early.indexOf(object), 1);
        const { kind: _, chunk, ...copy } = found;
        await count({ object: { chunk, copy }, rows: object.rows }, { merged: [], blocks: object.blocks });
      }
    },
    async finish(writer, open, signal) {
      const unindexed = await journal.unindexed();
      const fresh: IndexedCopy[] = [...open.map(openRow), ...[...unindexed.values()].flat()];
      const objects = await catalogue.objects.all();
      if (fresh.length === 0) {
        await writer.finish(null);
        return newest ?? newestOf(needs, objects);
      }
      const room = LIMITS.indexRowsAim.value - fresh.length;
      const { copies, merged } = await mergeable(needs, { objects, room, signal });
      const gone = new Set(merged.map(toHex));
      const earlier = objects.map(({ object }) => object).filter(({ chunk }) => !gone.has(toHex(chunk)));
      const all = [...fresh, ...copies];
      const bytes = encodeIndex({ copies: all, earlier });
      const stored = await writer.finish(bytes);
      if (stored === null) throw new Error('the writer gave no copy of the index');
      const { kind: _, chunk, ...copy } = stored;
      await catalogue.cache.put(chunk, bytes);
      const blocks = [...unindexed.keys(), copy.block];
      await count({ object: { chunk, copy }, rows: all.length }, { merged, blocks });
      return { chunk, copy };
    },
  };
}

/** The object that reaches all others when this run adds none: the last one written here, else that of the newest version. */
async function newestOf({ catalogue }: IndexNeeds, objects: readonly CountedObject[]): Promise<LocatedChunk | null> {
  const last = objects.at(-1);
  if (last !== undefined && last.order > 0) return last.object;
  const { versions } = await catalogue.opened.read();
  return versions.findLast(({ entry }) => entry.index !== null)?.entry.index ?? null;
}
