import { BitDustError } from '../../protocol/errors.ts';
import type { LogEntry } from '../../protocol/log-entry.ts';
import { logKey } from '../../protocol/log-place.ts';
import { decodeRow, encodeRow, type StateRow } from '../../protocol/log-rows.ts';
import { applyToBlock, effectsOf, type LogEffect, laterOf, mergeBlock } from '../../protocol/log-state.ts';
import type { OwnerKeys } from './keys.ts';
import type { HeldLog, LogMemory } from './log-memory.ts';
import type { Overlay } from './overlay.ts';

/** What an entry changes: effects of its own, or the rows of a checkpoint. */
export type EntryChanges =
  | { readonly from: 'effects'; readonly effects: readonly LogEffect[] }
  | { readonly from: 'rows'; readonly rows: readonly StateRow[] };

/** Reads what an entry changes before anything is touched. Throws `ENCODING_INVALID` or `BLOCK_RECORD_INVALID`. */
export function changesOf(entry: LogEntry, sawAt: number): EntryChanges {
  if (entry.content?.kind === 'checkpoint') {
    return { from: 'rows', rows: entry.content.body.rows.map((row) => decodeRow(row, { sawAt })) };
  }
  return { from: 'effects', effects: effectsOf(entry, sawAt) };
}

function rowOf(effect: LogEffect): StateRow {
  if (effect.on !== 'block') return effect;
  return { on: 'block', block: effect.block, state: applyToBlock(undefined, effect) };
}

function mergeRow(held: StateRow | undefined, row: StateRow, effect: LogEffect | null): StateRow {
  if (held === undefined || held.on !== row.on) return row;
  if (held.on === 'block' && row.on === 'block') {
    const state = effect?.on === 'block' ? applyToBlock(held.state, effect) : mergeBlock(held.state, row.state);
    return { ...row, state };
  }
  if (held.on === 'pin' && row.on === 'pin') return { on: 'pin', row: laterOf(held.row, row.row) };
  if (held.on === 'geometry' && row.on === 'geometry') return { on: 'geometry', row: laterOf(held.row, row.row) };
  if (held.on === 'family' && row.on === 'family') return { on: 'family', row: laterOf(held.row, row.row) };
  return row;
}

/** Applies the changes to the rows; they are seen in the overlay at once. */
export async function applyChanges(options: {
  readonly overlay: Overlay;
  readonly keys: OwnerKeys;
  readonly memory: LogMemory;
  readonly changes: EntryChanges;
}): Promise<void> {
  const { overlay, keys, memory, changes } = options;
  const steps =
    changes.from === 'rows'
      ? changes.rows.map((row) => ({ row, effect: null }))
      : changes.effects.map((effect) => ({ row: rowOf(effect), effect }));
  await overlay.load(steps.map(({ row }) => keys.row(row)));
  let { stateBytes } = memory.meta;
  for (const { row, effect } of steps) {
    const key = keys.row(row);
    const before = await overlay.get(key);
    const held = before === undefined ? undefined : decodeRow(before, { sawAt: 0 });
    const merged = mergeRow(held, row, effect);
    const encoded = encodeRow(merged, { times: true });
    overlay.put(key, encoded);
    stateBytes += encoded.length - (before?.length ?? 0);
    if (merged.on === 'family') memory.families.set(merged.row.version, merged.row);
  }
  memory.meta = { ...memory.meta, stateBytes };
}

function checkpointProgress(
  held: HeldLog | undefined,
  entry: LogEntry,
  now: number,
): Pick<HeldLog, 'checkpoint' | 'coming'> {
  const checkpoint = held?.checkpoint ?? null;
  if (entry.content?.kind !== 'checkpoint') return { checkpoint, coming: null };
  const { part, parts } = entry.content.body;
  const coming = part === 0 ? { from: entry.seq, parts } : (held?.coming ?? null);
  if (coming === null || coming.parts !== parts || entry.seq !== coming.from + part)
    return { checkpoint, coming: null };
  if (part < parts - 1) return { checkpoint, coming };
  return { checkpoint: { from: coming.from, to: entry.seq, sawAt: now }, coming: null };
}

/** The log with this entry as its head. After a jump the entries before it are not held. */
export function advanceHead(options: {
  readonly memory: LogMemory;
  readonly entry: LogEntry;
  readonly jumped: boolean;
  readonly now: number;
}): void {
  const { memory, entry, jumped, now } = options;
  const key = logKey(entry);
  const held = memory.heads.get(key);
  const { device, log, seq, hash } = entry;
  const first = jumped || held === undefined ? seq : held.first;
  memory.heads.set(key, { device, log, seq, hash, first, ...checkpointProgress(held, entry, now) });
  memory.meta = { ...memory.meta, entryBytes: memory.meta.entryBytes + entry.bytes.length };
}

/** A complete checkpoint names the heads of other logs it covers: those we lag behind of are taken over, their state came with it. */
export function adoptCovered(memory: LogMemory, entry: LogEntry): void {
  if (entry.content?.kind !== 'checkpoint') return;
  const { checkpoint } = memory.heads.get(logKey(entry)) ?? { checkpoint: null };
  if (checkpoint?.to !== entry.seq) return;
  for (const head of entry.content.body.upTo) {
    const held = memory.heads.get(logKey(head));
    if (logKey(head) === logKey(entry) || (held?.seq ?? 0) >= head.seq) continue;
    const { checkpoint: own = null } = held ?? {};
    memory.heads.set(logKey(head), { ...head, first: head.seq + 1, checkpoint: own, coming: null });
  }
}

/** Refuses a log beyond the limit of logs. */
export function checkLogCount(memory: LogMemory, entry: LogEntry, logsMax: number): void {
  if (!memory.heads.has(logKey(entry)) && memory.heads.size >= logsMax) throw new BitDustError('LOG_LIMIT');
}
