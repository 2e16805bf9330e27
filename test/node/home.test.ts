import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { chooseHome, defaultHome, homePaths, makeHome } from '../../node/home.ts';
import { adoptNetwork, networkOfHome, pinNetworkId, readNetworkFile } from '../../node/network-file.ts';
import { isBitDustError } from '../../protocol/errors.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bitdust-home-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const id = 'ab'.repeat(32);

test('a home is chosen by flag, then by BITDUST_HOME, then by platform', () => {
  const environment = { HOME: '/home/alice', BITDUST_HOME: '/data/bitdust' };
  assert.equal(chooseHome('/flag', environment), '/flag');
  assert.equal(chooseHome(undefined, environment), '/data/bitdust');
  assert.equal(defaultHome('linux', { HOME: '/home/alice' }), '/home/alice/.local/share/bitdust');
  assert.equal(defaultHome('linux', { HOME: '/home/alice', XDG_DATA_HOME: '/data' }), '/data/bitdust');
  assert.equal(defaultHome('darwin', { HOME: '/Users/alice' }), '/Users/alice/Library/Application Support/BitDust');
});

test('a new home is the owner’s alone, and one that is a file is refused', () => {
  const paths = makeHome(join(folder, 'a', 'b'));
  assert.equal(statSync(paths.home).mode & 0o777, 0o700);
  assert.equal(statSync(paths.logs).mode & 0o777, 0o700);
  writeFileSync(join(folder, 'file'), '');
  assert.throws(
    () => makeHome(join(folder, 'file')),
    (error: unknown) => isBitDustError(error, 'HOME_INVALID'),
  );
});

test('the socket of a home with a long path lies where its path still fits', () => {
  const deep = homePaths(`/${'deep/'.repeat(40)}`);
  assert.ok(Buffer.byteLength(deep.socket) <= 100);
  assert.notEqual(deep.socket, homePaths(`/${'deep/'.repeat(41)}`).socket);
  assert.equal(homePaths('/a').socket, '/a/api.sock');
});

test('a network file is copied, its id is pinned at the first join, and another id is refused', () => {
  const file = join(folder, 'net.json');
  writeFileSync(file, '{"name": "home", "bootstrap": ["127.0.0.1:49737", "[::1]:1"]}');
  const home = makeHome(join(folder, 'home')).home;
  assert.equal(networkOfHome(home), undefined);
  adoptNetwork(home, readNetworkFile(file));
  pinNetworkId(home, id);
  assert.deepEqual(networkOfHome(home), { name: 'home', id, bootstrap: ['127.0.0.1:49737', '[::1]:1'] });
  adoptNetwork(home, readNetworkFile(file));
  assert.equal(networkOfHome(home)?.id, id);
  const other = { name: null, id: 'cd'.repeat(32), bootstrap: [] };
  assert.throws(
    () => adoptNetwork(home, other),
    (error: unknown) => isBitDustError(error, 'NETWORK_ID_DIFFERS'),
  );
  assert.throws(
    () => pinNetworkId(home, other.id),
    (error: unknown) => isBitDustError(error, 'NETWORK_ID_DIFFERS'),
  );
  assert.equal(networkOfHome(home)?.id, id);
});

test('a network file that is not right says what is wrong with it', () => {
  const file = join(folder, 'net.json');
  for (const text of [
    '',
    '[]',
    '{"bootstrap": ["nowhere"]}',
    '{"bootstrap": [], "id": "abc"}',
    '{"bootstrap": [], "x": 1}',
  ]) {
    writeFileSync(file, text);
    assert.throws(
      () => readNetworkFile(file),
      (error: unknown) => isBitDustError(error, 'NETWORK_FILE_INVALID'),
      text,
    );
  }
  assert.throws(
    () => readNetworkFile(join(folder, 'none')),
    (error: unknown) => isBitDustError(error, 'PATH_NOT_FOUND'),
  );
});
