import { createRequire } from 'node:module';
import type { Level, LevelIterator, LevelRange } from './level.ts';

/** What is used of the binding, which has no types of its own. */
interface RocksLevel {
  open(): Promise<void>;
  close(): Promise<void>;
  getMany(keys: string[]): Promise<readonly (Uint8Array | undefined)[]>;
  iterator(options: LevelRange): LevelIterator;
  batch(): RocksBatch;
}

interface RocksBatch {
  put(key: string, value: Uint8Array): unknown;
  del(key: string): unknown;
  clear(): unknown;
  /** Writes without using the batch up. */
  _writeSync(options: { readonly sync: boolean }): void;
}

const MIB = 1024 * 1024;

const OPTIONS = {
  keyEncoding: 'utf8',
  valueEncoding: 'buffer',
  createIfMissing: true,
  compaction: 'level',
  // The binding makes each write buffer a quarter of this.
  memtableMemoryBudget: 4 * 8 * MIB,
  cacheSize: 32 * MIB,
  cacheIndexAndFilterBlocks: true,
  parallelism: 2,
};

/** The RocksDB binding, or undefined where it has no build. */
export function loadRocksdb(): ((location: string) => Promise<Level>) | undefined {
  try {
    const { RocksLevel } = createRequire(import.meta.url)('@nxtedition/rocksdb') as {
      RocksLevel: new (location: string, options: Record<string, unknown>) => RocksLevel;
    };
    return async (location) => {
      const level = new RocksLevel(location, OPTIONS);
      await level.open();
      return levelOver(level);
    };
  } catch {
    return undefined;
  }
}

/**
 * One native batch serves all writes: each new one keeps its memory until the collector finds it, which it is not told
 * of; a million rows cost 200 MiB and twice the time that way.
 */
function levelOver(level: RocksLevel): Level {
  const batch = level.batch();
  return {
    getMany: (keys) => level.getMany(keys),
    batch: async (operations, options) => {
      try {
        for (const operation of operations) {
          if (operation.type === 'put') batch.put(operation.key, operation.value);
          else batch.del(operation.key);
        }
        batch._writeSync(options);
      } finally {
        batch.clear();
      }
    },
    iterator: (options) => level.iterator(options),
    close: () => level.close(),
  };
}
