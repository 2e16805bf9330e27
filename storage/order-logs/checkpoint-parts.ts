import type { Records } from '../../ports/records.ts';
import { standingOf } from '../../protocol/block-marks.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { decodeRow, encodeRow, type StateRow } from '../../protocol/log-rows.ts';
import { type OwnerKeys, under } from './keys.ts';

/** Rows of one part; the entry around them stays under 256 KiB with room for heads and signature. */
const PART_BYTES_MAX = 192 * 1024;
const SORTS = [
  'block',
  'version',
  'document',
  'pin',
  'family',
  'geometry',
] as const satisfies readonly StateRow['on'][];

function stillMatters(row: StateRow, without: ReadonlySet<string>): boolean {
  if (row.on === 'document') return !without.has(row.row.hash);
  if (row.on === 'version') return !without.has(row.row.version);
  if (row.on === 'pin') return row.row.until > 0;
  if (row.on !== 'block') return true;
  const standing = standingOf(row.state.marks);
  return standing !== 'abandoned' && standing !== 'erased';
}

/** The state cut into parts: live records and burials, families, documents, retained versions. At least one part, the same ones at each walk. */
export async function* checkpointParts(options: {
  readonly records: Records;
  readonly keys: OwnerKeys;
  readonly without: ReadonlySet<string>;
}): AsyncIterable<readonly Uint8Array[]> {
  let part: Uint8Array[] = [];
  let bytes = 0;
  for (const on of SORTS) {
    for await (const [, value] of options.records.range(under(options.keys.state(on)))) {
      const row = decodeRow(value, { sawAt: 0 });
      if (!stillMatters(row, options.without)) continue;
      const encoded = encodeRow(row, { times: false });
      if (part.length > 0 && (bytes + encoded.length > PART_BYTES_MAX || part.length >= LIMITS.attachmentsMax.value)) {
        yield part;
        part = [];
        bytes = 0;
      }
      part.push(encoded);
      bytes += encoded.length + 8;
    }
  }
  yield part;
}
