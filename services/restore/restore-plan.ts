import type { Catalogue, ChunkCopy, TreeEntry } from '../../ports/catalogue.ts';
import type { OutputEntry } from '../../ports/pipeline.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { concatBytes, toHex } from '../../protocol/hash.ts';
import type { BlockId, VersionId } from '../../protocol/ids.ts';

/** Where the plaintext of a chunk belongs. */
export interface Place {
  readonly path: Uint8Array;
  readonly offset: number;
}

/** A chunk to be read once, and all the places it fills. */
export interface PlannedChunk {
  readonly chunk: Uint8Array;
  readonly copy: ChunkCopy;
  readonly places: Place[];
}

/** What a restore writes, and the chunks it reads, by block. */
export interface RestorePlan {
  readonly entries: readonly OutputEntry[];
  readonly blocks: Map<BlockId, PlannedChunk[]>;
  readonly bytes: number;
}

const SLASH = Uint8Array.of(0x2f);
const WINDOW = 4_096;

/** Walks one stored thing and lays out what a restore has to read and write. Paths come out relative to the parent of `path`. */
export async function planRestore(
  catalogue: Pick<Catalogue, 'walk' | 'copiesOf'>,
  options: { readonly version: VersionId; readonly path: Uint8Array; readonly signal: AbortSignal },
): Promise<RestorePlan> {
  const cut = parentLength(options.path);
  const entries: OutputEntry[] = [];
  const wanted = new Map<string, { readonly chunk: Uint8Array; readonly places: Place[] }>();
  let bytes = 0;
  for await (const { path, entry } of catalogue.walk(options.version, options.path)) {
    options.signal.throwIfAborted();
    const relative = path.subarray(cut);
    entries.push(outputEntry(relative, entry));
    if (entry.kind !== 'file') continue;
    bytes += entry.size;
    for (const { index, offset } of chunkOffsets(entry)) {
      const chunk = entry.chunks[index]!;
      const key = toHex(chunk);
      const known = wanted.get(key) ?? { chunk, places: [] };
      known.places.push({ path: relative, offset });
      wanted.set(key, known);
    }
  }
  return { entries, blocks: await byBlock(catalogue, [...wanted.values()]), bytes };
}

/** Where each chunk of a file begins, holes left out. */
export function chunkOffsets(
  entry: Pick<TreeEntry, 'lengths' | 'holes'>,
): { readonly index: number; readonly offset: number; readonly length: number }[] {
  let at = 0;
  let hole = 0;
  return entry.lengths.map((length, index) => {
    while (entry.holes[hole]?.[0] === at) at += entry.holes[hole++]![1];
    const offset = at;
    at += length;
    return { index, offset, length };
  });
}

async function byBlock(
  catalogue: Pick<Catalogue, 'copiesOf'>,
  wanted: readonly { readonly chunk: Uint8Array; readonly places: Place[] }[],
): Promise<Map<BlockId, PlannedChunk[]>> {
  const blocks = new Map<BlockId, PlannedChunk[]>();
  for (let at = 0; at < wanted.length; at += WINDOW) {
    const window = wanted.slice(at, at + WINDOW);
    const copies = await catalogue.copiesOf(window.map(({ chunk }) => chunk));
    window.forEach(({ chunk, places }, index) => {
      const known = copies[index] ?? [];
      const copy = known.find(({ block }) => blocks.has(block)) ?? known[0];
      if (!copy)
        throw new BitDustError('CATALOGUE_UNAVAILABLE', 'The catalogue does not say where a chunk lies.', {
          details: { chunk: toHex(chunk) },
        });
      const planned = blocks.get(copy.block) ?? [];
      planned.push({ chunk, copy, places });
      blocks.set(copy.block, planned);
    });
  }
  for (const planned of blocks.values()) planned.sort((a, b) => a.copy.offset - b.copy.offset);
  return blocks;
}

function outputEntry(path: Uint8Array, entry: TreeEntry): OutputEntry {
  const { kind, mode, mtimeNs, size, target } = entry;
  return { path, kind, mode, mtimeNs, size, target };
}

/** Bytes of the path up to and with the slash before its last name. */
function parentLength(path: Uint8Array): number {
  return path.lastIndexOf(0x2f) + 1;
}

/** Two paths joined by a slash. */
export function joinPath(folder: Uint8Array, name: Uint8Array): Uint8Array {
  return concatBytes(folder, SLASH, name);
}
