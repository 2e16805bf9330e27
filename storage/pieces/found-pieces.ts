import { join } from 'node:path';
import type { Disk } from '../../ports/disk.ts';
import { isBitDustError } from '../../protocol/errors.ts';
import type { PersonId } from '../../protocol/ids.ts';
import {
  decodePieceHeader,
  hasPieceMagic,
  PIECE_HEADER_BYTES,
  type PieceHeader,
  pieceFileBytes,
} from '../../protocol/piece-file.ts';
import { type Layout, ownerMark, type Place, parseFileName } from './layout.ts';
import type { PieceIndex } from './piece-index.ts';
import { SEGMENT_STEP, spanInSegment } from './segments.ts';

/** A piece as it lies on the disk, by its own header. */
export interface FoundPiece {
  readonly header: PieceHeader;
  readonly place: Place;
  readonly day: string;
}

const LOOK_TOGETHER = 256;

/** Days that have pieces, from one on, in order. */
export async function daysFrom(disk: Disk, layout: Layout, first: string): Promise<readonly string[]> {
  const entries = await disk.list(layout.pieces);
  return entries
    .filter(({ name, kind }) => kind === 'folder' && /^\d{4}-\d\d-\d\d$/.test(name) && name >= first)
    .map(({ name }) => name)
    .sort();
}

/** The piece files of a day that no row points at. Files that are known are told by their names alone. */
export async function* filesWithoutRow(options: {
  readonly disk: Disk;
  readonly layout: Layout;
  readonly index: PieceIndex;
  readonly day: string;
}): AsyncGenerator<FoundPiece> {
  const { disk, layout, index, day } = options;
  const owners = new Map(index.accounts.all().map(({ customer }) => [ownerMark(customer), customer]));
  for (const bucket of await disk.list(join(layout.pieces, day))) {
    if (bucket.kind !== 'folder') continue;
    const names = (await disk.list(join(layout.pieces, day, bucket.name))).map(({ name }) => name);
    for (let at = 0; at < names.length; at += LOOK_TOGETHER) {
      const unknown = await withoutRow({ index, owners, day, names: names.slice(at, at + LOOK_TOGETHER), layout });
      for (const name of unknown) {
        const place = { file: layout.filed(day, name) };
        const header = await readHeader(disk, layout.absolute(place.file));
        if (header) yield { header, place, day };
      }
    }
  }
}

async function withoutRow(options: {
  readonly index: PieceIndex;
  readonly layout: Layout;
  readonly owners: ReadonlyMap<string, PersonId>;
  readonly day: string;
  readonly names: readonly string[];
}): Promise<readonly string[]> {
  const { index, layout, owners, day, names } = options;
  const known = names.flatMap((name) => {
    const parsed = parseFileName(name);
    const customer = parsed && owners.get(parsed.owner);
    return parsed && customer ? [{ name, ref: { customer, block: parsed.block, seat: parsed.seat } }] : [];
  });
  const rows = await index.rows(known.map(({ ref }) => ref));
  const pointed = new Set<string>();
  for (const [at, { name }] of known.entries()) {
    const place = rows[at]?.place;
    if (place && 'file' in place && place.file === layout.filed(day, name)) pointed.add(name);
  }
  return names.filter((name) => !pointed.has(name));
}

/** The header of a piece file; undefined when it has none or not a whole one, which is left where it is. */
async function readHeader(disk: Disk, path: string): Promise<PieceHeader | undefined> {
  try {
    const file = await disk.open(path, 'read');
    try {
      const bytes = new Uint8Array(PIECE_HEADER_BYTES);
      await file.read(bytes, 0);
      return decodePieceHeader(bytes);
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (isBitDustError(cause, 'ENCODING_INVALID') || isBitDustError(cause, 'FILE_NOT_FOUND')) return undefined;
    throw cause;
  }
}

/** All whole records of a segment; a damaged one is stepped over to the next that is whole. */
export function recordsIn(segment: {
  readonly name: string;
  readonly day: string;
  readonly bytes: Uint8Array;
}): FoundPiece[] {
  const { name, day, bytes } = segment;
  const found: FoundPiece[] = [];
  let at = 0;
  while (at + PIECE_HEADER_BYTES <= bytes.length) {
    const header = hasPieceMagic(bytes, at) ? headerAt(bytes, at) : undefined;
    if (!header || at + pieceFileBytes(header.length) > bytes.length) {
      at += SEGMENT_STEP;
      continue;
    }
    found.push({ header, place: { segment: name, at }, day });
    at += spanInSegment(pieceFileBytes(header.length));
  }
  return found;
}

function headerAt(bytes: Uint8Array, at: number): PieceHeader | undefined {
  try {
    return decodePieceHeader(bytes.subarray(at, at + PIECE_HEADER_BYTES));
  } catch (cause) {
    if (isBitDustError(cause, 'ENCODING_INVALID')) return undefined;
    throw cause;
  }
}
