import { join } from 'node:path';
import type { Disk } from '../../ports/disk.ts';
import type { RecordEngine, RecordStore } from '../../ports/records.ts';
import { BitDustError, isBitDustError } from '../../protocol/errors.ts';
import { keepBallast } from './ballast.ts';
import { type Level, openLevelStore } from './level.ts';
import { levelError } from './level-errors.ts';
import { openLeveldb } from './leveldb.ts';
import { loadRocksdb } from './rocksdb.ts';

const BALLAST_BYTES = 64 * 1024 * 1024;

export interface RecordEngineOptions {
  /** The engine of this machine when left out: RocksDB where its binding loads, else LevelDB. */
  readonly engine?: 'rocksdb' | 'leveldb';
  /** 64 MiB when left out; 0 keeps none. */
  readonly ballastBytes?: number;
}

/**
 * Databases in folders of this machine's disk. A folder written by another engine answers `STORE_ENGINE_DIFFERS`;
 * the caller destroys it and builds it again.
 */
export function createRecordEngine(disk: Disk, options: RecordEngineOptions = {}): RecordEngine {
  const rocksdb = options.engine === 'leveldb' ? undefined : loadRocksdb();
  if (options.engine === 'rocksdb' && !rocksdb) throw new BitDustError('INTERNAL', 'RocksDB has no build here.');
  const engine = rocksdb ? 'rocksdb' : 'leveldb';
  const openLevel = rocksdb ?? openLeveldb;
  const bytes = options.ballastBytes ?? BALLAST_BYTES;
  return {
    open: (folder) => openFolder({ disk, folder, engine, bytes, openLevel }),
    destroy: (folder) => disk.removeTree(folder),
  };
}

async function openFolder(options: {
  readonly disk: Disk;
  readonly folder: string;
  readonly engine: 'rocksdb' | 'leveldb';
  readonly bytes: number;
  readonly openLevel: (location: string) => Promise<Level>;
}): Promise<RecordStore> {
  const { disk, folder, engine } = options;
  await disk.makeFolder(folder);
  await checkMarker(disk, folder, engine);
  const open = async () => {
    try {
      return await options.openLevel(join(folder, 'db'));
    } catch (cause) {
      throw levelError(cause, folder);
    }
  };
  const level = await open();
  const ballast = keepBallast({ disk, folder, bytes: options.bytes });
  return openLevelStore({ engine, folder, level, reopen: open, ballast });
}

async function checkMarker(disk: Disk, folder: string, engine: string): Promise<void> {
  const path = join(folder, 'engine');
  const written = await readText(disk, path);
  if (written === undefined) return disk.replaceFile(path, new TextEncoder().encode(`${engine}\n`));
  if (written !== engine) {
    throw new BitDustError('STORE_ENGINE_DIFFERS', undefined, { details: { folder, written, engine } });
  }
}

async function readText(disk: Disk, path: string): Promise<string | undefined> {
  try {
    return new TextDecoder().decode(await disk.readFile(path)).trim();
  } catch (cause) {
    if (isBitDustError(cause, 'FILE_NOT_FOUND')) return undefined;
    throw cause;
  }
}
