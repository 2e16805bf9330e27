import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { loadConfig } from '../../node/config.ts';
import { homePaths } from '../../node/home.ts';
import { networkOfHome } from '../../node/network-file.ts';
import { makeNewHome, recoverHome } from '../../node/new-home.ts';
import type { OfflineIdentity } from '../../node/offline.ts';
import { BitDustError, isBitDustError } from '../../protocol/errors.ts';
import * as samples from '../support/api-samples.ts';

let folder = '';
let home = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bitdust-new-'));
  home = join(folder, 'home');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const identity: Pick<OfflineIdentity, 'createIdentity' | 'recoverIdentity'> = {
  createIdentity: async (where, { nickname }) => {
    if (existsSync(where)) throw new BitDustError('HOME_EXISTS');
    mkdirSync(where, { mode: 0o700 });
    return { ...samples.init, home: where, nickname };
  },
  recoverIdentity: async (where, { words }) => {
    if (words.length !== 24) throw new BitDustError('PHRASE_CHECKSUM');
    mkdirSync(where, { mode: 0o700 });
    return { ...samples.recover, home: where };
  },
};

const network = { name: 'home', id: samples.block, bootstrap: ['seed.example:49737'] };
const choices = { nickname: 'alice', role: 'full', network, passphrase: null };

test('a new home has its network, its role, its nickname and a donation that is fixed', async () => {
  await makeNewHome(home, choices, identity);
  assert.deepEqual(networkOfHome(home), network);
  const config = await loadConfig({ home, environment: {}, freeBytes: 1 });
  assert.deepEqual([config.get('nickname'), config.get('role')], ['alice', 'full']);
  assert.equal(config.origin('services.supplier.donate'), 'settings');
  assert.ok(config.get('services.supplier.donate') > 1);
});

test('a role that gives nothing writes no donation', async () => {
  await makeNewHome(home, { ...choices, role: 'consumer', network: null }, identity);
  const config = await loadConfig({ home, environment: {}, freeBytes: 2 ** 40 });
  assert.deepEqual([config.get('services.supplier.enabled'), config.get('services.supplier.donate')], [false, 0]);
  assert.equal(networkOfHome(home), undefined);
});

test('a home that has an identity is left as it is', async () => {
  mkdirSync(home);
  writeFileSync(homePaths(home).settingsFile, '{"nickname": "bob"}');
  await assert.rejects(makeNewHome(home, choices, identity), (error: unknown) => isBitDustError(error, 'HOME_EXISTS'));
  assert.equal((await loadConfig({ home, environment: {} })).get('nickname'), 'bob');
  assert.equal(networkOfHome(home), undefined);
});

test('a role that is none, or is not built, is refused before anything is written', async () => {
  for (const [role, code] of [
    ['cleaner', 'ROLE_NOT_BUILT'],
    ['king', 'CONFIG_VALUE_INVALID'],
  ] as const) {
    await assert.rejects(makeNewHome(home, { ...choices, role }, identity), (error: unknown) =>
      isBitDustError(error, code),
    );
    assert.equal(existsSync(home), false);
  }
});

test('a recovered home keeps the nickname of the identity; wrong words write nothing', async () => {
  const options = {
    ...choices,
    words: [] as string[],
    via: [],
    signal: AbortSignal.timeout(10_000),
    onStep: () => undefined,
  };
  await assert.rejects(recoverHome(home, options, identity), (error: unknown) =>
    isBitDustError(error, 'PHRASE_CHECKSUM'),
  );
  assert.equal(existsSync(home), false);
  await recoverHome(home, { ...options, words: samples.init.phrase.split(' ') }, identity);
  assert.equal((await loadConfig({ home, environment: {} })).get('nickname'), samples.recover.nickname);
});
