import type { Records } from '../../ports/records.ts';
import { type BlockMark, standingOf } from '../../protocol/block-marks.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { parseLogEntry } from '../../protocol/log-entry.ts';
import { type LogHead, type LogPlace, logKey } from '../../protocol/log-place.ts';
import { decodeRow } from '../../protocol/log-rows.ts';
import type { BlockState } from '../../protocol/log-state.ts';
import { type OwnerKeys, under } from './keys.ts';
import type { Change } from './stored-log.ts';

const REMOVALS_PER_BATCH = 1024;

interface DropOptions {
  readonly records: Records;
  readonly keys: OwnerKeys;
  readonly change: Change;
  readonly checkpoint: LogPlace;
  flush(): Promise<void>;
}

async function coveredBy({ records, keys, change, checkpoint }: DropOptions): Promise<readonly LogHead[]> {
  const held = change.draft.heads.get(logKey(checkpoint))?.checkpoint;
  const bytes =
    held?.to === checkpoint.seq ? await records.get(keys.entry({ ...checkpoint, seq: held.from })) : undefined;
  const content = bytes === undefined ? null : parseLogEntry(bytes).content;
  if (content?.kind !== 'checkpoint') throw new BitDustError('CHECKPOINT_INVALID', 'it is not whole here');
  return content.body.upTo;
}

function isCovered(place: LogPlace, covered: ReadonlyMap<string, LogHead>): boolean {
  return place.seq <= (covered.get(logKey(place))?.seq ?? 0);
}

/** A block that was given up or erased, and of which nothing was said after the checkpoint. */
function isOver(state: BlockState, covered: ReadonlyMap<string, LogHead>): boolean {
  const standing = standingOf(state.marks);
  if (standing !== 'abandoned' && standing !== 'erased') return false;
  return (Object.values(state.marks) as readonly (readonly BlockMark[])[]).every((marks) =>
    marks.every((mark) => isCovered(mark, covered)),
  );
}

/** Removes the entries a complete checkpoint covers, and the rows it left out. Killed half-way it is simply done again. */
export async function dropEntries(options: DropOptions): Promise<{ readonly entries: number; readonly bytes: number }> {
  const { records, keys, change, flush } = options;
  const covered = new Map((await coveredBy(options)).map((head) => [logKey(head), head]));
  let entries = 0;
  let bytes = 0;
  const removed = async (key: string, value: Uint8Array, part: 'entryBytes' | 'stateBytes') => {
    change.overlay.remove(key);
    const { meta } = change.draft;
    change.draft.meta = { ...meta, [part]: meta[part] - value.length };
    bytes += value.length;
    entries += part === 'entryBytes' ? 1 : 0;
    if (entries % REMOVALS_PER_BATCH === 0) await flush();
  };
  for (const [name, head] of covered) {
    const held = change.draft.heads.get(name);
    if (held === undefined) continue;
    const range = { from: keys.entry({ ...head, seq: 0 }), before: keys.entry({ ...head, seq: head.seq + 1 }) };
    change.draft.heads.set(name, { ...held, first: Math.max(held.first, head.seq + 1) });
    for await (const [key, value] of records.range(range)) await removed(key, value, 'entryBytes');
  }
  for await (const [key, value] of records.range(under(keys.blocks))) {
    const row = decodeRow(value, { sawAt: 0 });
    if (row.on === 'block' && isOver(row.state, covered)) await removed(key, value, 'stateBytes');
  }
  return { entries, bytes };
}
