import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { diskError } from '../../../storage/disk/errors.ts';
import { createRealDisk } from '../../../storage/disk/real.ts';
import { diskCompliance } from '../../compliance/disk.ts';

const folders: string[] = [];
after(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

async function freshFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bitdust-disk-'));
  folders.push(folder);
  return folder;
}

diskCompliance('real disk', async () => ({ disk: createRealDisk(), folder: await freshFolder() }));

test('errors of the system have names of the catalogue', () => {
  const named = (code: string) => diskError(Object.assign(new Error(code), { code }), '/a').code;
  assert.deepEqual(['ENOENT', 'EEXIST', 'ENOSPC', 'EDQUOT', 'ENODEV', 'EIO', 'EROFS'].map(named), [
    'FILE_NOT_FOUND',
    'FILE_EXISTS',
    'DISK_FULL',
    'DISK_FULL',
    'DISK_GONE',
    'DISK_FAILED',
    'DISK_FAILED',
  ]);
});

test('a home locked by another process names its pid, and is free once that process is killed', async () => {
  const home = await freshFolder();
  const module = new URL('../../../storage/disk/lock.ts', import.meta.url).href;
  const code = `const { lockHome } = await import(${JSON.stringify(module)}); await lockHome(process.argv[1]);
    console.log('locked'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code, home], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  const disk = createRealDisk();
  await assert.rejects(disk.lock(home), { code: 'HOME_LOCKED', details: { pid: child.pid } });
  child.kill('SIGKILL');
  await once(child, 'exit');
  await (await disk.lock(home)).release();
});
