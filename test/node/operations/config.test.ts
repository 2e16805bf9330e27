import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createApi } from '../../../node/api/call.ts';
import { configOperations, logsOperation } from '../../../node/operations/config.ts';
import { isBitDustError } from '../../../protocol/errors.ts';
import * as samples from '../../support/api-samples.ts';
import { fakeOperations } from '../../support/fake-operations.ts';

test('a key set over the API is in effect, is told to the node, and a wrong one changes nothing', async (t) => {
  const home = mkdtempSync(join(tmpdir(), 'bitdust-operations-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  const changed: (readonly string[])[] = [];
  const config = configOperations({
    sources: { home, environment: {}, freeBytes: 0 },
    onChanged: (keys) => void changed.push(keys),
  });
  const api = createApi(fakeOperations({ config }));
  const change = await api.config.set({ key: 'services.supplier.donate', value: '2GiB' });
  assert.deepEqual([change.from, change.value, change.overridden], [0, '2GiB', null]);
  assert.equal((await api.config.get({ key: 'services.supplier.donate' })).value, '2GiB');
  await assert.rejects(api.config.set({ key: 'services.supplier.donate', value: 'much' }), (error: unknown) =>
    isBitDustError(error, 'CONFIG_VALUE_INVALID'),
  );
  assert.deepEqual(changed, [['services.supplier.donate']]);
  const { values } = await api.config.list();
  assert.deepEqual(
    values.filter(({ origin }) => origin === 'settings'),
    [{ key: 'services.supplier.donate', value: '2GiB', origin: 'settings', restart: false }],
  );
});

test('the log over the API is the file of the home', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'bitdust-operations-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'node.log');
  writeFileSync(path, `${JSON.stringify(samples.logLine)}\n`);
  const api = createApi(fakeOperations({ logs: logsOperation(path) }));
  const found: unknown[] = [];
  for await (const line of await api.logs()) found.push(line);
  assert.deepEqual(found, [samples.logLine]);
});
