import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Disk } from '../../../ports/disk.ts';
import { createRealDisk } from '../../../storage/disk/real.ts';
import { createRecordEngine } from '../../../storage/records/engine.ts';
import { type Ballast, type Level, openLevelStore } from '../../../storage/records/level.ts';
import { recordsCompliance } from '../../compliance/records.ts';

const folders: string[] = [];
const value = new Uint8Array([1]);
const noBallast: Ballast = { drop: async () => false, restore: async () => {}, stop: async () => {} };
after(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

async function freshFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bitdust-records-'));
  folders.push(folder);
  return folder;
}

for (const engine of ['rocksdb', 'leveldb'] as const) {
  recordsCompliance(engine, async () => ({
    engine: createRecordEngine(createRealDisk(), { engine, ballastBytes: 0 }),
    folder: await freshFolder(),
  }));

  test(`${engine}: a damaged database is named as such and can be destroyed`, async () => {
    const folder = await freshFolder();
    const records = createRecordEngine(createRealDisk(), { engine, ballastBytes: 0 });
    const store = await records.open(folder);
    await store.records.batch([{ put: 'a', value }], { durable: true });
    await store.close();
    for (const name of await readdir(join(folder, 'db'))) {
      if (name.startsWith('MANIFEST')) await writeFile(join(folder, 'db', name), 'x'.repeat(200));
    }
    await assert.rejects(records.open(folder), { code: 'STORE_CORRUPT' });
    await records.destroy(folder);
    await (await records.open(folder)).close();
  });

  test(`${engine}: its folder is refused by the other engine until it is destroyed`, async () => {
    const folder = await freshFolder();
    const disk = createRealDisk();
    await (await createRecordEngine(disk, { engine, ballastBytes: 0 }).open(folder)).close();
    const other = createRecordEngine(disk, { engine: engine === 'rocksdb' ? 'leveldb' : 'rocksdb', ballastBytes: 0 });
    await assert.rejects(other.open(folder), { code: 'STORE_ENGINE_DIFFERS' });
    await other.destroy(folder);
    await (await other.open(folder)).close();
  });
}

test('the engine of linux-x64 is RocksDB', {
  skip: process.platform !== 'linux' || process.arch !== 'x64',
}, async () => {
  const store = await createRecordEngine(createRealDisk(), { ballastBytes: 0 }).open(await freshFolder());
  assert.equal(store.engine, 'rocksdb');
  await store.close();
});

test('a ballast is kept beside the database where there is room for it', async () => {
  const folder = await freshFolder();
  const store = await createRecordEngine(createRealDisk(), { ballastBytes: 3_000_000 }).open(folder);
  const full = async () => (await stat(join(folder, 'ballast')).catch(() => undefined))?.size === 3_000_000;
  while (!(await full())) await new Promise(setImmediate);
  await store.close();

  const tight: Disk = { ...createRealDisk(), freeBytes: async () => 20_000_000 };
  const other = await freshFolder();
  await (await createRecordEngine(tight, { ballastBytes: 3_000_000 }).open(other)).close();
  assert.equal(await stat(join(other, 'ballast')).catch(() => undefined), undefined);
});

/** A database that fails its writes as told, and counts how often it was opened. */
function failing(failures: Error[]): { open: () => Promise<Level>; opened: number; batches: number; syncs: number } {
  const rows = new Map<string, Uint8Array>();
  const made = {
    opened: 0,
    batches: 0,
    syncs: 0,
    open: async (): Promise<Level> => {
      made.opened += 1;
      return {
        getMany: async (keys) => keys.map((key) => rows.get(key)),
        batch: async (operations, { sync }) => {
          const failure = failures.shift();
          if (failure) throw failure;
          made.batches += 1;
          if (sync) made.syncs += 1;
          for (const operation of operations) if (operation.type === 'put') rows.set(operation.key, operation.value);
        },
        iterator: () => ({ nextv: async () => [], close: async () => {} }),
        close: async () => {},
      };
    },
  };
  return made;
}

async function storeOver(level: ReturnType<typeof failing>, ballast: Ballast = noBallast) {
  return openLevelStore({ engine: 'rocksdb', folder: '/db', level: await level.open(), reopen: level.open, ballast });
}

test('a full disk costs the ballast, and the write is done after opening again', async () => {
  const level = failing([new Error('IO error: No space left on device: While appending to file')]);
  let dropped = 0;
  const store = await storeOver(level, { ...noBallast, drop: async () => (dropped += 1) > 0 });
  await store.records.batch([{ put: 'a', value }], { durable: true });
  assert.deepEqual([dropped, level.opened, await store.records.get('a')], [1, 2, value]);
});

test('a write that fails twice is refused with its reason, and the store goes on', async () => {
  const level = failing([new Error('IO error: x'), new Error('IO error: No space left on device')]);
  const store = await storeOver(level);
  await assert.rejects(store.records.batch([{ put: 'a', value }], { durable: true }), { code: 'DISK_FULL' });
  await store.records.batch([{ put: 'b', value }], { durable: true });
  assert.deepEqual(await store.records.getMany(['a', 'b']), [undefined, value]);
});

test('damage is not tried again', async () => {
  const level = failing([new Error('Corruption: block checksum mismatch')]);
  const store = await storeOver(level);
  await assert.rejects(store.records.batch([{ put: 'a', value }], { durable: true }), { code: 'STORE_CORRUPT' });
  assert.equal(level.opened, 1);
});

test('batches of many callers share one synced write', async () => {
  const level = failing([]);
  const store = await storeOver(level);
  await Promise.all(
    Array.from({ length: 16 }, (_, at) => store.records.batch([{ put: `k${at}`, value }], { durable: at === 3 })),
  );
  assert.deepEqual([level.batches, level.syncs], [1, 1]);
});
