import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeDeviceList } from '../../protocol/device-list.ts';
import {
  compareHeads,
  judgeIdentity,
  listsDevice,
  makeIdentityFile,
  readIdentityFile,
} from '../../protocol/identity-file.ts';
import { isOwnershipProof, proveOwnership } from '../../protocol/ownership-proof.ts';
import { recoverySeed, rendezvousSeed, rootSeed } from '../../protocol/recovery-keys.ts';
import { makeRootStatement } from '../../protocol/root-statement.ts';
import * as who from '../support/vectors/people.ts';

const { admin, alice, list1, list2, list3, listBody, root0, root1, rootBody } = who;
const first = makeIdentityFile([root0], [list1]);
const second = makeIdentityFile([root0], [list1, list2]);
const rotated = makeIdentityFile([root0, root1], [list3]);

test('a newer state replaces an older one, the same changes nothing, an older one is refused', () => {
  assert.equal(judgeIdentity(undefined, first), 'newer');
  assert.equal(judgeIdentity(first, second), 'newer');
  assert.equal(judgeIdentity(first, rotated), 'newer');
  assert.equal(judgeIdentity(second, second), 'same');
  assert.throws(() => judgeIdentity(second, first), { code: 'IDENTITY_OLD' });
  assert.throws(() => judgeIdentity(rotated, second), { code: 'IDENTITY_OLD' });
});

test('a higher epoch wins over a higher revision', () => {
  const list9 = { epoch: 0, revision: 9 };
  assert.ok(compareHeads({ epoch: 1, revision: 3 }, list9) > 0);
});

test('two lists of one revision are a fork, whichever is offered', () => {
  const other = makeDeviceList(listBody({ revision: 2, prev: list1.hash, issued: who.ISSUED + 1 }), admin);
  const forked = makeIdentityFile([root0], [list1, other]);
  const longer = makeDeviceList(listBody({ revision: 3, prev: other.hash }), admin);
  assert.throws(() => judgeIdentity(second, forked), { code: 'IDENTITY_FORKED' });
  assert.throws(() => judgeIdentity(forked, second), { code: 'IDENTITY_FORKED' });
  assert.throws(() => judgeIdentity(second, makeIdentityFile([root0], [list1, other, longer])), {
    code: 'IDENTITY_FORKED',
  });
});

test('two root statements of one epoch are a fork even when the newer epoch is higher', () => {
  const otherRoot0 = makeRootStatement(rootBody(0, { issued: who.ISSUED + 5 }), alice.root[0]!);
  assert.throws(() => judgeIdentity(makeIdentityFile([otherRoot0], [list1]), rotated), { code: 'IDENTITY_FORKED' });
});

test('a file of another person is refused when a certain one was asked for', () => {
  assert.throws(() => readIdentityFile(first.bytes, { person: who.named('bob') }), { code: 'IDENTITY_INVALID' });
  assert.deepEqual(readIdentityFile(first.bytes, { person: who.person }).head, first.head);
});

test('a device is known in the newest list and in the revisions the file has', () => {
  const bob = who.keyOf('second device');
  const both = [...listBody().devices, { key: bob.publicKey, seal: who.sealKeyOf('b'), added: who.ISSUED }];
  const grown = makeDeviceList(listBody({ revision: 2, prev: list1.hash, devices: both }), admin);
  const file = makeIdentityFile([root0], [list1, grown]);
  assert.ok(listsDevice(file, bob.publicKey));
  assert.ok(!listsDevice(file, bob.publicKey, 1));
  assert.ok(listsDevice(file, who.device.publicKey, 1));
  assert.ok(!listsDevice(file, who.device.publicKey, 7));
});

test('twenty devices fit one list and its file', () => {
  const devices = Array.from({ length: 20 }, (_, index) => ({
    key: who.named(`device ${index}`),
    seal: who.sealKeyOf(`${index}`),
    added: who.ISSUED,
  }));
  const file = makeIdentityFile([root0], [makeDeviceList(listBody({ devices }), admin)]);
  assert.ok(file.bytes.length < 32 * 1024);
});

test('a proof of ownership holds for its challenge only', () => {
  const challenge = {
    network: who.NETWORK,
    person: who.person,
    epoch: 0,
    supplier: who.named('supplier'),
    device: who.named('new device'),
    nonce: who.named('nonce'),
    exporter: who.named('session'),
  };
  const proof = proveOwnership(challenge, alice.root[0]!);
  const root = alice.root[0]!.publicKey;
  assert.ok(isOwnershipProof(challenge, root, proof));
  for (const field of ['network', 'person', 'supplier', 'device', 'nonce', 'exporter'] as const) {
    assert.ok(!isOwnershipProof({ ...challenge, [field]: who.named('another') }, root, proof), field);
  }
  assert.ok(!isOwnershipProof({ ...challenge, epoch: 1 }, root, proof));
  assert.ok(!isOwnershipProof(challenge, alice.root[1]!.publicKey, proof));
});

test('no two keys derived from the words are equal', () => {
  const seeds = [0, 1, 2].flatMap((index) => [rootSeed(who.ENTROPY, index), rendezvousSeed(who.ENTROPY, index)]);
  const all = [...seeds, recoverySeed(who.ENTROPY)].map((seed) => Buffer.from(seed).toString('hex'));
  assert.equal(new Set(all).size, 7);
});
