import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RecordEngine, RecordRange, RecordStore, Records } from '../../ports/records.ts';

const bytes = (...values: number[]) => new Uint8Array(values);
const put = (key: string, ...values: number[]) => ({ put: key, value: bytes(...values) });

async function keysOf(records: Records, range: RecordRange = {}): Promise<string[]> {
  const keys: string[] = [];
  for await (const [key] of records.range(range)) keys.push(key);
  return keys;
}

/** What every record engine promises. `fresh` gives an engine and a folder it may use. */
export function recordsCompliance(
  name: string,
  fresh: () => Promise<{ readonly engine: RecordEngine; readonly folder: string }>,
): void {
  const about = (
    title: string,
    body: (store: RecordStore, engine: RecordEngine, folder: string) => Promise<void>,
  ): void => {
    void test(`${name}: ${title}`, async () => {
      const { engine, folder } = await fresh();
      const store = await engine.open(folder);
      try {
        await body(store, engine, folder);
      } finally {
        await store.close();
      }
    });
  };

  about('gives back what a batch put, in the order asked for', async ({ records }) => {
    await records.batch([put('b', 2), put('a', 1), { remove: 'none' }, put('empty')], { durable: true });
    assert.deepEqual(await records.get('a'), bytes(1));
    assert.equal(await records.get('none'), undefined);
    assert.deepEqual(await records.getMany(['empty', 'none', 'b', 'a', 'b']), [
      bytes(),
      undefined,
      bytes(2),
      bytes(1),
      bytes(2),
    ]);
    assert.deepEqual(await records.getMany([]), []);
  });

  about('applies the operations of a batch in order', async ({ records }) => {
    await records.batch([put('a', 1), { remove: 'a' }, put('b', 1), put('b', 2)], { durable: false });
    assert.deepEqual(await keysOf(records), ['b']);
    assert.deepEqual(await records.get('b'), bytes(2));
  });

  about('keeps its own copy of a value', async ({ records }) => {
    const value = bytes(1, 2);
    await records.batch([{ put: 'a', value }], { durable: true });
    value[0] = 9;
    const first = await records.get('a');
    if (first) first[1] = 9;
    assert.deepEqual(await records.get('a'), bytes(1, 2));
  });

  about('ranges from inclusive to exclusive, limited, backwards', async ({ records }) => {
    await records.batch(
      ['a', 'b', 'c', 'd'].map((key) => put(key, 0)),
      { durable: false },
    );
    assert.deepEqual(await keysOf(records), ['a', 'b', 'c', 'd']);
    assert.deepEqual(await keysOf(records, { from: 'b', before: 'd' }), ['b', 'c']);
    assert.deepEqual(await keysOf(records, { from: 'bb' }), ['c', 'd']);
    assert.deepEqual(await keysOf(records, { limit: 2 }), ['a', 'b']);
    assert.deepEqual(await keysOf(records, { limit: 2, reverse: true }), ['d', 'c']);
    assert.deepEqual(await keysOf(records, { before: 'c', limit: 1, reverse: true }), ['b']);
    assert.deepEqual(await keysOf(records, { limit: 0 }), []);
  });

  about('orders keys by their UTF-8 bytes', async ({ records }) => {
    const keys = ['z', '\u00e9', '\ufb01', '\u{1f600}', 'Z'];
    await records.batch(
      keys.map((key) => put(key, 0)),
      { durable: false },
    );
    const byBytes = keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    assert.deepEqual(await keysOf(records), byBytes);
  });

  about('keeps thousands of rows in order through removals', async ({ records }) => {
    const key = (index: number) => `k${String((index * 7919) % 3000).padStart(5, '0')}`;
    for (let start = 0; start < 3000; start += 500) {
      await records.batch(
        Array.from({ length: 500 }, (_, at) => put(key(start + at), 1)),
        { durable: false },
      );
    }
    await records.batch(
      Array.from({ length: 1000 }, (_, at) => ({ remove: `k${String(at * 3).padStart(5, '0')}` })),
      { durable: false },
    );
    const left = await keysOf(records);
    assert.equal(left.length, 2000);
    assert.deepEqual(left, left.toSorted());
    assert.deepEqual(await keysOf(records, { from: 'k01000', limit: 2 }), ['k01000', 'k01001']);
    assert.deepEqual(await keysOf(records, { before: 'k01000', limit: 2, reverse: true }), ['k00998', 'k00997']);
  });

  about('a range is the view of the moment of the call', async ({ records }) => {
    await records.batch([put('a', 1), put('b', 1)], { durable: false });
    const rows = records.range({});
    await records.batch([put('c', 1), { remove: 'a' }, put('b', 2)], { durable: false });
    const seen: [string, Uint8Array][] = [];
    for await (const [key, value] of rows) seen.push([key, value]);
    assert.deepEqual(seen, [
      ['a', bytes(1)],
      ['b', bytes(1)],
    ]);
  });

  about('a range may be left early', async ({ records }) => {
    await records.batch([put('a', 1), put('b', 1)], { durable: false });
    for await (const [key] of records.range({})) {
      assert.equal(key, 'a');
      break;
    }
    await records.batch([put('c', 1)], { durable: true });
  });

  about('parts do not meet each other or their parent', async ({ records }) => {
    const left = records.part('left');
    const inner = left.part('inner');
    const other = records.part('left-inner');
    await records.batch([put('k', 0)], { durable: false });
    await left.batch([put('k', 1)], { durable: false });
    await inner.batch([put('k', 2)], { durable: false });
    await other.batch([put('k', 3)], { durable: false });
    for (const [part, value] of [
      [records, 0],
      [left, 1],
      [inner, 2],
      [other, 3],
    ] as const) {
      assert.deepEqual(await part.get('k'), bytes(value));
      assert.deepEqual(await keysOf(part), ['k']);
      assert.deepEqual(await keysOf(part, { reverse: true }), ['k']);
      assert.deepEqual(await keysOf(part, { from: '!' }), ['k']);
    }
    await left.batch([{ remove: 'k' }], { durable: true });
    assert.deepEqual(await keysOf(inner), ['k']);
    await assert.rejects(records.get('!left!k'), { code: 'BAD_INPUT' });
    await assert.rejects(records.batch([put('', 1)], { durable: false }), { code: 'BAD_INPUT' });
    assert.throws(() => records.part('Left'), { code: 'BAD_INPUT' });
  });

  about('many batches at once all arrive, each whole', async ({ records }) => {
    const pairs = Array.from({ length: 40 }, (_, at) => [put(`a${at}`, at), put(`b${at}`, at)]);
    await Promise.all(pairs.map((pair, at) => records.batch(pair, { durable: at % 3 === 0 })));
    assert.equal((await keysOf(records)).length, 80);
  });

  about('is refused while it is open, and closed for everybody after close', async (store, engine, folder) => {
    await assert.rejects(engine.open(folder), { code: 'STORE_LOCKED' });
    await store.close();
    await store.close();
    await assert.rejects(store.records.get('a'), { code: 'STORE_CLOSED' });
    await assert.rejects(store.records.batch([put('a', 1)], { durable: true }), { code: 'STORE_CLOSED' });
    await assert.rejects(keysOf(store.records), { code: 'STORE_CLOSED' });
  });

  about('rows are there after closing and opening again, and gone after destroy', async (store, engine, folder) => {
    await store.records.batch([put('a', 1)], { durable: true });
    await store.close();
    const second = await engine.open(folder);
    assert.deepEqual(await second.records.get('a'), bytes(1));
    assert.equal(second.engine, store.engine);
    await second.close();
    await engine.destroy(folder);
    const third = await engine.open(folder);
    assert.deepEqual(await keysOf(third.records), []);
    await third.close();
  });
}
