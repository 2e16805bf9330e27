import type { Backups, Where } from '../../ports/backups.ts';
import type { BlockSource, Catalogue } from '../../ports/catalogue.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { chunkOffsets } from './restore-plan.ts';

export interface CatNeeds {
  readonly backups: Pick<Backups, 'resolve'>;
  readonly catalogue: Pick<Catalogue, 'entry' | 'copiesOf'>;
  readonly source: Pick<BlockSource, 'readChunk'>;
}

/** Chunks read ahead of the one that is given out. */
const AHEAD = 4;
const ZEROS = new Uint8Array(64 * 1024);

/** The bytes of a stored file in order, a few chunks read ahead. Rejects with `NOT_A_FILE` or `ENTRY_NOT_FOUND` before the first byte. */
export async function catFile(
  needs: CatNeeds,
  options: Where & { readonly at?: string | undefined; readonly signal: AbortSignal },
): Promise<AsyncIterable<Uint8Array>> {
  const { path, version } = await needs.backups.resolve(options);
  const entry = await needs.catalogue.entry(version.version, path);
  if (!entry) throw new BitDustError('ENTRY_NOT_FOUND');
  if (entry.kind !== 'file') throw new BitDustError('NOT_A_FILE');
  const copies = await needs.catalogue.copiesOf(entry.chunks);
  const read = (index: number): Promise<Uint8Array> => {
    const reading = needs.source.readChunk({
      chunk: entry.chunks[index]!,
      copies: copies[index] ?? [],
      signal: options.signal,
    });
    reading.catch(() => undefined);
    return reading;
  };
  const offsets = chunkOffsets(entry);
  return (async function* () {
    const ahead = new Map<number, Promise<Uint8Array>>();
    let at = 0;
    for (const { index, offset, length } of offsets) {
      yield* zeros(offset - at);
      for (let next = index; next < Math.min(offsets.length, index + AHEAD); next += 1) {
        if (!ahead.has(next)) ahead.set(next, read(next));
      }
      yield await ahead.get(index)!;
      ahead.delete(index);
      at = offset + length;
    }
    yield* zeros(entry.size - at);
  })();
}

function* zeros(length: number): Iterable<Uint8Array> {
  for (let left = length; left > 0; left -= ZEROS.length) yield ZEROS.subarray(0, Math.min(left, ZEROS.length));
}
