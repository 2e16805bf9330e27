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
import { decodeSegment, parseSegmentName, putSegment, spanInSegment } from './segments.ts';

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
  await adoptSegments(options, async (name, bytes) => {
    const row = await options.index.records.get(KEYS.segment(name));
    return !row || decodeSegment(row).bytes < bytes;
  });
}

/** After the loss of the index: everything is entered by its own header, contracts by their copies. */
export async function rebuildIndex(options: RecoverOptions): Promise<void> {
  await restoreContracts(options);
  // Newest first: where a piece lies twice, the later one counts.
  await adoptFiles(options, '', false);
  await adoptSegments(options, async () => true);
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

async function adoptSegments(
  options: RecoverOptions,
  wanted: (name: string, bytes: number) => Promise<boolean>,
): Promise<void> {
  const { disk, layout } = options;
  for (const { name } of (await disk.list(layout.segments)).toReversed()) {
    const parsed = parseSegmentName(name);
    const size = (await disk.stat(layout.segment(name)))?.size ?? 0;
    if (!parsed || !(await wanted(name, size))) continue;
    await adoptSegment(options, { name, day: parsed.day, bytes: await disk.readFile(layout.segment(name)) });
  }
}

async function adoptSegment(
  options: RecoverOptions,
  segment: { readonly name: string; readonly day: string; readonly bytes: Uint8Array },
): Promise<void> {
  const { index } = options;
  const found = recordsIn(segment);
  const isHere = (at: number, piece: FoundPiece | undefined) =>
    piece !== undefined && 'segment' in piece.place && piece.place.at === at;
  const pointedAt = async () => {
    const rows = await index.rows(found.map(({ header }) => header));
    return found.filter((piece, order) => {
      const place = rows[order]?.place;
      return place && 'segment' in place && place.segment === segment.name && isHere(place.at, piece);
    });
  };
  const known = new Set(await pointedAt());
  const unknown = found.filter((piece) => !known.has(piece));
  for (let at = 0; at < unknown.length; at += ADOPT_TOGETHER) {
    await adoptPieces({ ...options, verify: true }, unknown.slice(at, at + ADOPT_TOGETHER));
  }
  const live = (await pointedAt()).reduce((sum, { header }) => sum + spanInSegment(pieceFileBytes(header.length)), 0);
  const bytes = segment.bytes.length;
  const row = { bytes, deadBytes: Math.max(0, bytes - live) };
  await index.inTurn(() => index.commit({ operations: [putSegment(segment.name, row)] }));
}
