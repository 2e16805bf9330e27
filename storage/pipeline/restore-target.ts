import type { ChunkToPlace, OutputEntry, RestoreTarget } from '../../ports/pipeline.ts';
import type { Workers } from '../../ports/workers.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { type ByteName, toByteName } from './byte-names.ts';
import { callJob } from './call-job.ts';
import type { OutputRow, PlaceRow } from './restore-files.ts';

function outputRow({ path, kind, mode, mtimeNs, size, target }: OutputEntry): OutputRow {
  return { path: toByteName(path), kind, mode, mtimeNs, size, target: target === null ? null : toByteName(target) };
}

function placeRow({ chunk, copy, at, places }: ChunkToPlace): PlaceRow {
  const { length, codec, key, hash } = copy;
  const named = places.map(({ path, offset }) => [toByteName(path), offset] as const);
  return { chunk, at, length, codec, key, hash, places: named };
}

/** The whole buffer behind bytes that fill it, to be handed over instead of copied. */
function wholeBuffer(bytes: Uint8Array): ArrayBuffer[] {
  return bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength ? [bytes.buffer] : [];
}

/** Writes restored files through the workers; see the port. */
export function createRestoreTarget(
  workers: Workers,
  options: { readonly folder: string; readonly task: string; readonly force: boolean; readonly signal: AbortSignal },
): RestoreTarget {
  const { signal, ...place } = options;
  const aside = new Set<ByteName>();

  async function inBatches(entries: readonly OutputEntry[], run: (rows: OutputRow[]) => Promise<void>): Promise<void> {
    const step = LIMITS.scanBatchEntries.value;
    for (let at = 0; at < entries.length; at += step) await run(entries.slice(at, at + step).map(outputRow));
  }

  return {
    async prepare(entries) {
      let existing = 0;
      await inBatches(entries, async (rows) => {
        existing += (await callJob(workers, 'prepare', { ...place, entries: rows }, { signal })).existing;
        for (const { kind, path } of rows) if (kind === 'file') aside.add(path);
      });
      return { existing };
    },
    async place({ bytes, chunks }) {
      const transfer = wholeBuffer(bytes);
      await callJob(workers, 'place', { ...place, bytes, rows: chunks.map(placeRow) }, { signal, transfer });
    },
    async finishFiles(entries) {
      await inBatches(entries, async (rows) => {
        await callJob(workers, 'finishFiles', { ...place, entries: rows }, { signal });
        for (const { path } of rows) aside.delete(path);
      });
    },
    async finishTree(entries) {
      const links = entries.filter(({ kind }) => kind === 'link');
      await inBatches(
        links,
        async (rows) => void (await callJob(workers, 'finishTree', { ...place, entries: rows }, { signal })),
      );
      const folders = entries.filter(({ kind }) => kind === 'folder').map(outputRow);
      if (folders.length > 0) await callJob(workers, 'finishTree', { ...place, entries: folders }, { signal });
    },
    async abandon() {
      const paths = [...aside];
      aside.clear();
      // The task's own signal may have ended it; what lies aside is removed all the same.
      await callJob(workers, 'abandon', { ...place, paths }, { signal: new AbortController().signal });
    },
  };
}
