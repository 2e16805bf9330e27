import { addMark, type BlockMark, type BlockMarks, type MarkKind, NO_MARKS } from './block-marks.ts';
import { type BlockRecord, blockIdOf, decodeBlockRecord } from './block-record.ts';
import { toHex } from './hash.ts';
import type { BlockId, DeviceId, VersionId } from './ids.ts';
import type { LogEntry } from './log-entry.ts';
import { compareStamps, type LogStamp } from './log-place.ts';

/** What is public of a block: everything of its record but the seats, which belong to the `open` that named it. */
export type BlockShape = Omit<BlockRecord, 'seats'>;

/** One block as the logs have it. */
export interface BlockState {
  readonly shape: BlockShape | null;
  readonly marks: BlockMarks;
}

/** A version as the log names it; the entry is sealed for the owner. */
export interface VersionRow {
  readonly version: VersionId;
  readonly at: number;
  readonly device: DeviceId;
  readonly sealed: Uint8Array;
}

/** A version row with its place in the order of the logs. */
export interface VersionState extends LogStamp, VersionRow {}

/** One sealed change of a document. */
export interface DocumentState extends LogStamp {
  readonly name: string;
  readonly at: number;
  readonly sealed: Uint8Array;
  /** Hash of its entry: names the change. */
  readonly hash: string;
}

/** A pin, or its end when `until` is 0. */
export interface PinState extends LogStamp {
  readonly task: string;
  readonly until: number;
}

/** One change of the family, by the hash of the document. */
export interface FamilyState extends LogStamp {
  readonly version: number;
  readonly hash: string;
}

/** What new blocks of one set aim at. */
export interface GeometryState extends LogStamp {
  readonly set: Uint8Array;
  readonly k: number | null;
  readonly n: number;
}

/** One thing an entry changes. Applying the effects of all entries, in any order of the logs, gives the same state. */
export type LogEffect =
  | {
      readonly on: 'block';
      readonly block: BlockId;
      readonly kind: MarkKind;
      readonly mark: BlockMark;
      readonly record: BlockRecord | null;
    }
  | { readonly on: 'version'; readonly row: VersionState }
  | { readonly on: 'document'; readonly row: DocumentState }
  | { readonly on: 'pin'; readonly row: PinState }
  | { readonly on: 'family'; readonly row: FamilyState }
  | { readonly on: 'geometry'; readonly row: GeometryState };

function stampOf(entry: LogEntry): LogStamp {
  return { device: entry.device, log: entry.log, seq: entry.seq, seen: entry.seen };
}

/**
 * What an entry changes, without looking at what was there. `sawAt` is the holder's own clock. A block record that does
 * not decode throws `ENCODING_INVALID`. Checkpoints and kinds of later versions give nothing here.
 */
export function effectsOf(entry: LogEntry, sawAt: number): readonly LogEffect[] {
  const stamp = stampOf(entry);
  const { content, at } = entry;
  if (content === null) return [];
  switch (content.kind) {
    case 'open':
      return content.body.records.map((bytes) => {
        const record = decodeBlockRecord(bytes);
        return { on: 'block', block: blockIdOf(record), kind: 'open', mark: { ...stamp, sawAt }, record };
      });
    case 'commit':
    case 'abandon':
    case 'bury':
    case 'keep':
    case 'erased':
      return content.body.blocks.map((block) => ({
        on: 'block',
        block,
        kind: content.kind,
        mark: { ...stamp, sawAt },
        record: null,
      }));
    case 'version':
      return [{ on: 'version', row: { ...stamp, version: entry.hash, at, sealed: content.body.sealed } }];
    case 'document':
      return [{ on: 'document', row: { ...stamp, ...content.body, at, hash: entry.hash } }];
    case 'pin':
      return [{ on: 'pin', row: { ...stamp, ...content.body } }];
    case 'unpin':
      return [{ on: 'pin', row: { ...stamp, ...content.body, until: 0 } }];
    case 'family':
      return [{ on: 'family', row: { ...stamp, ...content.body } }];
    case 'geometry':
      return [{ on: 'geometry', row: { ...stamp, ...content.body } }];
    case 'checkpoint':
      return [];
  }
}

