import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { readLog } from '../../node/log-reader.ts';

let folder = '';
let path = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bitdust-log-'));
  path = join(folder, 'node.log');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = '2026-11-21T09:00:00.000Z';
const line = (message: string, level = 'info') =>
  `${JSON.stringify({ at, level, chapter: 'system', code: null, message })}\n`;

async function messages(query: Partial<Parameters<typeof readLog>[0]> = {}): Promise<string[]> {
  const found: string[] = [];
  const all = { path, lines: 100, level: 'info', follow: false, signal: new AbortController().signal } as const;
  for await (const row of readLog({ ...all, ...query })) found.push(row.message);
  return found;
}

test('a log that is not there is empty', async () => {
  assert.deepEqual(await messages(), []);
});

test('the newest lines come in their order, whatever the size of the file and of its lines', async () => {
  const long = 'x'.repeat(200_000);
  const all = Array.from({ length: 3000 }, (_, index) =>
    index === 1500 ? long : `line ${index} ${'ü'.repeat(index % 40)}`,
  );
  writeFileSync(path, all.map((message) => line(message)).join(''));
  assert.deepEqual(await messages({ lines: 10 }), all.slice(-10));
  assert.deepEqual(await messages({ lines: 2000 }), all.slice(-2000));
  assert.deepEqual(await messages({ lines: 9999 }), all);
  assert.deepEqual(await messages({ lines: 0 }), []);
});

test('lines below the level, and one cut by a crash, are left out', async () => {
  writeFileSync(path, line('a', 'debug') + line('b', 'warn') + line('c', 'error') + '{"at": "2026');
  assert.deepEqual(await messages({ level: 'warn' }), ['b', 'c']);
  assert.deepEqual(await messages({ level: 'debug' }), ['a', 'b', 'c']);
});

test('followed, a log gives the lines to come, also those after its rotation', async () => {
  writeFileSync(path, line('before'));
  const abort = new AbortController();
  const rows = readLog({ path, lines: 1, level: 'info', follow: true, signal: abort.signal })[Symbol.asyncIterator]();
  const next = async () => (await rows.next()).value?.message;
  assert.equal(await next(), 'before');
  const coming = next();
  appendFileSync(path, line('after').slice(0, 20));
  appendFileSync(path, line('after').slice(20));
  assert.equal(await coming, 'after');
  const rotated = next();
  renameSync(path, `${path}.1`);
  writeFileSync(path, line('anew'));
  assert.equal(await rotated, 'anew');
  const end = rows.next();
  abort.abort();
  assert.equal((await end).done, true);
});
