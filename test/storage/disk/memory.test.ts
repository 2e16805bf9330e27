import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMemoryVolume } from '../../../storage/disk/memory.ts';
import { diskCompliance } from '../../compliance/disk.ts';
import { seededFraction } from '../../support/fraction.ts';

const text = (value: string) => new TextEncoder().encode(value);
const volumeOf = (seed: number) => createMemoryVolume({ fraction: seededFraction(seed) });

diskCompliance('memory disk', async () => {
  const disk = volumeOf(1).disk();
  await disk.makeFolder('/home');
  return { disk, folder: '/home' };
});

async function outcomes(write: (seed: number) => Promise<string>): Promise<ReadonlySet<string>> {
  const seen = new Set<string>();
  for (let seed = 0; seed < 60; seed += 1) seen.add(await write(seed));
  return seen;
}

test('a power cut keeps what was synced with its folder, always', async () => {
  const seen = await outcomes(async (seed) => {
    const volume = volumeOf(seed);
    const disk = volume.disk();
    await disk.replaceFile('/a', text('kept'));
    volume.powerCut();
    return new TextDecoder().decode(await volume.disk().readFile('/a'));
  });
  assert.deepEqual([...seen], ['kept']);
});

test('a power cut drops, tears or keeps what was not synced', async () => {
  const seen = await outcomes(async (seed) => {
    const volume = volumeOf(seed);
    const disk = volume.disk();
    const file = await disk.open('/a', 'create');
    await disk.syncFolder('/');
    await file.write(new Uint8Array(1024).fill(7), 0);
    volume.powerCut();
    const bytes = volume.peek('/a');
    return `${bytes.length} ${bytes.filter((byte) => byte === 7).length}`;
  });
  assert.deepEqual([...seen].toSorted(), ['0 0', '1024 0', '1024 1024', '1024 512']);
});

test('a name that was not synced may be gone, even when its bytes were', async () => {
  const seen = await outcomes(async (seed) => {
    const volume = volumeOf(seed);
    const file = await volume.disk().open('/a', 'create');
    await file.write(text('x'), 0);
    await file.sync();
    volume.powerCut();
    return volume.files().join();
  });
  assert.deepEqual([...seen].toSorted(), ['', '/a']);
});

test('a write under a later synced one may be the one that is lost', async () => {
  const seen = await outcomes(async (seed) => {
    const volume = volumeOf(seed);
    const disk = volume.disk();
    await disk.replaceFile('/a', text('....'));
    const file = await disk.open('/a', 'update');
    await file.write(text('A'), 0);
    await file.write(text('B'), 1);
    volume.powerCut();
    return new TextDecoder().decode(volume.peek('/a'));
  });
  assert.ok(seen.has('.B..'), [...seen].join());
});

test('after a failed sync nothing of the file is promised any more', async () => {
  const seen = await outcomes(async (seed) => {
    const volume = volumeOf(seed);
    const disk = volume.disk();
    const file = await disk.open('/a', 'create');
    await disk.syncFolder('/');
    await file.write(text('x'), 0);
    volume.plan(({ call }) => (call === 'sync' ? 'EIO' : undefined));
    await assert.rejects(file.sync(), { code: 'DISK_FAILED' });
    volume.plan(undefined);
    await file.sync();
    volume.powerCut();
    return String(volume.peek('/a').length);
  });
  assert.ok(seen.has('0'));
});

test('a process that is over cannot touch the disk any more', async () => {
  const volume = volumeOf(1);
  const disk = volume.disk();
  const file = await disk.open('/a', 'create');
  await disk.lock('/');
  volume.kill();
  await assert.rejects(file.write(text('x'), 0), { code: 'DISK_GONE' });
  await assert.rejects(disk.readFile('/a'), { code: 'DISK_GONE' });
  await volume.disk().lock('/');
  assert.equal(volume.peek('/a').length, 0);
});

test('planned faults hit exactly their call, a short write leaves half', async () => {
  const volume = volumeOf(1);
  const disk = volume.disk();
  const file = await disk.open('/a', 'create');
  volume.plan(({ call }) => (call === 'write' ? 'short-write' : undefined));
  await assert.rejects(file.write(text('abcd'), 0), { code: 'DISK_FAILED' });
  assert.equal(await file.size(), 2);
  volume.plan(({ call }) => (call === 'rename' ? 'ENOSPC' : undefined));
  await assert.rejects(disk.rename('/a', '/b'), { code: 'DISK_FULL' });
  assert.deepEqual(volume.files(), ['/a']);
});

test('capacity counts what files hold and comes back when they go', async () => {
  const volume = createMemoryVolume({ capacityBytes: 10, fraction: seededFraction(1) });
  const disk = volume.disk();
  await disk.replaceFile('/a', new Uint8Array(6));
  await assert.rejects(disk.replaceFile('/b', new Uint8Array(5)), { code: 'DISK_FULL' });
  assert.deepEqual([volume.usedBytes, await disk.freeBytes('/')], [6, 4]);
  await disk.replaceFile('/a', new Uint8Array(2));
  await disk.replaceFile('/b', new Uint8Array(8));
  volume.powerCut();
  assert.equal(volume.usedBytes, 10);
  await volume.disk().remove('/b');
  assert.equal(volume.usedBytes, 2);
});

test('an unmounted folder is empty until it is mounted again', async () => {
  const volume = volumeOf(1);
  const disk = volume.disk();
  await disk.makeFolder('/store');
  await disk.replaceFile('/store/a', text('a'));
  volume.unmount('/store');
  assert.deepEqual(await disk.list('/store'), []);
  volume.remount('/store');
  assert.equal((await disk.list('/store')).length, 1);
  volume.setReadOnly(true);
  await assert.rejects(disk.remove('/store/a'), { code: 'DISK_FAILED' });
  assert.equal((await disk.readFile('/store/a')).length, 1);
});
