import type { BlockStanding } from '../protocol/block-marks.ts';
import type { FamilySeat } from '../protocol/family.ts';
import type { BlockId, DeviceId, LogId, PersonId } from '../protocol/ids.ts';
import type { LogBodies } from '../protocol/log-content.ts';
import type { LogHead, LogPlace } from '../protocol/log-place.ts';
import type { VersionRow } from '../protocol/log-state.ts';

export type { BlockStanding } from '../protocol/block-marks.ts';
export type { FamilySeat } from '../protocol/family.ts';
export type { LogHead, LogPlace } from '../protocol/log-place.ts';
export type { VersionRow } from '../protocol/log-state.ts';

/** One block as the logs together have it. */
export interface BlockRow {
  readonly block: BlockId;
  readonly k: number;
  readonly n: number;
  /** Bytes of the block; a piece is `pieceLength(size, k)`. */
  readonly size: number;
  /** Seat number of each piece, by index of the piece. */
  readonly seats: readonly number[];
  /** Root of each piece, n x 32 bytes. */
  readonly roots: Uint8Array;
  readonly standing: BlockStanding;
  /** The order a holder stores under: the `open` entry. */
  readonly order: { readonly device: DeviceId; readonly log: LogId; readonly seq: number };
  /** When this holder saw the burial, by his own clock; null when not buried. */
  readonly buriedAt: number | null;
  /** Entries that order its removal and stand: burials or `abandon`. A `Delete` quotes one of them. */
  readonly removedBy: readonly LogPlace[];
}

export interface FamilyView {
  readonly version: number;
  readonly seats: readonly FamilySeat[];
  /** Signed document. */
  readonly bytes: Uint8Array;
  /** Hex of its SHA-256. */
  readonly hash: string;
}

/** One entry to append to our own log; `body` holds the fields of its kind (storage.md), without the common ones. */
export type LogDraft = {
  [K in Exclude<keyof LogBodies, 'checkpoint'>]: { readonly kind: K; readonly body: LogBodies[K] };
}[Exclude<keyof LogBodies, 'checkpoint'>];

/** What became of entries that came in. Refused ones and those behind them in the same log changed nothing. */
export interface Accepted {
  readonly applied: number;
  readonly refused: readonly { readonly code: string; readonly seq: number }[];
  /** Kinds among the applied, each once. */
  readonly kinds: readonly string[];
}

/** A sealed change of a document. */
export interface DocumentChange {
  readonly device: DeviceId;
  readonly at: number;
  readonly sealed: Uint8Array;
  /** Hash of its entry, hex: names the change. */
  readonly hash: string;
}

/** The verified order logs of one owner: of ourselves, or of a customer. Entries are durable before a call returns. */
export interface OrderLog {
  readonly owner: PersonId;
  heads(): readonly LogHead[];
  /** Signed entries of one log, `from` to `to` inclusive, as received. */
  entries(range: {
    readonly device: DeviceId;
    readonly log: LogId;
    readonly from: number;
    readonly to: number;
  }): AsyncIterable<Uint8Array>;
  /** Checks and stores entries in order; refused ones change nothing. Two entries of one place are a fork (`LOG_FORKED`) and freeze removal. */
  accept(entries: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<Accepted>;
  block(block: BlockId): Promise<BlockRow | undefined>;
  blocks(ids: readonly BlockId[]): Promise<readonly (BlockRow | undefined)[]>;
  /** All blocks in order of id, from a cursor. */
  eachBlock(after?: BlockId): AsyncIterable<BlockRow>;
  /** The newest valid family document. */
  family(): FamilyView | undefined;
  /** Verifies and keeps a newer document, durably. `old` and `known` change nothing; rejects with `FAMILY_INVALID` or `FAMILY_FORKED`. */
  putFamily(bytes: Uint8Array): Promise<'newer' | 'known' | 'old'>;
  /** A kept document by its version. */
  familyAt(version: number): Promise<FamilyView | undefined>;
  versions(): Promise<readonly VersionRow[]>;
  /** Sealed changes of one document, in the order of the merge. */
  document(name: string): Promise<readonly DocumentChange[]>;
  /** Pins in force. */
  pins(): Promise<readonly { readonly device: DeviceId; readonly task: string; readonly until: number }[]>;
  forked(): boolean;
  /** Geometry that new blocks of each set aim at; `set` is its opaque name. */
  geometries(): Promise<readonly { readonly set: Uint8Array; readonly k: number | null; readonly n: number }[]>;
  /** Entries, state and family documents kept, for accounting. */
  bytes(): number;
  /** Entries alone. */
  entryBytes(): number;
  /** The newest complete checkpoint of each log, when this holder saw it, and whether the entries before it are gone. */
  checkpoints(): readonly (LogPlace & { readonly from: number; readonly sawAt: number; readonly dropped: boolean })[];
  /** Drops the entries a complete checkpoint took the place of. Their state stays. */
  dropBefore(checkpoint: LogPlace): Promise<{ readonly entries: number; readonly bytes: number }>;
}

/** Our own log: the one that is written. */
export interface OwnLog extends OrderLog {
  /** Signs, chains and stores durably, all or nothing; gives the places. */
  append(drafts: readonly LogDraft[]): Promise<readonly { readonly seq: number; readonly hash: string }[]>;
  /** Changes when our log turned out to be ahead of this disk: then a new log was begun. */
  readonly own: { readonly device: DeviceId; readonly log: LogId };
  /** Writes the state as checkpoint entries; `without` names document changes that no longer matter. Gives the first and last seq. */
  writeCheckpoint(options: {
    readonly without: ReadonlySet<string>;
  }): Promise<{ readonly from: number; readonly to: number }>;
  /** Bytes a checkpoint written now would carry. */
  liveBytes(options: { readonly without: ReadonlySet<string> }): Promise<number>;
  /** The user decided which branch holds: ours. Removal goes on. */
  settleFork(): Promise<void>;
  /** Versions of the family in force at a place of our log: the newest named at or before it. */
  familyVersionAt(seq: number): Promise<number | undefined>;
}

/** Opens logs by owner over one record store. */
export interface OrderLogs {
  own(): Promise<OwnLog>;
  of(owner: PersonId): Promise<OrderLog>;
  /** Forgets a customer's logs. */
  drop(owner: PersonId): Promise<void>;
  owners(): Promise<readonly PersonId[]>;
}
