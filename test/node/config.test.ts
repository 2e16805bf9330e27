import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import fc from 'fast-check';
import { CONFIG_KEY_NAMES } from '../../node/config/keys.ts';
import { variableOf, writeSettings } from '../../node/config/layers.ts';
import { editDistance, nearest } from '../../node/config/nearest.ts';
import { parseDuration, parseGeometry, parseRate, parseSize } from '../../node/config/units.ts';
import { checkConfigFile, configRow, loadConfig, setConfig } from '../../node/config.ts';
import { isBitDustError } from '../../protocol/errors.ts';

const GiB = 2 ** 30;
let home = '';

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'bitdust-config-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const load = (more: Partial<Parameters<typeof loadConfig>[0]> = {}) =>
  loadConfig({ home, environment: {}, freeBytes: 50 * GiB, ...more });
const write = (file: string, text: string) => writeFileSync(join(home, file), text);

test('each layer hides the one before it, and every value tells where it came from', async () => {
  const donation = async (more = {}) => {
    const config = await load(more);
    return [config.get('services.supplier.donate'), config.origin('services.supplier.donate')];
  };
  assert.deepEqual(await donation({ flags: { role: 'consumer' } }), [0, 'default']);
  assert.deepEqual(await donation(), [5 * GiB, 'role']);
  write('bitdust.config.ts', "export default { services: { supplier: { donate: '3GiB' } } };");
  assert.deepEqual(await donation(), [3 * GiB, 'file']);
  writeSettings(home, { 'services.supplier.donate': '4GiB' });
  assert.deepEqual(await donation(), [4 * GiB, 'settings']);
  const environment = { BITDUST_SERVICES_SUPPLIER_DONATE: '6GiB' };
  assert.deepEqual(await donation({ environment }), [6 * GiB, 'environment']);
  const flags = { 'services.supplier.donate': '7GiB' };
  assert.deepEqual(await donation({ environment, flags }), [7 * GiB, 'flag']);
});

test('a role that gives donates a tenth of the free space and at most 20 GiB', async () => {
  const big = await load({ freeBytes: 5000 * GiB });
  assert.equal(big.get('services.supplier.donate'), 20 * GiB);
  assert.equal(big.get('services.customer.enabled'), true);
  const consumer = await load({ flags: { role: 'consumer' } });
  assert.equal(consumer.get('services.supplier.enabled'), false);
  const keeper = await load({ flags: { role: 'keeper' } });
  assert.deepEqual([keeper.get('services.customer.enabled'), keeper.get('services.supplier.enabled')], [false, true]);
});

test('a role whose service is not built is refused by name', async () => {
  for (const refused of [
    setConfig({ home, environment: {} }, 'role', 'cleaner'),
    load({ flags: { role: 'cleaner' } }),
  ]) {
    await assert.rejects(refused, (error: unknown) => {
      assert.ok(isBitDustError(error, 'ROLE_NOT_BUILT'));
      return /scrubber/.test(error.message);
    });
  }
});

test('a configuration file imports defineConfig from the running program, wherever the file lies', async () => {
  write(
    'bitdust.config.ts',
    `import { defineConfig } from 'bitdust';
     export default defineConfig({
       nickname: 'alice',
       network: { bootstrap: ['seed.example:49737'] },
       services: {
         customer: { suppliers: '4/8', patience: '2h', sets: [{ name: 'photos', paths: ['~/Pictures'], every: '1h', keep: { daily: 14 } }] },
         supplier: { accept: (customer) => customer.isContact, rate: [{ hours: '08-23', up: '2MiB/s' }] },
       },
       on: { 'backup.stored': async (fact, node) => { await node.storage.verify({ data: '5%' }); } },
     });`,
  );
  const config = await load();
  assert.equal(config.get('nickname'), 'alice');
  assert.deepEqual(config.get('network.bootstrap'), ['seed.example:49737']);
  assert.deepEqual(config.get('services.customer.suppliers'), { k: 4, n: 8 });
  assert.equal(config.get('services.customer.patience'), 7_200_000);
  assert.deepEqual(config.get('services.customer.sets'), [
    { name: 'photos', paths: ['~/Pictures'], every: 3_600_000, keep: { daily: 14 } },
  ]);
  assert.deepEqual(config.get('services.supplier.rate'), [{ hours: '08-23', up: 2 * 2 ** 20 }]);
  assert.equal(typeof config.get('services.supplier.accept'), 'function');
  assert.equal(configRow(config, 'services.supplier.accept').value, '(function)');
  assert.deepEqual(Object.keys(config.get('on')), ['backup.stored']);
});

test('a configuration in the current folder is never used', async () => {
  write('bitdust.config.ts', "export default { nickname: 'mallory' };");
  const other = mkdtempSync(join(home, 'other-'));
  const before = process.cwd();
  process.chdir(home);
  try {
    assert.equal((await load({ home: other })).get('nickname'), null);
  } finally {
    process.chdir(before);
  }
});

test('an unknown key names the nearest known one, a wrong value what is allowed', async () => {
  await assert.rejects(setConfig({ home, environment: {} }, 'services.supplier.donat', '1GiB'), (error: unknown) => {
    assert.ok(isBitDustError(error, 'CONFIG_KEY_UNKNOWN'));
    assert.equal(error.details['nearest'], 'services.supplier.donate');
    return true;
  });
  await assert.rejects(setConfig({ home, environment: {} }, 'services.supplier.donate', 'much'), (error: unknown) => {
    assert.ok(isBitDustError(error, 'CONFIG_VALUE_INVALID'));
    return error.message.includes('"much"') && error.message.includes("a size, '200GiB'");
  });
  await assert.rejects(
    load({ environment: { BITDUST_NETWORK_PORT: 'seven' } }),
    (error: unknown) => isBitDustError(error, 'CONFIG_VALUE_INVALID') && error.message.includes('environment'),
  );
  assert.deepEqual(
    (await load()).rows().filter(({ origin }) => origin === 'settings'),
    [],
  );
});

