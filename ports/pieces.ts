import type { BlockId, DeviceId, LogId, PersonId } from '../protocol/ids.ts';

/** One piece of one customer: the block and the seat it was made for. */
export interface PieceRef {
  readonly customer: PersonId;
  readonly block: BlockId;
  readonly seat: number;
}

/** The log entry under which a piece is stored. */
export interface StoreOrder {
  readonly device: DeviceId;
  readonly log: LogId;
  readonly seq: number;
}

/** A piece as it is offered: what its header will say. The caller has checked the order against the customer's log. */
export interface PieceOffer extends PieceRef {
  /** 32-byte root of the piece tree. */
  readonly root: Uint8Array;
  /** Bytes of the payload; this number counts against the quota. */
  readonly length: number;
  readonly order: StoreOrder;
}

/** A stored piece as the index has it. Times in ms since 1970 by this supplier's clock. */
export interface PieceRow extends PieceOffer {
  readonly storedAt: number;
  /** When its bytes were last proven whole; the time of storing at first. */
  readonly checkedAt: number;
  /** Set while it lies in the trash: since when, and when it may be emptied. */
  readonly trash: { readonly since: number; readonly due: number } | null;
  /** Found broken or missing; it is not served, not counted as held, and may be stored again. */
  readonly rotten: boolean;
}

/** `coming` while another upload of the same piece runs. A rotten piece and one in the trash are `not`. */
export type PieceStanding = 'have' | 'coming' | 'not';

/** The exact account of one customer. `used + trash + other + reserved` never exceeds `grant` by an act of the customer. */
export interface PieceAccount {
  readonly customer: PersonId;
  readonly grantBytes: number;
  readonly pieces: number;
  /** Payload bytes of live pieces. */
  readonly usedBytes: number;
  readonly trashBytes: number;
  /** Log and documents. */
  readonly otherBytes: number;
  /** Uploads that run now; in memory only. */
  readonly reservedBytes: number;
  /** What may still be stored. */
  readonly freeBytes: number;
}

/** Part of the order of pieces (block id, then seat): `from` inclusive, `before` exclusive, both block ids. */
export interface PieceSpan {
  readonly from?: BlockId;
  readonly before?: BlockId;
}

/** Digest of the live pieces of a span: `inventoryDigest` of `protocol/inventory.ts`. */
export interface InventoryDigest {
  readonly count: number;
  readonly bytes: number;
  readonly digest: Uint8Array;
}

/** A verified range of a piece. Everything in `content` was checked against the root before it came out. */
export interface PieceRange {
  readonly length: number;
  readonly root: Uint8Array;
  readonly firstLeaf: number;
  readonly leaves: number;
  /** The hashes of all leaves, 32 bytes each, for Merkle paths. */
  readonly leafHashes: Uint8Array;
  readonly contentBytes: number;
  /** Whole leaves, at most 256 KiB at once. Rejects with `PIECE_ROTTEN` where the bytes on the disk are wrong. */
  readonly content: AsyncIterable<Uint8Array>;
}

/** Single leaves for a proof. */
export interface PieceProof {
  readonly length: number;
  readonly root: Uint8Array;
  readonly leafHashes: Uint8Array;
  readonly leaves: readonly { readonly index: number; readonly data: Uint8Array }[];
}

/** `unavailable`: the folder is gone, unmounted or another one. `full` and `read-only` still serve reads. */
export type PieceStoreHealth = 'ready' | 'full' | 'read-only' | 'unavailable';

/** A document kept for a customer, as he signed or sealed it. */
export interface KeptDocument {
  readonly version: number;
  /** Hex, as the customer names it. */
  readonly hash: string;
  readonly bytes: Uint8Array;
}

/** Says for a piece file found without index row whether its order still stands in the customer's log. */
export type OrderStands = (header: PieceOffer) => Promise<boolean>;

/**
 * The pieces, documents and accounts a supplier keeps for his customers. Every promise that changes something resolves
 * only when the change is durable. Codes: `PIECE_UNKNOWN`, `PIECE_COMING`, `PIECE_ROTTEN`, `PIECE_ROOT_WRONG`,
 * `PIECE_LENGTH_WRONG`, `QUOTA_EXCEEDED`, `CUSTOMER_UNKNOWN`, `SPACE_PROMISED`, and the disk's; `DISK_GONE` means
 * unavailable, never "not found".
 */
export interface PieceStore {
  /** Random id of the store, in the marker file of its volume. */
  readonly storeId: string;
  readonly health: PieceStoreHealth;

