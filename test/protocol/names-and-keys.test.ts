import assert from 'node:assert/strict';
import { test } from 'node:test';
import { identityHolderTargets, nicknameTarget, roleTarget, rootHeadValue } from '../../protocol/directory-values.ts';
import { toHex } from '../../protocol/hash.ts';
import { isKeyFileLocked, lockedKeyFile, openKeyFile, plainKeyFile } from '../../protocol/key-file.ts';
import { isNickname, looksAlike } from '../../protocol/nickname-claim.ts';
import { openRecoveryRecord, sealRecoveryRecord } from '../../protocol/recovery-record.ts';
import { NETWORK, named, person } from '../support/vectors/people.ts';

const keys = { device: named('a'), admin: named('b'), seal: named('c') };
const randomness = new Uint8Array(40).fill(5);

test('a locked key file opens with its passphrase only, and the keys do not stand in it', () => {
  const locked = lockedKeyFile(keys, { passphrase: 'correct horse', randomness, costLog2: 14 });
  assert.ok(isKeyFileLocked(locked));
  assert.deepEqual(openKeyFile(locked, 'correct horse'), keys);
  assert.throws(() => openKeyFile(locked, 'correct house'), { code: 'PASSPHRASE_WRONG' });
  assert.throws(() => openKeyFile(locked), { code: 'PASSPHRASE_NEEDED' });
  for (const key of Object.values(keys)) assert.ok(!toHex(locked).includes(toHex(key)));
});

test('a plain key file needs no passphrase', () => {
  const plain = plainKeyFile(keys);
  assert.ok(!isKeyFileLocked(plain));
  assert.deepEqual(openKeyFile(plain), keys);
});

test('look-alike names are flagged, different ones are not', () => {
  const alike = [
    ['alice', 'a1ice'],
    ['alice', 'al-ice'],
    ['marnie', 'mamie'],
    ['bob', 'b0b'],
    ['caroline', 'carolne'],
    ['caroline', 'carloine'],
  ] as const;
  for (const [a, b] of alike) {
    assert.ok(looksAlike(a, b), `${a} ${b}`);
    assert.ok(looksAlike(b, a), `${b} ${a}`);
  }
  for (const [a, b] of [
    ['alice', 'alice'],
    ['alice', 'bob'],
    ['ann', 'ana'],
    ['caroline', 'catherine'],
  ] as const) {
    assert.ok(!looksAlike(a, b), `${a} ${b}`);
  }
});

test('a nickname has 3 to 32 of the allowed characters and nothing around them', () => {
  for (const good of ['bob', 'a-b_c', '0'.repeat(32)]) assert.ok(isNickname(good), good);
  for (const wrong of ['', 'ab', 'Bob', 'bob\n', ' bob', 'b b', 'bób', '0'.repeat(33)]) assert.ok(!isNickname(wrong));
});

test('targets differ by network, by person, role, shard and name', () => {
  const other = named('another network');
  const targets = [
    ...identityHolderTargets(NETWORK, person),
    ...identityHolderTargets(other, person),
    roleTarget(NETWORK, 'supplier', 0),
    roleTarget(NETWORK, 'supplier', 1),
    roleTarget(other, 'supplier', 0),
    roleTarget(NETWORK, 'bystander', 0),
    nicknameTarget(NETWORK, 'alice'),
    nicknameTarget(other, 'alice'),
  ].map(toHex);
  assert.equal(new Set(targets).size, targets.length);
});

test('a full root head stays within its 700 bytes', () => {
  const admins = Array.from({ length: 8 }, (_, index) => named(`admin ${index}`));
  const sources = [0, 1, 2].map((index) => ({ device: named(`${index}`), address: 'tcp://255.255.255.255:65535' }));
  assert.ok(rootHeadValue.encode({ epoch: 9, hash: named('h'), admins, sources }).length <= 700);
});

test('a recovery record keeps its length, and leaves out the last anchors when they do not fit', () => {
  const anchors = Array.from({ length: 8 }, (_, index) => ({
    device: named(`supplier ${index}`),
    address: `tcp://${'a'.repeat(80)}:7771`,
  }));
  const record = { network: NETWORK, person, family: 1, anchors, keychain: named('k'), heads: named('h') };
  const sealed = sealRecoveryRecord(record, named('pair'), new Uint8Array(16));
  assert.equal(sealed.length, 900);
  const opened = openRecoveryRecord(sealed, named('pair'));
  assert.ok(opened.anchors.length > 0 && opened.anchors.length < 8);
  assert.deepEqual(opened.anchors, anchors.slice(0, opened.anchors.length));
  assert.throws(() => openRecoveryRecord(sealed, named('another pair')), { code: 'SEAL_BROKEN' });
});
