import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { PieceStore } from '../../../ports/pieces.ts';
import type { RecordStore } from '../../../ports/records.ts';
import { createRealDisk } from '../../../storage/disk/real.ts';
import { openPieceStore } from '../../../storage/pieces/piece-store.ts';
import { createRecordEngine } from '../../../storage/records/engine.ts';
import { alice, bytesOf, joined, MIB, pieceOf, storeAll } from '../../support/piece-store.ts';

const folders: string[] = [];
after(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

for (const engine of ['rocksdb', 'leveldb'] as const) {
  async function open(home: string): Promise<{ store: PieceStore; database: RecordStore }> {
    const disk = createRealDisk();
    const database = await createRecordEngine(disk, { engine, ballastBytes: 0 }).open(join(home, 'db'));
    const store = await openPieceStore({
      disk,
      records: database.records.part('pieces'),
      folder: join(home, 'store'),
      clock: {
        now: () => Date.now(),
        monotonic: () => performance.now(),
        setTimeout,
        clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
      },
      random: { bytes: (length) => crypto.getRandomValues(new Uint8Array(length)), fraction: Math.random },
      orderStands: async () => true,
    });
    return { store, database };
  }

  test(`on a real disk with ${engine}: stored, closed, opened, read; index lost and built again; folder gone and back`, async () => {
    const home = await mkdtemp(join(tmpdir(), 'bitdust-pieces-'));
    folders.push(home);
    const pieces = Array.from({ length: 24 }, (_, seed) => pieceOf(seed, seed % 2 ? 5000 : 70_000 + seed));
    let { store, database } = await open(home);
    await store.grant({ customer: alice, bytes: 64 * MIB, donatedBytes: 64 * MIB, contract: bytesOf(1, 10) });
    await storeAll(store, pieces);
    const account = store.account(alice);
    await store.close();
    await database.close();

    ({ store, database } = await open(home));
    assert.deepEqual(store.account(alice), account);
    for (const { offer, payload } of pieces) assert.deepEqual(await joined((await store.read(offer)).content), payload);
    await store.close();
    await database.close();
    await rm(join(home, 'db'), { recursive: true });

    ({ store, database } = await open(home));
    assert.deepEqual(store.account(alice), account);
    assert.deepEqual((await store.verifyNext({ cursor: null, bytes: 64 * MIB })).rotten, []);
    await rename(join(home, 'store'), join(home, 'away'));
    assert.equal(await store.probe(), 'unavailable');
    const offer = pieces[0]?.offer ?? pieceOf(0, 1).offer;
    await assert.rejects(store.read(offer), { code: 'DISK_GONE' });
    await rename(join(home, 'away'), join(home, 'store'));
    assert.equal(await store.probe(), 'ready');
    assert.deepEqual(await store.standing([offer]), ['have']);
    await store.close();
    await database.close();
  });

  test(`on a real disk with ${engine}: after kill -9 everything acknowledged is there, whole and counted`, async () => {
    const home = await mkdtemp(join(tmpdir(), 'bitdust-pieces-'));
    folders.push(home);
    const acknowledged: number[] = [];
    for (let round = 0; round < 2; round += 1) acknowledged.push(...(await storeUntilKilled(home, engine, round)));
    assert.ok(acknowledged.length >= 60);
    const { store, database } = await open(home);
    const pieces = acknowledged.map((number) => pieceOf(number, number % 2 ? 5000 : 70_000));
    assert.ok((await store.standing(pieces.map(({ offer }) => offer))).every((word) => word === 'have'));
    assert.deepEqual((await store.verifyNext({ cursor: null, bytes: 4096 * MIB })).rotten, []);
    let usedBytes = 0;
    for await (const row of store.each(alice)) usedBytes += row.length;
    assert.equal(store.account(alice)?.usedBytes, usedBytes);
    await store.close();
    await database.close();
  });
}

/** Runs a process that stores pieces and kills it after some were acknowledged; gives their numbers. */
async function storeUntilKilled(home: string, engine: string, round: number): Promise<readonly number[]> {
  const script = fileURLToPath(new URL('../../support/storing-child.ts', import.meta.url));
  const child = spawn(process.execPath, [script, home, engine, String(round * 10_000)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const numbers: number[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    numbers.push(Number(line));
    if (numbers.length === 30 + round * 7) child.kill('SIGKILL');
  }
  await exited;
  return numbers;
}
