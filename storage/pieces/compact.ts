import type { Disk } from '../../ports/disk.ts';
import type { RecordOperation } from '../../ports/records.ts';
import { isBitDustError } from '../../protocol/errors.ts';
import { textBytes } from '../../protocol/hash.ts';
import { pieceFileBytes } from '../../protocol/piece-file.ts';
import type { CrashPoint } from './crash-points.ts';
import { dayOf, type Layout } from './layout.ts';
import type { PieceIndex } from './piece-index.ts';
import type { PieceReader } from './reader.ts';
import { KEYS, type PlacedRow, refOfKey, under } from './rows.ts';
import { decodeSegment, parseSegmentName, putSegment, type SegmentNumbers, SegmentWriter } from './segments.ts';

export interface CompactOptions {
  readonly disk: Disk;
  readonly layout: Layout;
  readonly index: PieceIndex;
  readonly reader: PieceReader;
  readonly numbers: SegmentNumbers;
  readonly now: () => number;
  /** The segment that is being appended to; it is left alone. */
  readonly current: () => string | undefined;
  readonly crashPoint: (name: CrashPoint) => void | Promise<void>;
}

/** Rewrites segments of which half or more is dead; gives the bytes freed. The caller sweeps the garbage afterwards. */
export async function compactSegments(options: CompactOptions): Promise<number> {
  const { index } = options;
  const names: string[] = [];
  for await (const [key, value] of index.records.range(under('s/'))) {
    const { bytes, deadBytes } = decodeSegment(value);
    if (bytes > 0 && deadBytes * 2 >= bytes) names.push(key.slice(2));
  }
  let freed = 0;
  for (const name of names) {
    if (name !== options.current()) freed += await index.inTurn(() => compactOne(options, name));
  }
  return freed;
}

/** The copies are durable before a row points at them, and the old segment goes last. */
async function compactOne(options: CompactOptions, name: string): Promise<number> {
  const { disk, layout, index, crashPoint } = options;
  const value = await index.records.get(KEYS.segment(name));
  if (!value || name === options.current()) return 0;
  const old = decodeSegment(value);
  const inside = under(`o/${name}/`);
  const refs: ReturnType<typeof refOfKey>[] = [];
  const operations: RecordOperation[] = [];
  for await (const [key, piece] of index.records.range(inside)) {
    refs.push(refOfKey(new TextDecoder().decode(piece)));
    operations.push({ remove: key });
  }
  const rows = (await index.rows(refs)).flatMap((row) => row ?? []);
  const living = rows.filter(({ place }) => 'segment' in place && place.segment === name);
  const { copied, broken } = await readLiving(options, name, living);
  for (const row of broken) operations.push(index.put({ ...row, rotten: true }));
  let newBytes = 0;
  if (copied.length > 0) {
    const writer = new SegmentWriter({ disk, layout, numbers: options.numbers });
    // The day stays that of the old segment: it is what a rebuilt index takes for the time of arrival.
    const day = parseSegmentName(name)?.day ?? dayOf(options.now());
    const appended = await writer
      .append(
        copied.map(({ record }) => record),
        day,
      )
      .finally(() => writer.close());
    await disk.syncFolder(layout.segments);
    await crashPoint('compact.copied');
    newBytes = appended.bytes;
    operations.push(putSegment(appended.name, { bytes: newBytes, deadBytes: 0 }));
    for (const [order, { row }] of copied.entries()) {
      const at = appended.offsets[order] as number;
      operations.push(index.put({ ...row, place: { segment: appended.name, at } }));
      operations.push({ put: KEYS.inSegment(appended.name, at), value: textBytes(KEYS.piece(row)) });
    }
  }
  const garbage = layout.relative(layout.segment(name));
  operations.push({ remove: KEYS.segment(name) }, { put: KEYS.garbage(garbage), value: new Uint8Array(0) });
  await index.commit({ operations });
  await crashPoint('compact.indexed');
  return old.bytes - newBytes;
}

async function readLiving(
  { disk, layout, reader }: CompactOptions,
  name: string,
  living: readonly PlacedRow[],
): Promise<{
  readonly copied: readonly { readonly row: PlacedRow; readonly record: Uint8Array }[];
  readonly broken: readonly PlacedRow[];
}> {
  const copied: { row: PlacedRow; record: Uint8Array }[] = [];
  const broken: PlacedRow[] = [];
  if (living.length === 0) return { copied, broken };
  const file = await disk.open(layout.segment(name), 'read');
  try {
    for (const row of living) {
      if (!('segment' in row.place)) continue;
      try {
        await reader.verify(row);
        const record = new Uint8Array(pieceFileBytes(row.length));
        await file.read(record, row.place.at);
        copied.push({ row, record });
      } catch (cause) {
        if (!isBitDustError(cause, 'PIECE_ROTTEN')) throw cause;
        broken.push(row);
      }
    }
  } finally {
    await file.close();
  }
  return { copied, broken };
}
