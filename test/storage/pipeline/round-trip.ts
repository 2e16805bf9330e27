import { randomBytes } from 'node:crypto';
import type {
  NewBlock,
  OpenCopy,
  Pipeline,
  PipelineSecrets,
  ScanBatch,
  ScannedEntry,
  SkippedPath,
  StoredCopy,
  StoredFile,
} from '../../../ports/pipeline.ts';
import { toByteName } from '../../../storage/pipeline/byte-names.ts';

export const SECRETS: PipelineSecrets = {
  gear: new Uint8Array(32).fill(1),
  dedup: new Uint8Array(32).fill(2),
  footer: { epoch: 0, secret: new Uint8Array(32).fill(3) },
};

export const signal = new AbortController().signal;
export const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length));

/** A block as a customer keeps it in these tests: the pieces copied, the buffer given back. */
export interface KeptBlock extends Omit<NewBlock, 'release'> {
  readonly pieces: readonly Uint8Array[];
}

export interface Stored {
  readonly entries: readonly ScannedEntry[];
  readonly skipped: readonly SkippedPath[];
  readonly files: readonly StoredFile[];
  readonly blocks: readonly KeptBlock[];
  readonly copies: ReadonlyMap<string, StoredCopy>;
  readonly shared: readonly OpenCopy[];
  readonly index: StoredCopy | null;
  readonly known: Set<string>;
}

/** Scans a folder whole. */
export async function scanAll(
  pipeline: Pipeline,
  options: { readonly root: string; readonly previous?: Parameters<Pipeline['scan']>[0]['previous'] },
): Promise<{ batches: ScanBatch[]; entries: ScannedEntry[]; skipped: SkippedPath[]; ignored: number }> {
  const { root, previous } = options;
  const batches: ScanBatch[] = [];
  const now = Date.now() + 60_000;
  for await (const batch of pipeline.scan({ root, now, signal, ...(previous === undefined ? {} : { previous }) })) {
    batches.push(batch);
  }
  const entries = batches.flatMap((batch) => batch.entries);
  const skipped = batches.flatMap((batch) => batch.skipped);
  return { batches, entries, skipped, ignored: batches.reduce((sum, batch) => sum + batch.ignored, 0) };
}

/** Stores a folder: its files, one tree object that names the count, and an index object. */
export async function storeFolder(
  pipeline: Pipeline,
  options: { readonly root: string; readonly k?: number; readonly n?: number; readonly known?: Set<string> },
): Promise<Stored> {
  const { root, k = 4, n = 8, known = new Set<string>() } = options;
  const blocks: KeptBlock[] = [];
  const copies = new Map<string, StoredCopy>();
  const writer = pipeline.writer({
    root,
    geometry: { k, n },
    secrets: SECRETS,
    signal,
    known: async (chunks) => chunks.map((chunk) => known.has(toByteName(chunk))),
    onBlock: async ({ release, ...block }) => {
      blocks.push({ ...block, pieces: block.pieces.map((piece) => piece.slice()) });
      for (const copy of block.copies) {
        copies.set(toByteName(copy.chunk), copy);
        known.add(toByteName(copy.chunk));
      }
      release();
    },
  });
  const { entries, skipped } = await scanAll(pipeline, { root });
  const files = await writer.addFiles(entries);
  await writer.addTree(new TextEncoder().encode(`a tree of ${entries.length} entries in ${root}`));
  const shared = await writer.closeTrees();
  const index = await writer.finish(new TextEncoder().encode(`an index of ${copies.size + shared.length} chunks`));
  writer.close();
  return { entries, skipped, files, blocks, copies, shared, index, known };
}

/** Restores all files of a stored folder out of any k pieces of each block. */
export async function restoreFolder(
  pipeline: Pipeline,
  options: {
    readonly stored: Stored;
    readonly folder: string;
    readonly lost?: readonly number[];
    readonly force?: boolean;
  },
): Promise<{ readonly decoded: number }> {
  const { stored, folder, lost = [], force = false } = options;
  const target = pipeline.target({ folder, task: 't1', force, signal });
  const output = stored.entries.filter(({ path, kind }) => path.length > 0 || kind === 'folder');
  await target.prepare(output);
  const places = new Map<string, { path: Uint8Array; offset: number }[]>();
  for (const file of stored.files) placesOf(stored, file, places);
  let decoded = 0;
  for (const block of stored.blocks) {
    const pieces = new Map(
      block.pieces.map((piece, index) => [index, piece] as const).filter(([i]) => !lost.includes(i)),
    );
    const read = await pipeline.decode({ shape: block, pieces, signal });
    decoded += Number(read.decoded);
    const chunks = block.copies
      .filter(({ chunk }) => places.has(toByteName(chunk)))
      .map((copy) => ({ chunk: copy.chunk, copy, at: copy.offset, places: places.get(toByteName(copy.chunk))! }));
    await target.place({ bytes: read.bytes, chunks });
    read.release();
  }
  await target.finishFiles(output.filter(({ kind }) => kind === 'file'));
  await target.finishTree(output.filter(({ kind }) => kind !== 'file'));
  return { decoded };
}

/** Chunks in order fill what the holes leave. */
function placesOf(stored: Stored, file: StoredFile, into: Map<string, { path: Uint8Array; offset: number }[]>): void {
  const lengths = new Map<string, number>();
  for (const block of stored.blocks) {
    for (const { chunk, source } of block.intent.chunks) {
      lengths.set(toByteName(chunk), 'bytes' in source ? source.bytes.length : source.length);
    }
  }
  let offset = 0;
  const holes = [...file.holes];
  for (const chunk of file.chunks) {
    while (holes[0]?.[0] === offset) offset += holes.shift()![1];
    const name = toByteName(chunk);
    into.set(name, [...(into.get(name) ?? []), { path: stored.entries[file.index]!.path, offset }]);
    offset += lengths.get(name)!;
  }
}
