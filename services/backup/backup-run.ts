import type { TreeEntry } from '../../ports/catalogue.ts';
import type { Self } from '../../ports/identity.ts';
import type { BlockWriter, Pipeline, ScanBatch, ScannedEntry, StoredFile } from '../../ports/pipeline.ts';
import type { Clock } from '../../ports/world.ts';
import type { LocatedChunk } from '../../protocol/chunk-copy.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { equalBytes, toHex } from '../../protocol/hash.ts';
import type { BlockId } from '../../protocol/ids.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { Geometry } from '../../protocol/marks.ts';
import type { CatalogueStore } from './catalogue/catalogue.ts';
import { joinPath, namesOf, pathOf, textOf } from './catalogue/paths.ts';
import { type Branch, createBranchWriter, writeRoot } from './catalogue/tree-writer.ts';
import type { FileChange, Journal, SeenFile, TaskRow } from './journal.ts';
import { type BlockPlacer, SOURCE_ROOT } from './place-blocks.ts';
import { createIndexWriter } from './write-index.ts';

export interface BackupRunNeeds {
  readonly pipeline: Pick<Pipeline, 'scan' | 'writer'>;
  readonly catalogue: CatalogueStore;
  readonly journal: Journal;
  readonly placer: BlockPlacer;
  readonly self: Pick<Self, 'secrets'>;
  readonly clock: Clock;
}

/** Counters of one run; they only rise. */
export interface RunCounters {
  files: number;
  new: number;
  changed: number;
  unchanged: number;
  skipped: number;
  readonly skippedNamed: { readonly path: string; readonly code: string; readonly message: string }[];
  sourceBytes: number;
  readBytes: number;
  deduplicatedBytes: number;
  storedBytes: number;
  blocks: number;
}

/** What a run leaves: all a version entry needs, and the blocks it stands on. */
export interface RunResult {
  readonly tree: LocatedChunk;
  readonly index: LocatedChunk | null;
  readonly blocks: readonly BlockId[];
}

/** Counters at zero. */
export function freshCounters(): RunCounters {
  const bytes = { sourceBytes: 0, readBytes: 0, deduplicatedBytes: 0, storedBytes: 0 };
  return { files: 0, new: 0, changed: 0, unchanged: 0, skipped: 0, skippedNamed: [], ...bytes, blocks: 0 };
}

/** A scanned entry with its absolute path and what was seen there before. */
interface Item {
  readonly entry: ScannedEntry;
  readonly absolute: Uint8Array;
  readonly before: SeenFile | undefined;
}

/** Absolute path of what the scan names relative to its root. */
function absoluteOf(root: Uint8Array, path: Uint8Array): Uint8Array {
  return path.length === 0 ? root : joinPath(root, path);
}

/** Looks a batch of paths up; only what is stored still, and was read at rest, counts as seen. */
function createSeenLookup(needs: Pick<BackupRunNeeds, 'journal' | 'catalogue'>, set: string) {
  const rows = new Map<string, SeenFile>();
  return {
    async look(paths: readonly Uint8Array[]): Promise<readonly (SeenFile | undefined)[]> {
      const found = await needs.journal.seen(set, paths);
      const chunks = found.flatMap((row) => row?.chunks ?? []);
      const known = await needs.catalogue.known(chunks);
      let at = 0;
      return found.map((row, index) => {
        if (row === undefined) return undefined;
        const isStored = known.slice(at, at + row.chunks.length).every(Boolean);
        at += row.chunks.length;
        rows.set(toHex(paths[index]!), row);
        return isStored && !row.isFresh ? row : undefined;
      });
    },
    /** The row of a path that was looked up, once. */
    take(path: Uint8Array): SeenFile | undefined {
      const key = toHex(path);
      const row = rows.get(key);
      rows.delete(key);
      return row;
    },
  };
}

function sameChunks(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  return a.length === b.length && a.every((chunk, index) => equalBytes(chunk, b[index]!));
}

