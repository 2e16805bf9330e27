import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMemoryStores } from '../../../storage/records/memory.ts';
import { recordsCompliance } from '../../compliance/records.ts';
import { seededFraction } from '../../support/fraction.ts';

const value = new Uint8Array([1]);

recordsCompliance('memory records', async () => ({
  engine: createMemoryStores({ fraction: seededFraction(1) }).engine(),
  folder: '/db',
}));

test('a power cut keeps durable batches and, of those after them, only first ones', async () => {
  const kept = new Set<string>();
  for (let seed = 0; seed < 60; seed += 1) {
    const stores = createMemoryStores({ fraction: seededFraction(seed) });
    const { records } = await stores.engine().open('/db');
    await records.batch([{ put: 'a', value }], { durable: false });
    await records.batch([{ put: 'b', value }], { durable: true });
    await records.batch([{ put: 'c', value }, { remove: 'a' }], { durable: false });
    await records.batch([{ put: 'd', value }], { durable: false });
    stores.powerCut();
    await assert.rejects(records.get('a'), { code: 'STORE_CLOSED' });
    const rows: string[] = [];
    for await (const [key] of (await stores.engine().open('/db')).records.range({})) rows.push(key);
    kept.add(rows.join(''));
  }
  assert.deepEqual([...kept].toSorted(), ['ab', 'bc', 'bcd']);
});

test('a kill keeps every batch', async () => {
  const stores = createMemoryStores({ fraction: seededFraction(1) });
  const { records } = await stores.engine().open('/db');
  await records.batch([{ put: 'a', value }], { durable: false });
  stores.kill();
  assert.deepEqual(await (await stores.engine().open('/db')).records.get('a'), value);
});

test('planned faults fail their call; an unsure batch was applied all the same', async () => {
  const stores = createMemoryStores({ fraction: seededFraction(1) });
  const { records } = await stores.engine().open('/db');
  stores.plan(({ call }) => (call === 'batch' ? 'full' : undefined));
  await assert.rejects(records.batch([{ put: 'a', value }], { durable: true }), { code: 'DISK_FULL' });
  stores.plan(({ call }) => (call === 'batch' ? 'unsure' : undefined));
  await assert.rejects(records.batch([{ put: 'b', value }], { durable: true }), { code: 'DISK_FAILED' });
  stores.plan(undefined);
  assert.deepEqual(await records.getMany(['a', 'b']), [undefined, value]);
});

test('a damaged database is refused until it is destroyed', async () => {
  const stores = createMemoryStores({ fraction: seededFraction(1) });
  const engine = stores.engine();
  await (await engine.open('/db')).close();
  stores.corrupt('/db');
  await assert.rejects(engine.open('/db'), { code: 'STORE_CORRUPT' });
  await engine.destroy('/db');
  await (await engine.open('/db')).close();
});