  /** Creates or resizes a contract; `contract` is kept beside it in the same write. Refused with `SPACE_PROMISED` when all grants together would pass `donatedBytes`. A grant below what is used removes nothing. */
  grant(options: {
    readonly customer: PersonId;
    readonly bytes: number;
    readonly donatedBytes: number;
    readonly contract: Uint8Array;
  }): Promise<void>;
  contract(customer: PersonId): Promise<Uint8Array | undefined>;
  account(customer: PersonId): PieceAccount | undefined;
  accounts(): readonly PieceAccount[];
  totals(): {
    readonly grantedBytes: number;
    readonly usedBytes: number;
    readonly trashBytes: number;
    readonly otherBytes: number;
    readonly reservedBytes: number;
    readonly pieces: number;
  };
  /** Accounts what is kept elsewhere for the customer, by name (`log`): `bytes` takes the place of the number before. Growth over the grant is refused with `QUOTA_EXCEEDED`. */
  charge(options: { readonly customer: PersonId; readonly what: string; readonly bytes: number }): Promise<void>;
  /** Forgets a customer of whom nothing is left but documents and charges; pieces must have left the trash. */
  forget(customer: PersonId): Promise<void>;

  /** In the order of the refs; one look at the index. */
  standing(refs: readonly PieceRef[]): Promise<readonly PieceStanding[]>;
  row(ref: PieceRef): Promise<PieceRow | undefined>;
  /**
   * Stores a piece. `have` without reading a byte when it is there; `PIECE_COMING` and `QUOTA_EXCEEDED` before the first
   * byte. In the trash already: taken back out, `have`. Ends with the signal's reason when aborted, and everything is refunded.
   */
  store(
    offer: PieceOffer,
    content: AsyncIterable<Uint8Array>,
    options?: { readonly signal?: AbortSignal },
  ): Promise<'stored' | 'have'>;

  /** Whole leaves, the last one short. Pieces in the trash and broken ones are `PIECE_UNKNOWN` and `PIECE_ROTTEN`. */
  read(ref: PieceRef, range?: { readonly leaf: number; readonly leaves: number }): Promise<PieceRange>;
  prove(ref: PieceRef, leaves: readonly number[]): Promise<PieceProof>;

  /** Digest of the live, whole pieces of a customer. */
  digest(customer: PersonId, span?: PieceSpan): Promise<InventoryDigest>;
  /** The span cut into at most `parts` of about equal count, each with its digest. */
  split(
    customer: PersonId,
    options: { readonly span?: PieceSpan; readonly parts: number },
  ): Promise<readonly (InventoryDigest & { readonly span: PieceSpan })[]>;
  /** All rows of a customer in order, trash and broken ones too. */
  each(customer: PersonId, span?: PieceSpan): AsyncIterable<PieceRow>;

  /** Into the trash, each with its own due time. Gives those that were there. */
  discard(refs: readonly (PieceRef & { readonly due: number })[]): Promise<readonly PieceRef[]>;
  /** Back out of the trash. Gives those that were in it and are whole as far as is known. */
  bringBack(refs: readonly PieceRef[]): Promise<readonly PieceRef[]>;
  /**
   * Erases from the trash, oldest first: what is due by `dueBefore`, or what came in by `sinceBefore`; at most
   * `bytesMax`. `mayErase` is asked for each piece with its own row read again.
   */
  emptyTrash(options: {
    readonly dueBefore?: number;
    readonly sinceBefore?: number;
    readonly bytesMax: number;
    readonly mayErase?: (row: PieceRow) => Promise<boolean>;
  }): Promise<{ readonly pieces: number; readonly freedBytes: number; readonly done: boolean }>;

  /** Re-hashes the next pieces after the cursor, about `bytes` of them; broken and missing ones are marked before it returns. */
  verifyNext(options: {
    readonly cursor: string | null;
    readonly bytes: number;
    readonly signal?: AbortSignal;
  }): Promise<{
    readonly cursor: string | null;
    readonly checked: number;
    readonly checkedBytes: number;
    readonly rotten: readonly PieceRef[];
    readonly done: boolean;
  }>;
  /** Compacts segments that are half dead; gives the bytes freed. */
  compact(): Promise<number>;

  document(customer: PersonId, name: string): Promise<KeptDocument | undefined>;
  /** Keeps a newer version. An equal or older one answers `old` and changes nothing. */
  keepDocument(customer: PersonId, name: string, document: KeptDocument): Promise<'kept' | 'old'>;

  /** Looks at the marker and the free space now. */
  probe(): Promise<PieceStoreHealth>;
  close(): Promise<void>;
}
