import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { endedChildrenCpuSeconds } from './processes.ts';

/** What one run took. */
export interface Taken {
  readonly ms: number;
  readonly cpuSeconds: number;
}

/** `restic` with a repository of its own on the local disk. */
export interface Restic {
  backup(folder: string): Promise<Taken>;
  restore(to: string): Promise<Taken>;
}

/** `undefined` where the program is not installed. */
export async function createRestic(folder: string): Promise<Restic | undefined> {
  if (spawnSync('restic', ['version']).error) return undefined;
  const environment = {
    ...process.env,
    RESTIC_REPOSITORY: join(folder, 'repository'),
    RESTIC_CACHE_DIR: join(folder, 'cache'),
    RESTIC_PASSWORD: 'measured',
  };
  const run = async (...words: readonly string[]): Promise<Taken> => {
    const cpuBefore = endedChildrenCpuSeconds();
    const begin = performance.now();
    const child = spawn('restic', [...words, '--quiet'], { env: environment, stdio: ['ignore', 'ignore', 'inherit'] });
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) throw new Error(`restic ${words[0]} ended with ${code}.`);
    return { ms: performance.now() - begin, cpuSeconds: endedChildrenCpuSeconds() - cpuBefore };
  };
  await run('init');
  return {
    backup: (path) => run('backup', path),
    restore: (to) => run('restore', 'latest', '--target', to),
  };
}
