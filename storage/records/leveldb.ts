import { ClassicLevel } from 'classic-level';
import type { Level } from './level.ts';

const MIB = 1024 * 1024;

/** Opens a LevelDB database, which has a build for every machine. */
export async function openLeveldb(location: string): Promise<Level> {
  const level = new ClassicLevel<string, Uint8Array>(location, {
    keyEncoding: 'utf8',
    valueEncoding: 'buffer',
    createIfMissing: true,
    writeBufferSize: 8 * MIB,
    cacheSize: 32 * MIB,
  });
  await level.open();
  return {
    getMany: (keys) => level.getMany(keys),
    batch: (operations, options) => level.batch([...operations], options),
    iterator: (options) => level.iterator(options),
    close: () => level.close(),
  };
}