test('config check gives every problem with its line', async () => {
  const file = join(home, 'wrong.ts');
  writeFileSync(
    file,
    `import { defineConfig } from 'bitdust';

export default defineConfig({
  nickname: 'alice',
  network: { bootstrap: ['nowhere'] },
  services: {
    supplier: {
      donat: '2GiB',
    },
  },
});
`,
  );
  assert.deepEqual(await checkConfigFile(file), {
    ok: false,
    problems: [
      { key: 'network.bootstrap', value: ['nowhere'], allowed: 'a list of host:port', nearest: null, line: 5 },
      {
        key: 'services.supplier.donat',
        value: '2GiB',
        allowed: 'no such key',
        nearest: 'services.supplier.donate',
        line: 8,
      },
    ],
  });
  writeFileSync(file, 'export default 7;');
  await assert.rejects(checkConfigFile(file), (error: unknown) => isBitDustError(error, 'CONFIG_FILE_INVALID'));
  writeFileSync(file, 'export default {');
  await assert.rejects(checkConfigFile(file), (error: unknown) => isBitDustError(error, 'CONFIG_FILE_INVALID'));
  await assert.rejects(checkConfigFile(join(home, 'none.ts')), (e: unknown) => isBitDustError(e, 'PATH_NOT_FOUND'));
});

test('config set keeps the other settings, tells the value before and the layer that hides the change', async () => {
  const sources = { home, environment: {}, freeBytes: 50 * GiB };
  assert.deepEqual(await setConfig(sources, 'nickname', 'alice'), {
    key: 'nickname',
    value: 'alice',
    origin: 'settings',
    restart: true,
    from: null,
    overridden: null,
  });
  const hidden = await setConfig({ ...sources, environment: { BITDUST_NICKNAME: 'bob' } }, 'nickname', 'carol');
  assert.deepEqual([hidden.value, hidden.overridden], ['bob', 'environment']);
  await setConfig(sources, 'network.bootstrap', 'one.example:1,two.example:2');
  const config = await load();
  assert.equal(config.get('nickname'), 'carol');
  assert.deepEqual(config.get('network.bootstrap'), ['one.example:1', 'two.example:2']);
  assert.equal(statSync(join(home, 'settings.json')).mode & 0o777, 0o600);
});

test('settings that are not valid JSON are refused by the name of the file', async () => {
  write('settings.json', '{');
  await assert.rejects(load(), (error: unknown) => isBitDustError(error, 'CONFIG_FILE_INVALID'));
});

test('network.json is the network of the configuration, and the configuration file may override it', async () => {
  write('network.json', '{"name": "home", "bootstrap": ["seed.example:49737"]}');
  const config = await load();
  assert.deepEqual([config.get('network.name'), config.get('network.bootstrap')], ['home', ['seed.example:49737']]);
  write('bitdust.config.ts', "export default { network: { bootstrap: ['other.example:1'] } };");
  assert.deepEqual((await load()).get('network.bootstrap'), ['other.example:1']);
});

test('every key has a variable of its own and a default that its schema accepts', async () => {
  const variables = CONFIG_KEY_NAMES.map(variableOf);
  assert.equal(new Set(variables).size, variables.length);
  assert.equal(variableOf('network.directoryPort'), 'BITDUST_NETWORK_DIRECTORY_PORT');
  const config = await load({ flags: { role: 'consumer' } });
  assert.equal(config.rows().length, CONFIG_KEY_NAMES.length);
});

test('durations, sizes, rates and geometries are read exactly, and nothing else is', () => {
  assert.deepEqual(
    ['5s', '1h', '90m', '7d', '250ms'].map(parseDuration),
    [5000, 3_600_000, 5_400_000, 604_800_000, 250],
  );
  assert.deepEqual(['2GiB', '500 MB', '4096', '1.5KiB', '2gib'].map(parseSize), [2 * GiB, 5e8, 4096, 1536, 2 * GiB]);
  assert.deepEqual(['2MiB/s', '1000/s', '2MiB'].map(parseRate), [2 * 2 ** 20, 1000, undefined]);
  assert.deepEqual(['4/8', '8/4', '0/1', '64/64', '64/65'].map(parseGeometry), [
    { k: 4, n: 8 },
    undefined,
    undefined,
    { k: 64, n: 64 },
    undefined,
  ]);
  const nothing = ['', '5', 's', '-1s', '1e3s', '5 lightyears', 'NaNs'];
  assert.deepEqual(
    nothing.map(parseDuration),
    nothing.map(() => undefined),
  );
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 40 }), (bytes) => {
      assert.equal(parseSize(`${bytes}`), bytes);
      assert.equal(parseSize(`${bytes} B`), bytes);
    }),
  );
  fc.assert(fc.property(fc.string(), (text) => void [parseDuration(text), parseSize(text), parseRate(text)]));
});

test('the nearest word is the one with the fewest edits, and a far one is none', () => {
  assert.equal(nearest('acces', ['abandon', 'access', 'across']), 'access');
  assert.equal(nearest('xylophone', ['abandon', 'access']), null);
  fc.assert(
    fc.property(fc.string({ maxLength: 8 }), fc.string({ maxLength: 8 }), (a, b) => {
      assert.equal(editDistance(a, b, 100), editDistance(b, a, 100));
      assert.equal(editDistance(a, b, 100) === 0, a === b);
    }),
  );
});
