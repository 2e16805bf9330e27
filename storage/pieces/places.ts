import type { RecordOperation } from '../../ports/records.ts';
import { pieceFileBytes } from '../../protocol/piece-file.ts';
import type { PieceIndex } from './piece-index.ts';
import { KEYS, type PlacedRow } from './rows.ts';
import { decodeSegment, putSegment, spanInSegment } from './segments.ts';

const NOTHING = new Uint8Array(0);

/**
 * What gives up the bytes of rows that are leaving the index: a file becomes garbage, a record in a segment dead. Only
 * within a turn, all rows of one commit in one call, as several may lie in one segment; `grown` are the new lengths of
 * segments that the same commit makes known.
 */
export async function freePlaces(options: {
  readonly index: PieceIndex;
  readonly rows: readonly PlacedRow[];
  readonly grown?: ReadonlyMap<string, number>;
}): Promise<readonly RecordOperation[]> {
  const { index, grown = new Map<string, number>() } = options;
  const operations: RecordOperation[] = [];
  const dead = new Map<string, number>();
  for (const row of options.rows) {
    if ('file' in row.place) {
      operations.push({ put: KEYS.garbage(row.place.file), value: NOTHING });
      continue;
    }
    const { segment, at } = row.place;
    operations.push({ remove: KEYS.inSegment(segment, at) });
    dead.set(segment, (dead.get(segment) ?? 0) + spanInSegment(pieceFileBytes(row.length)));
  }
  const names = [...new Set([...dead.keys(), ...grown.keys()])];
  const values = await index.records.getMany(names.map(KEYS.segment));
  for (const [at, name] of names.entries()) {
    const value = values[at];
    // A segment that is gone took its dead bytes along.
    if (!value && !grown.has(name)) continue;
    const before = value ? decodeSegment(value) : { bytes: 0, deadBytes: 0 };
    const bytes = grown.get(name) ?? before.bytes;
    operations.push(putSegment(name, { bytes, deadBytes: before.deadBytes + (dead.get(name) ?? 0) }));
  }
  return operations;
}