function treeEntry(
  item: Item,
  content: Pick<TreeEntry, 'chunks' | 'lengths' | 'holes' | 'changedWhileRead'>,
  size: number,
): TreeEntry {
  const { entry, absolute } = item;
  const name = namesOf(absolute).at(-1) ?? new Uint8Array(0);
  return { name, kind: entry.kind, mode: entry.mode, mtimeNs: entry.mtimeNs, size, target: entry.target, ...content };
}

const EMPTY = { chunks: [], lengths: [], holes: [], changedWhileRead: false } as const;
const FRESH_MS = 2_000;

/** One pass over all paths of a task: scanned, read, coded, handed over, and at the end the tree and the index. */
export async function runBackup(
  needs: BackupRunNeeds,
  options: {
    readonly task: TaskRow;
    readonly geometry: Geometry;
    /** False when the geometry of new blocks became another meanwhile. */
    readonly isGeometryStill: () => boolean;
    readonly counters: RunCounters;
    readonly signal: AbortSignal;
  },
): Promise<RunResult> {
  const { pipeline, catalogue, journal, placer, clock, self } = needs;
  const { task, geometry, counters, signal } = options;
  const blocks = new Set<BlockId>();
  const index = createIndexWriter({ journal, catalogue });
  const { epoch, gear, dedup, catalogue: footer } = self.secrets()[0]!;

  const writer: BlockWriter = pipeline.writer({
    root: SOURCE_ROOT,
    geometry,
    secrets: { gear, dedup, footer: { epoch, secret: footer } },
    known: (chunks) => catalogue.known(chunks),
    async onBlock(block) {
      await placer.place(task, block, signal);
      blocks.add(block.block);
      await index.placed(block.copies);
    },
    signal,
  });

  async function useBlocksOf(chunks: readonly Uint8Array[]): Promise<void> {
    for (const [copy] of await catalogue.copiesOf(chunks)) if (copy !== undefined) blocks.add(copy.block);
  }

  async function addObject(bytes: Uint8Array): Promise<Uint8Array> {
    const chunk = await writer.addTree(bytes);
    await catalogue.cache.put(chunk, bytes);
    await useBlocksOf([chunk]);
    return chunk;
  }

  function skip(path: Uint8Array, code: string, message: string): void {
    counters.skipped += 1;
    if (counters.skippedNamed.length < LIMITS.skippedNamedMax.value) {
      counters.skippedNamed.push({ path: textOf(path), code, message });
    }
  }

  /** What a person calls this file: a resumed task keeps what it said before the kill. */
  function changeOf({ before }: Item, stored: StoredFile | null): FileChange {
    if (before === undefined) return 'new';
    if (before.task === task.task) return before.change;
    return stored === null || sameChunks(before.chunks, stored.chunks) ? 'unchanged' : 'changed';
  }

  function countFile(item: Item, stored: StoredFile | null): FileChange {
    const change = changeOf(item, stored);
    const size = stored?.fingerprint.size ?? item.entry.size;
    counters.files += 1;
    counters[change] += 1;
    counters.sourceBytes += size;
    return change;
  }

  function seenOf(stored: StoredFile, change: FileChange): SeenFile {
    const { chunks, lengths, holes, fingerprint } = stored;
    const age = Math.abs(clock.now() - Number(fingerprint.mtimeNs / 1_000_000n));
    const isFresh = age < FRESH_MS || stored.changedWhileRead;
    const { size, mtimeNs, ctimeNs, inode } = fingerprint;
    return { size, mtimeNs, ctimeNs, inode, chunks, lengths, holes, isFresh, task: task.task, change };
  }

  async function readFiles(items: readonly Item[]): Promise<ReadonlyMap<Item, StoredFile>> {
    if (items.length === 0) return new Map();
    // The writer reads below one root for all paths of the set, so names are relative to that of the file system.
    const stored = await writer.addFiles(
      items.map(({ entry, absolute }) => ({ ...entry, path: absolute.subarray(1) })),
    );
    return new Map(items.map((item, at) => [item, stored[at]!]));
  }

  async function addBatch(batch: ScanBatch, root: Uint8Array, take: (path: Uint8Array) => SeenFile | undefined) {
    const branchEntries: { readonly path: Uint8Array; readonly entry: TreeEntry }[] = [];
    const items = batch.entries.map((entry): Item => {
      const absolute = absoluteOf(root, entry.path);
      return { entry, absolute, before: entry.kind === 'file' ? take(absolute) : undefined };
    });
    const read = await readFiles(items.filter(({ entry }) => entry.kind === 'file' && !entry.unchanged));
    const rows: { path: Uint8Array; seen: SeenFile }[] = [];
    for (const item of items) {
      const { entry, absolute, before } = item;
      const stored = read.get(item);
      if (stored?.skipped) {
        skip(absolute, stored.skipped.code, stored.skipped.message);
        continue;
      }
      if (stored !== undefined) {
        const change = countFile(item, stored);
        rows.push({ path: absolute, seen: seenOf(stored, change) });
        branchEntries.push({ path: entry.path, entry: treeEntry(item, contentOf(stored), stored.fingerprint.size) });
      } else if (entry.kind === 'file') {
        countFile(item, null);
        branchEntries.push({ path: entry.path, entry: treeEntry(item, contentOf(before!), entry.size) });
      } else {
        branchEntries.push({ path: entry.path, entry: treeEntry(item, EMPTY, 0) });
      }
    }
    await journal.putSeen(task.set, rows);
    await useBlocksOf(branchEntries.flatMap(({ entry }) => entry.chunks));
    for (const { path, code, message } of batch.skipped) skip(absoluteOf(root, path), code, message);
    return branchEntries;
  }

  function takeProgress(): void {
    const progress = writer.progress();
    counters.readBytes = progress.bytesRead;
    counters.deduplicatedBytes = progress.bytesDeduplicated;
    counters.storedBytes = progress.bytesStored;
    counters.blocks = progress.blocks;
  }

  async function addPath(root: Uint8Array): Promise<Branch | undefined> {
    const seen = createSeenLookup(needs, task.set);
    const branch = createBranchWriter(addObject);
    const previous = (paths: readonly Uint8Array[]) => seen.look(paths.map((path) => absoluteOf(root, path)));
    const batches = pipeline.scan({ root: textOf(root), previous, now: clock.now(), signal });
    for await (const batch of batches) {
      if (!options.isGeometryStill()) throw new BitDustError('SUPPLIERS_TOO_FEW', 'The suppliers changed.');
      for (const { path, entry } of await addBatch(batch, root, seen.take)) await branch.add(path, entry);
      await index.flush(writer);
      takeProgress();
    }
    const entry = await branch.finish();
    return entry && { names: namesOf(root), entry };
  }

  try {
    const branches: Branch[] = [];
    for (const path of task.paths) {
      const branch = await addPath(pathOf(namesOf(path)));
      if (branch !== undefined) branches.push(branch);
    }
    const top = await writeRoot(addObject, branches);
    const open = await writer.closeTrees();
    const newest = await index.finish(writer, open, signal);
    takeProgress();
    const [tree] = await catalogue.copies(top);
    if (tree === undefined) throw new Error('the top of the tree was not stored');
    for (const block of await catalogue.objects.blocks()) blocks.add(block);
    blocks.add(tree.block);
    return { tree: { chunk: top, copy: tree }, index: newest, blocks: [...blocks].toSorted() };
  } finally {
    writer.close();
  }
}

function contentOf(row: Pick<StoredFile, 'chunks' | 'lengths' | 'holes'> & { readonly changedWhileRead?: boolean }) {
  return {
    chunks: row.chunks,
    lengths: row.lengths,
    holes: row.holes,
    changedWhileRead: row.changedWhileRead === true,
  };
}
