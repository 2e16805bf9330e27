import type { BlockIntent, Fingerprint, StoredCopy } from '../../ports/pipeline.ts';
import type { RecordOperation, RecordRange, Records } from '../../ports/records.ts';
import type { LocatedChunk } from '../../protocol/chunk-copy.ts';
import { sha256, textBytes, toHex } from '../../protocol/hash.ts';
import type { BlockId, VersionId } from '../../protocol/ids.ts';
import { decodeLocal, encodeLocal } from '../../protocol/local-codec.ts';

/** A backup under way, as it survives a kill. */
export interface TaskRow {
  readonly task: string;
  readonly set: string;
  /** Absolute paths in bytes. */
  readonly paths: readonly Uint8Array[];
  readonly startedAt: number;
  /** 16 random bytes in hex that all its blocks are opened under. */
  readonly upload: string;
  /** Entered as thin already, with this tree. */
  readonly version: VersionId | null;
  readonly tree: string | null;
}

/** A block on its way, with what makes it again. */
export interface IntentRow {
  readonly task: string;
  readonly seats: readonly number[];
  readonly intent: BlockIntent;
}

export type FileChange = 'new' | 'changed' | 'unchanged';

/** What a file was when it was read last, and what it became. */
export interface SeenFile extends Fingerprint {
  readonly chunks: readonly Uint8Array[];
  readonly lengths: readonly number[];
  readonly holes: readonly (readonly [number, number])[];
  /** Written to so shortly before it was read that its times cannot be trusted. */
  readonly isFresh: boolean;
  /** The task that read it, and what it counted it as, so that a resumed task counts the same. */
  readonly task: string;
  readonly change: FileChange;
}

/** What the chapter writes down before it acts. */
export interface Journal {
  tasks(): Promise<readonly TaskRow[]>;
  putTask(row: TaskRow): Promise<void>;
  removeTask(task: string): Promise<void>;
  /** Durable together: the intent, and the copies no index object names yet. */
  putIntent(row: IntentRow, copies: readonly StoredCopy[]): Promise<void>;
  intent(block: BlockId): Promise<IntentRow | undefined>;
  /** Of the tasks chosen by name; footers, keys and small sources of all at once, so few. */
  intentsOf(chosen: (task: string) => boolean): Promise<readonly IntentRow[]>;
  removeIntent(block: BlockId): Promise<void>;
  /** Copies by block that no index object names yet. */
  unindexed(): Promise<ReadonlyMap<BlockId, readonly LocatedChunk[]>>;
  removeUnindexed(blocks: readonly BlockId[]): Promise<void>;
  seen(set: string, paths: readonly Uint8Array[]): Promise<readonly (SeenFile | undefined)[]>;
  putSeen(set: string, rows: readonly { readonly path: Uint8Array; readonly seen: SeenFile }[]): Promise<void>;
}

/** 128 bits of a hash name a path; two of one owner do not meet. */
const SEEN_KEY_DIGITS = 32;

/** Both lie in one part, to be written in one batch. */
const INTENT = 'i/';
const AFTER_INTENTS = 'j';
const UNINDEXED = 'u/';

function seenKey(set: string, path: Uint8Array): string {
  return toHex(sha256(textBytes(set), new Uint8Array(1), path)).slice(0, SEEN_KEY_DIGITS);
}

async function all<Row>(rows: AsyncIterable<Row>): Promise<readonly Row[]> {
  const list: Row[] = [];
  for await (const row of rows) list.push(row);
  return list;
}

/** Opens the journal over a part of the record store. */
export function createJournal(records: Records): Journal {
  const tasks = records.part('tasks');
  const blocks = records.part('blocks');
  const seen = records.part('seen');

  async function* rowsOf<Row>(part: Records, range: RecordRange): AsyncIterable<Row> {
    for await (const [, value] of part.range(range)) yield decodeLocal<Row>(value);
  }

  return {
    tasks: () => all(rowsOf<TaskRow>(tasks, {})),
    putTask: (row) => tasks.batch([{ put: row.task, value: encodeLocal(row) }], { durable: true }),
    removeTask: (task) => tasks.batch([{ remove: task }], { durable: true }),
    async putIntent(row, copies) {
      const { block } = row.intent;
      const rows = copies
        .filter(({ kind }) => kind !== 'index')
        .map(({ chunk, kind: _, ...copy }) => ({ chunk, copy }) satisfies LocatedChunk);
      const operations: RecordOperation[] = [
        { put: `${INTENT}${block}`, value: encodeLocal(row) },
        { put: `${UNINDEXED}${block}`, value: encodeLocal(rows) },
      ];
      await blocks.batch(operations, { durable: true });
    },
    async intent(block) {
      const value = await blocks.get(`${INTENT}${block}`);
      return value && decodeLocal<IntentRow>(value);
    },
    intentsOf: async (chosen) => {
      const rows = await all(rowsOf<IntentRow>(blocks, { from: INTENT, before: AFTER_INTENTS }));
      return rows.filter((row) => chosen(row.task));
    },
    removeIntent: (block) => blocks.batch([{ remove: `${INTENT}${block}` }], { durable: false }),
    async unindexed() {
      const found = new Map<BlockId, readonly LocatedChunk[]>();
      for await (const [key, value] of blocks.range({ from: UNINDEXED })) {
        found.set(key.slice(UNINDEXED.length), decodeLocal<LocatedChunk[]>(value));
      }
      return found;
    },
    removeUnindexed: (ids) =>
      blocks.batch(
        ids.map((block) => ({ remove: `${UNINDEXED}${block}` })),
        { durable: true },
      ),
    async seen(set, paths) {
      const values = await seen.getMany(paths.map((path) => seenKey(set, path)));
      return values.map((value) => value && decodeLocal<SeenFile>(value));
    },
    putSeen: (set, rows) =>
      seen.batch(
        rows.map((row) => ({ put: seenKey(set, row.path), value: encodeLocal(row.seen) })),
        { durable: false },
      ),
  };
}
