import type { RecordOperation, RecordStore } from '../../ports/records.ts';
import { BitDustError, isBitDustError } from '../../protocol/errors.ts';
import { levelError } from './level-errors.ts';
import { recordsOver } from './parts.ts';

/** What is used of an `abstract-level` database, whatever its version. */
export interface Level {
  getMany(keys: string[]): Promise<readonly (Uint8Array | undefined)[]>;
  batch(
    operations: readonly ({ type: 'put'; key: string; value: Uint8Array } | { type: 'del'; key: string })[],
    options: { readonly sync: boolean },
  ): Promise<void>;
  iterator(options: LevelRange): LevelIterator;
  close(): Promise<void>;
}

export interface LevelRange {
  readonly gte: string;
  readonly lt?: string;
  readonly limit: number;
  readonly reverse: boolean;
}

export interface LevelIterator {
  nextv(count: number): Promise<readonly (readonly [string, Uint8Array])[]>;
  close(): Promise<void>;
}

/** Space that is given up so that a full disk can still take removals. */
export interface Ballast {
  /** True when there was some to give. */
  drop(): Promise<boolean>;
  /** Takes it back when the disk has room again. */
  restore(): Promise<void>;
  stop(): Promise<void>;
}

interface Waiting {
  readonly operations: readonly RecordOperation[];
  readonly durable: boolean;
  readonly resolve: () => void;
  readonly reject: (cause: unknown) => void;
}

const ROWS_AT_ONCE = 500;
const MERGED_OPERATIONS_MAX = 4096;
const BATCHES_BETWEEN_RESTORES = 256;

/** The store over an open database; `reopen` opens it again after an error in the background. */
export function openLevelStore(options: {
  readonly engine: 'rocksdb' | 'leveldb';
  readonly folder: string;
  readonly level: Level;
  readonly reopen: () => Promise<Level>;
  readonly ballast: Ballast;
}): RecordStore {
  const store = new LevelStore(options);
  return {
    engine: options.engine,
    records: recordsOver({
      getMany: (keys) => store.getMany(keys),
      batch: (operations, { durable }) => store.batch(operations, durable),
      range: (bounds) =>
        store.range({
          gte: bounds.from,
          ...(bounds.before === undefined ? {} : { lt: bounds.before }),
          limit: Number.isFinite(bounds.limit) ? bounds.limit : -1,
          reverse: bounds.reverse,
        }),
    }),
    close: () => store.close(),
  };
}

class LevelStore {
  readonly #options: Parameters<typeof openLevelStore>[0];
  #level: Level | undefined;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;
  #reopening: Promise<void> | undefined;
  #closed = false;
  #ballastGone = false;
  #batches = 0;

  constructor(options: Parameters<typeof openLevelStore>[0]) {
    this.#options = options;
    this.#level = options.level;
  }

  async getMany(keys: readonly string[]): Promise<readonly (Uint8Array | undefined)[]> {
    const level = await this.#ready();
    try {
      return (await level.getMany([...keys])).map((value) => value && plain(value));
    } catch (cause) {
      throw this.#error(cause);
    }
  }

  batch(operations: readonly RecordOperation[], durable: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(this.#closedError());
      this.#waiting.push({ operations, durable, resolve, reject });
      this.#writing ??= this.#write().finally(() => {
        this.#writing = undefined;
      });
    });
  }

  range(range: LevelRange): AsyncIterable<readonly [string, Uint8Array]> {
    const early = this.#level && !this.#closed ? this.#level.iterator(range) : undefined;
    return this.#rows(early, range);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#writing;
    await this.#reopening;
    await this.#options.ballast.stop();
    const level = this.#level;
    this.#level = undefined;
    await level?.close();
  }

  async *#rows(early: LevelIterator | undefined, range: LevelRange): AsyncGenerator<readonly [string, Uint8Array]> {
    const iterator = early ?? (await this.#ready()).iterator(range);
    try {
      for (;;) {
        const rows = await iterator.nextv(ROWS_AT_ONCE);
        if (rows.length === 0) return;
        for (const [key, value] of rows) yield [key, plain(value)];
      }
    } catch (cause) {
      throw this.#error(cause);
    } finally {
      await iterator.close();
    }
  }

  /** Everything that waits goes down in one write with one sync: neither engine gathers callers by itself. */
  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      await new Promise(setImmediate);
      const group = this.#takeGroup();
      try {
        await this.#commit(group);
        for (const { resolve } of group) resolve();
      } catch (cause) {
        for (const { reject } of group) reject(cause);
      }
    }
  }

  #takeGroup(): readonly Waiting[] {
    let operations = 0;
    let count = 0;
    for (const waiting of this.#waiting) {
      operations += waiting.operations.length;
      if (count > 0 && operations > MERGED_OPERATIONS_MAX) break;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  /** A refused write may have left the engine read-only, so it is opened again and the write tried once more. */
  async #commit(group: readonly Waiting[]): Promise<void> {
    try {
      await this.#put(group);
    } catch (first) {
      const error = this.#error(first);
      if (isBitDustError(error, 'STORE_CORRUPT')) throw error;
      if (isBitDustError(error, 'DISK_FULL'))
        this.#ballastGone = (await this.#options.ballast.drop()) || this.#ballastGone;
      await this.#reopen();
      try {
        await this.#put(group);
      } catch (second) {
        throw this.#error(second);
      }
    }
    this.#batches += 1;
    if (this.#ballastGone && this.#batches % BATCHES_BETWEEN_RESTORES === 0) await this.#options.ballast.restore();
  }

  async #put(group: readonly Waiting[]): Promise<void> {
    const level = await this.#ready({ closing: true });
    const operations = group.flatMap((waiting) => waiting.operations.map(levelOperation));
    await level.batch(operations, { sync: group.some((waiting) => waiting.durable) });
  }

  async #reopen(): Promise<void> {
    const level = this.#level;
    this.#level = undefined;
    this.#reopening = (async () => {
      await level?.close().catch(() => undefined);
      this.#level = await this.#options.reopen();
    })();
    try {
      await this.#reopening;
    } finally {
      this.#reopening = undefined;
    }
  }

  async #ready({ closing = false } = {}): Promise<Level> {
    if (this.#closed && !closing) throw this.#closedError();
    await this.#reopening;
    // A failed reopening is tried again by whoever comes next.
    if (!this.#level) await this.#reopen();
    if (!this.#level) throw this.#closedError();
    return this.#level;
  }

  #error(cause: unknown): BitDustError {
    return levelError(cause, this.#options.folder);
  }

  #closedError(): BitDustError {
    return new BitDustError('STORE_CLOSED', undefined, { details: { folder: this.#options.folder } });
  }
}

function levelOperation(operation: RecordOperation) {
  return 'put' in operation
    ? ({ type: 'put', key: operation.put, value: operation.value } as const)
    : ({ type: 'del', key: operation.remove } as const);
}

function plain(value: Uint8Array): Uint8Array {
  return new Uint8Array(value.buffer, value.byteOffset, value.byteLength) as Uint8Array;
}
