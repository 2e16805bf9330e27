export type RecordOperation = { readonly put: string; readonly value: Uint8Array } | { readonly remove: string };

export interface RecordRange {
  readonly from?: string;
  /** Exclusive. */
  readonly before?: string;
  readonly limit?: number;
  readonly reverse?: boolean;
}

/** One ordered key-value store (RocksDB, LevelDB or memory). Keys are text, ordered by their UTF-8 bytes; values are bytes. */
export interface Records {
  get(key: string): Promise<Uint8Array | undefined>;
  /** One call to the engine, answers in the order of the keys. */
  getMany(keys: readonly string[]): Promise<readonly (Uint8Array | undefined)[]>;
  /** All or nothing. With `durable` it has reached the disk on return. */
  batch(operations: readonly RecordOperation[], options: { readonly durable: boolean }): Promise<void>;
  /** A consistent view of the moment of the call. */
  range(range: RecordRange): AsyncIterable<readonly [string, Uint8Array]>;
  /** The same store under a prefix, so that subsystems do not meet. Names: `a-z` and `-`. */
  part(name: string): Records;
}

/** An opened database. */
export interface RecordStore {
  readonly engine: 'rocksdb' | 'leveldb' | 'memory';
  readonly records: Records;
  close(): Promise<void>;
}

/** Opens databases by folder. Rejects with `STORE_CORRUPT`, `STORE_LOCKED` or the disk's errors. */
export interface RecordEngine {
  open(folder: string): Promise<RecordStore>;
  /** Deletes the database so that it can be built again. */
  destroy(folder: string): Promise<void>;
}
