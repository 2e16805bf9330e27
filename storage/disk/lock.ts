import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { BitDustError } from '../../protocol/errors.ts';
import { onDisk } from './errors.ts';

const SQLITE_BUSY = 5;

/**
 * Takes a home for this process. SQLite's lock on an empty file is the one lock of the operating system that Node
 * offers: the kernel lets go of it when the process ends in whatever way, so there is no stale lock to judge.
 */
export async function lockHome(home: string): Promise<{ release(): Promise<void> }> {
  return onDisk(home, async () => {
    await mkdir(home, { recursive: true, mode: 0o700 });
    const holder = join(home, 'lock.pid');
    const database = new DatabaseSync(join(home, 'lock'), { timeout: 0 });
    try {
      database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    } catch (cause) {
      database.close();
      if (!isBusy(cause)) throw cause;
      throw new BitDustError('HOME_LOCKED', undefined, { cause, details: { pid: await pidIn(holder) } });
    }
    await writeFile(holder, `${process.pid}\n`, { mode: 0o600 });
    return { release: async () => database.close() };
  });
}

function isBusy(cause: unknown): boolean {
  return cause instanceof Error && 'errcode' in cause && Number(cause.errcode) % 256 === SQLITE_BUSY;
}

async function pidIn(path: string): Promise<number | null> {
  const pid = Number.parseInt(await readFile(path, 'utf8').catch(() => ''), 10);
  return Number.isSafeInteger(pid) ? pid : null;
}
