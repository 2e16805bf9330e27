import { createRequire } from 'node:module';
import type { Level } from './level.ts';

interface RocksLevelClass {
  new (location: string, options: Record<string, unknown>): Level & { open(): Promise<void> };
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
    const { RocksLevel } = createRequire(import.meta.url)('@nxtedition/rocksdb') as { RocksLevel: RocksLevelClass };
    return async (location) => {
      const level = new RocksLevel(location, OPTIONS);
      await level.open();
      return level;
    };
  } catch {
    return undefined;
  }
}
