import type { BlockId, DeviceId, LogId, PersonId, VersionId } from '../protocol/ids.ts';

/** The newest entry of one log of one device. `hash` is hex of the entry's statement hash. */
export interface LogHead {
  readonly device: DeviceId;
  readonly log: LogId;
  readonly seq: number;
  readonly hash: string;
}

/** What the log says of a block. `unknown` when no record names it. */
export type BlockStanding = 'unknown' | 'open' | 'committed' | 'abandoned' | 'buried' | 'erased';

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
}

export interface FamilySeat {
  readonly seat: number;
  readonly person: PersonId;
  readonly device: DeviceId;
}

export interface FamilyView {
  readonly version: number;
  readonly seats: readonly FamilySeat[];
  /** Signed document. */
  readonly bytes: Uint8Array;
  /** Hex of its SHA-256. */
  readonly hash: string;
}

/** A version as the log names it; the entry is sealed for the owner. */
export interface VersionRow {
  readonly version: VersionId;
  readonly at: number;
  readonly device: DeviceId;
  readonly sealed: Uint8Array;
}

/** One entry to append to our own log; `body` holds the fields of its kind (storage.md), without the common ones. */
export interface LogDraft {
  readonly kind: string;
  readonly body: Readonly<Record<string, unknown>>;
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
  accept(entries: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<{
    readonly applied: number;
    readonly refused: readonly { readonly code: string; readonly seq: number }[];
    readonly kinds: readonly string[];
  }>;
  block(block: BlockId): Promise<BlockRow | undefined>;
  blocks(ids: readonly BlockId[]): Promise<readonly (BlockRow | undefined)[]>;
  /** All blocks in order of id, from a cursor. */
  eachBlock(after?: BlockId): AsyncIterable<BlockRow>;
  family(): FamilyView | undefined;
  versions(): Promise<readonly VersionRow[]>;
  /** Sealed changes of one document, in the order of the merge. */
  document(
    name: string,
  ): Promise<readonly { readonly device: DeviceId; readonly at: number; readonly sealed: Uint8Array }[]>;
  /** Pins in force. */
  pins(): Promise<readonly { readonly device: DeviceId; readonly task: string; readonly until: number }[]>;
  forked(): boolean;
  /** Bytes of entries kept, for accounting. */
  bytes(): number;
}

/** Our own log: the one that is written. */
export interface OwnLog extends OrderLog {
  /** Signs, chains and stores durably, all or nothing; gives the places. */
  append(drafts: readonly LogDraft[]): Promise<readonly { readonly seq: number; readonly hash: string }[]>;
  readonly own: { readonly device: DeviceId; readonly log: LogId };
}

/** Opens logs by owner over one record store. */
export interface OrderLogs {
  own(): Promise<OwnLog>;
  of(owner: PersonId): Promise<OrderLog>;
  /** Forgets a customer's logs. */
  drop(owner: PersonId): Promise<void>;
  owners(): Promise<readonly PersonId[]>;
}
