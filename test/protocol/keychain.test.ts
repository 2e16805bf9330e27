import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type KeychainOpener,
  keychainRandomBytes,
  makeKeychain,
  openKeychainAdmin,
  openKeychainStorage,
  readKeychain,
} from '../../protocol/keychain.ts';
import { recoverySeed } from '../../protocol/recovery-keys.ts';
import { makeStatement } from '../../protocol/statement.ts';
import { device, ENTROPY, ISSUED, NETWORK, named, person } from '../support/vectors/people.ts';
import { xWingKey, xWingSealing } from '../support/x-wing.ts';

const storage = {
  secrets: [
    { epoch: 1, catalogue: named('c'), dedup: named('d'), gear: named('g'), documents: named('o') },
    { epoch: 0, catalogue: named('c0'), dedup: named('d0'), gear: named('g0'), documents: named('o0') },
  ],
  nickname: 'alice',
  petnames: { bd1xyz: 'Bob from work' },
};
const admin = { rendezvous: [0, 1, 2].map((index) => ({ index, seed: named(`pair ${index}`) })) };

async function keychainFor(own: KeychainOpener, plain: KeychainOpener, recovery: KeychainOpener) {
  const recipients = {
    devices: [own.publicKey, plain.publicKey],
    admins: [own.publicKey],
    recovery: recovery.publicKey,
  };
  const randomness = Uint8Array.from({ length: keychainRandomBytes(recipients) }, (_, index) => (index * 31) % 251);
  return makeKeychain({
    network: NETWORK,
    person,
    revision: 1,
    version: 4,
    issued: ISSUED,
    storage,
    admin,
    recipients,
    device,
    sealing: xWingSealing,
    randomness,
  });
}

const own = await xWingKey(named('seal of the first device'));
const plain = await xWingKey(named('seal of the second device'));
const recovery = await xWingKey(recoverySeed(ENTROPY));
const stranger = await xWingKey(named('seal of mallory'));
const keychain = await keychainFor(own, plain, recovery);

test('devices and the words open the storage secrets, only admins and the words the rendezvous pairs', async () => {
  const read = readKeychain(keychain.statement.bytes);
  assert.deepEqual(await openKeychainStorage(read, own), storage);
  assert.deepEqual(await openKeychainStorage(read, plain), storage);
  assert.deepEqual(await openKeychainStorage(read, recovery), storage);
  assert.deepEqual(await openKeychainAdmin(read, own), admin);
  assert.deepEqual(await openKeychainAdmin(read, recovery), admin);
  await assert.rejects(openKeychainAdmin(read, plain), { code: 'SEAL_BROKEN' });
  await assert.rejects(openKeychainStorage(read, stranger), { code: 'SEAL_BROKEN' });
});

test('the same bytes of randomness give the same keychain, so a seeded world replays it', async () => {
  assert.deepEqual((await keychainFor(own, plain, recovery)).hash, keychain.hash);
});

test('a keychain whose version was raised by somebody who cannot seal does not open', async () => {
  const { statement: _, hash: __, ...body } = keychain;
  const raised = readKeychain(makeStatement('keychain', { ...body, version: 9 }, device).bytes);
  await assert.rejects(openKeychainStorage(raised, own));
});

test('sections do not stand in for each other', async () => {
  const { statement: _, hash: __, ...body } = keychain;
  const swapped = readKeychain(makeStatement('keychain', { ...body, admin: body.storage }, device).bytes);
  await assert.rejects(openKeychainAdmin(swapped, own));
});

test('a keychain changed by one bit is refused', () => {
  const changed = keychain.statement.bytes.slice();
  changed[100] = changed[100]! ^ 1;
  assert.throws(() => readKeychain(changed), { name: 'BitDustError' });
});
