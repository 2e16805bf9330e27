import { join } from 'node:path';
import type { Disk } from '../../ports/disk.ts';
import type { OrderStands } from '../../ports/pieces.ts';
import { pieceFileBytes } from '../../protocol/piece-file.ts';
import { adoptPieces } from './adopt.ts';
import { restoreContracts } from './agreements.ts';
import { daysFrom, type FoundPiece, filesWithoutRow, recordsIn } from './found-pieces.ts';
import type { Layout } from './layout.ts';
import type { PieceIndex } from './piece-index.ts';
import type { PieceReader } from './reader.ts';
import { KEYS } from './rows.ts';
import { decodeSegment, parseSegmentName, putSegment, type SegmentRow, spanInSegment } from './segments.ts';

const ADOPT_TOGETHER = 256;

export interface RecoverOptions {
  readonly disk: Disk;
  readonly layout: Layout;
  readonly index: PieceIndex;
  readonly reader: PieceReader;
  readonly orderStands: OrderStands;
  readonly now: number;
}

/** Removes what was on its way when the process ended. */
export async function clearIncoming(disk: Disk, layout: Layout): Promise<void> {
  for (const { name } of await disk.list(layout.incoming)) await disk.remove(join(layout.incoming, name));
}

/** The number after that of the last segment. */
export async function nextSegmentNumber(disk: Disk, layout: Layout): Promise<number> {
  const numbers = (await disk.list(layout.segments)).map(({ name }) => parseSegmentName(name)?.number ?? 0);
  return Math.max(0, ...numbers) + 1;
}

/** After a crash: files and records of the last day that came without a row are entered or removed. */
export async function recoverRecent(options: RecoverOptions): Promise<void> {
  const last = await options.index.records.get(KEYS.lastDay);
  const first = last ? new TextDecoder().decode(last) : '';
  await adoptFiles(options, first, true);
  await adoptSegments(options);
}

/** After the loss of the index: everything is entered by its own header, contracts by their copies. */
export async function rebuildIndex(options: RecoverOptions): Promise<void> {
  await restoreContracts(options);
  // Newest first: where a piece lies twice, the later one counts.
  await adoptFiles(options, '', false);
  await adoptSegments(options);
}

async function adoptFiles(options: RecoverOptions, first: string, verify: boolean): Promise<void> {
  for (const day of (await daysFrom(options.disk, options.layout, first)).toReversed()) {
    let group: FoundPiece[] = [];
    for await (const found of filesWithoutRow({ ...options, day })) {
      group.push(found);
      if (group.length < ADOPT_TOGETHER) continue;
      await adoptPieces({ ...options, verify }, group);
      group = [];
    }
    await adoptPieces({ ...options, verify }, group);
  }
}

/** Only what the index does not know of a segment is looked at: a record before that without a row was erased. */
async function adoptSegments(options: RecoverOptions): Promise<void> {
  const { disk, layout, index } = options;
  for (const { name } of (await disk.list(layout.segments)).toReversed()) {
    const parsed = parseSegmentName(name);
    if (!parsed) continue;
    const value = await index.records.get(KEYS.segment(name));
    const known = value ? decodeSegment(value) : { bytes: 0, deadBytes: 0 };
    if (((await disk.stat(layout.segment(name)))?.size ?? 0) <= known.bytes) continue;
    const bytes = await disk.readFile(layout.segment(name));
    await adoptSegment(options, { name, day: parsed.day, bytes, known });
  }
}

async function adoptSegment(
  options: RecoverOptions,
  segment: { readonly name: string; readonly day: string; readonly bytes: Uint8Array; readonly known: SegmentRow },
): Promise<void> {
  const { index } = options;
  const { name, bytes, known } = segment;
  const found = recordsIn(segment).filter(({ place }) => 'segment' in place && place.at >= known.bytes);
  for (let at = 0; at < found.length; at += ADOPT_TOGETHER) {
    await adoptPieces({ ...options, verify: true }, found.slice(at, at + ADOPT_TOGETHER));
  }
  const rows = await index.rows(found.map(({ header }) => header));
  let live = 0;
  for (const [order, { header, place }] of found.entries()) {
    const isHere = JSON.stringify(rows[order]?.place) === JSON.stringify(place);
    if (isHere) live += spanInSegment(pieceFileBytes(header.length));
  }
  const deadBytes = known.deadBytes + bytes.length - known.bytes - live;
  await index.inTurn(() => index.commit({ operations: [putSegment(name, { bytes: bytes.length, deadBytes })] }));
}
