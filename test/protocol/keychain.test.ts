import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openKeychainAdmin, openKeychainStorage, readKeychain } from '../../protocol/keychain.ts';
import { makeStatement } from '../../protocol/statement.ts';
import {
  admin,
  keychain,
  keychainFor,
  own,
  plain,
  recovery,
  storage,
  stranger,
} from '../support/vectors/keychain-cases.ts';
import { device } from '../support/vectors/people.ts';
import { readVectors } from '../support/vectors/vector-file.ts';

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

test('the golden keychain opens with the keys it was sealed to', async () => {
  const golden = readVectors('keychain').find(({ name }) => name === 'two-devices')!;
  const read = readKeychain(golden.bytes);
  assert.deepEqual(await openKeychainStorage(read, plain), storage);
  assert.deepEqual(await openKeychainAdmin(read, recovery), admin);
});