/** A block with one more mark. */
export function applyToBlock(
  state: BlockState | undefined,
  effect: Extract<LogEffect, { readonly on: 'block' }>,
): BlockState {
  const { shape, marks } = state ?? { shape: null, marks: NO_MARKS };
  if (effect.record === null) return { shape, marks: addMark(marks, effect.kind, effect.mark) };
  const { seats, ...rest } = effect.record;
  return { shape: shape ?? rest, marks: addMark(marks, 'open', { ...effect.mark, seats: [...seats] }) };
}

/** A block with all marks of another state of it; what was seen here first keeps its time. */
export function mergeBlock(state: BlockState | undefined, other: BlockState): BlockState {
  const kinds = Object.keys(NO_MARKS) as MarkKind[];
  const marks = kinds.reduce(
    (merged, kind) => other.marks[kind].reduce((sum, mark) => addMark(sum, kind, mark as never), merged),
    state?.marks ?? NO_MARKS,
  );
  return { shape: state?.shape ?? other.shape, marks };
}

/** Of two rows of one thing the later in the order of the logs. */
export function laterOf<Row extends LogStamp>(a: Row | undefined, b: Row): Row {
  return a === undefined || compareStamps(a, b) < 0 ? b : a;
}

/** The whole state of an owner's logs in memory: the reference for stores, and enough for small logs. */
export interface LogState {
  readonly blocks: ReadonlyMap<BlockId, BlockState>;
  readonly versions: ReadonlyMap<VersionId, VersionState>;
  readonly documents: ReadonlyMap<string, DocumentState>;
  readonly pins: ReadonlyMap<string, PinState>;
  readonly families: ReadonlyMap<number, FamilyState>;
  readonly geometries: ReadonlyMap<string, GeometryState>;
}

/** Nothing was said yet. */
export const EMPTY_LOG_STATE: LogState = {
  blocks: new Map(),
  versions: new Map(),
  documents: new Map(),
  pins: new Map(),
  families: new Map(),
  geometries: new Map(),
};

function put<Key, Value>(map: ReadonlyMap<Key, Value>, key: Key, value: Value): ReadonlyMap<Key, Value> {
  return new Map(map).set(key, value);
}

/** One name for the pin of one task of one device. */
export function pinKey(row: { readonly device: DeviceId; readonly task: string }): string {
  return `${row.device}/${row.task}`;
}

/** The state with one effect more. */
export function applyEffect(state: LogState, effect: LogEffect): LogState {
  switch (effect.on) {
    case 'block':
      return {
        ...state,
        blocks: put(state.blocks, effect.block, applyToBlock(state.blocks.get(effect.block), effect)),
      };
    case 'version':
      return { ...state, versions: put(state.versions, effect.row.version, effect.row) };
    case 'document':
      return { ...state, documents: put(state.documents, effect.row.hash, effect.row) };
    case 'pin': {
      const key = pinKey(effect.row);
      return { ...state, pins: put(state.pins, key, laterOf(state.pins.get(key), effect.row)) };
    }
    case 'family': {
      const { version } = effect.row;
      return { ...state, families: put(state.families, version, laterOf(state.families.get(version), effect.row)) };
    }
    case 'geometry': {
      const key = toHex(effect.row.set);
      return { ...state, geometries: put(state.geometries, key, laterOf(state.geometries.get(key), effect.row)) };
    }
  }
}

/** Reduces entries to what they say together. Entries of one log stand in their order; logs may be mixed at will. */
export function reduceLog(entries: Iterable<LogEntry>, sawAt: number, state: LogState = EMPTY_LOG_STATE): LogState {
  let reduced = state;
  for (const entry of entries) {
    for (const effect of effectsOf(entry, sawAt)) reduced = applyEffect(reduced, effect);
  }
  return reduced;
}
