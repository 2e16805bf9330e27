import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rootHeadValue } from '../../../protocol/directory-values.ts';
import { isBitDustError } from '../../../protocol/errors.ts';
import { toHex } from '../../../protocol/hash.ts';
import { phraseToEntropy } from '../../../protocol/phrase.ts';
import { rendezvousSeed } from '../../../protocol/recovery-keys.ts';
import { openRecoveryRecord } from '../../../protocol/recovery-record.ts';
import { parseSignedRecords } from '../../../protocol/signed-records.ts';
import { createIdentityWorld } from '../../support/identity-world.ts';

const signal = AbortSignal.timeout(30_000);

async function inWorld(run: (world: ReturnType<typeof createIdentityWorld>) => Promise<void>): Promise<void> {
  const world = createIdentityWorld();
  try {
    await run(world);
  } finally {
    await world.close();
  }
}

test('who claims a nickname is found by others, with the claim of his own device', () =>
  inWorld(async (world) => {
    const alice = await world.node('alice', { nickname: 'alice' });
    const bob = await world.node('bob', { nickname: 'bobby' });
    await alice.heard('nickname.held');
    const { claims, flooded } = await bob.identity.find('alice', signal);
    assert.deepEqual(
      claims.map(({ person, lookAlike }) => ({ person, lookAlike })),
      [{ person: alice.self.person, lookAlike: false }],
    );
    assert.equal(flooded, false);
    assert.deepEqual(alice.failures, []);
    assert.deepEqual(bob.failures, []);
  }));

test('a second claim of a name is a contest that both are told of, and a search shows both', () =>
  inWorld(async (world) => {
    const first = await world.node('first', { nickname: 'alice' });
    await first.heard('nickname.held');
    const second = await world.node('second', { nickname: 'alice' });
    await second.heard('nickname.contested', (fact) => fact.claims === 2);
    const { claims } = await second.identity.find('alice', signal);
    assert.deepEqual(new Set(claims.map(({ person }) => person)), new Set([first.self.person, second.self.person]));
    assert.equal(claims.find(({ person }) => person === first.self.person)?.lookAlike, true, 'it bears our own name');
  }));

test('a name nobody claims is not found, and one that is none is refused', () =>
  inWorld(async (world) => {
    const alice = await world.node('alice');
    await alice.heard('directory.joined');
    await assert.rejects(alice.identity.find('nobody', signal), (error) => isBitDustError(error, 'NICKNAME_NOT_FOUND'));
    await assert.rejects(alice.identity.find('No Name', signal), (error) => isBitDustError(error, 'NICKNAME_INVALID'));
  }));

test('root head and recovery record stand in the directory, and the document for suppliers holds them as signed', () =>
  inWorld(async (world) => {
    const alice = await world.node('alice');
    const bob = await world.node('bob');
    await alice.heard('record.published', ({ record }) => record === 'root-head');
    await alice.heard('record.published', ({ record }) => record === 'recovery');
    const head = await bob.directory.get(alice.self.personKey, signal);
    assert.ok(head);
    assert.deepEqual(rootHeadValue.decode(head.record.value).hash, alice.self.file().root.hash);
    const seed = rendezvousSeed(phraseToEntropy(alice.phrase), 0);
    const kept = alice.publisher.signedRecords().find(({ name }) => name === 'recovery');
    assert.ok(kept);
    const found = await bob.directory.get(kept.record.publicKey, signal);
    assert.ok(found);
    assert.deepEqual(openRecoveryRecord(found.record.value, seed).person, alice.self.personKey);
    const names = alice.identity.documents().map(({ name }) => name);
    assert.deepEqual(names, ['identity', 'keychain', 'records']);
    const document = parseSignedRecords(alice.identity.documents()[2]!.bytes);
    assert.equal(document.owner, alice.self.person);
    const keys = document.records.map(({ publicKey }) => toHex(publicKey));
    assert.ok(keys.includes(toHex(alice.self.personKey)), 'the root head');
    assert.ok(!keys.includes(toHex(alice.self.deviceKey)), 'presence is nothing that others keep');
  }));

test('the words of the identity are confirmed, and those of another are not', () =>
  inWorld(async (world) => {
    const alice = await world.node('alice');
    const bob = await world.node('bob');
    await assert.rejects(alice.identity.confirmWords(bob.phrase.split(' ')), (error) =>
      isBitDustError(error, 'PHRASE_DIFFERS'),
    );
    assert.equal((await alice.store.loadPublic()).state.wordsConfirmed, false);
    await alice.identity.confirmWords(alice.phrase.split(' '));
    assert.equal((await alice.store.loadPublic()).state.wordsConfirmed, true);
  }));
