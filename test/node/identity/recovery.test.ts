import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { isBitDustError } from '../../../protocol/errors.ts';
import { toHex } from '../../../protocol/hash.ts';
import { readIdentityFile } from '../../../protocol/identity-file.ts';
import { deviceIdFrom } from '../../../protocol/ids.ts';
import { entropyToPhrase } from '../../../protocol/phrase.ts';
import { createRecoveryWorld, type RecoveryWorld } from '../../support/recovery-world.ts';

// Now and then a socket of a stopped world outlives it; five seconds after the last test it no longer holds the run.
after(() => void setTimeout(() => process.exit(), 5_000).unref());

async function inWorld(run: (world: RecoveryWorld) => Promise<void>, suppliers = 3): Promise<void> {
  const world = await createRecoveryWorld({ suppliers });
  try {
    await run(world);
  } finally {
    await world.close();
  }
}

async function stored(world: RecoveryWorld, hired = world.suppliers): Promise<void> {
  await world.hire(1, hired);
  await world.writeVersion('photos', 1_700_000_000_000);
  for (const { node } of hired) await world.deliver(node);
}

test('the words alone bring back identity, keychain and logs, and put the new device beside the old one', () =>
  inWorld(async (world) => {
    const { alice, suppliers } = world;
    await stored(world);
    await alice.stop();
    const { recovered, store } = await world.recover();
    const result = await recovered;
    assert.deepEqual(result.missing, []);
    assert.deepEqual(result.suppliers, { known: 3, reachable: 3 });
    assert.deepEqual(result.log.heads(), alice.log.heads());
    assert.deepEqual(result.catalogue, { sets: 1, versions: 1, files: 3, bytes: 1000, newestAt: 1_700_000_000_000 });
    const { file, state, keys } = await store.load();
    assert.equal(toHex(file.person), toHex(alice.self.personKey));
    assert.equal(file.head.epoch, 1);
    assert.equal(file.head.revision, 2);
    assert.deepEqual(
      file.list.devices.map(({ key }) => deviceIdFrom(key)),
      [alice.self.device, result.device],
    );
    assert.equal(file.root.admins.length, 2);
    assert.equal(state.nickname, 'alice');
    assert.equal(state.wordsConfirmed, true);
    assert.equal(toHex(state.secrets[0]!.dedup), toHex(alice.self.secrets()[0]!.dedup));
    assert.equal(keys.device.length, 32);
    assert.deepEqual(
      state.rendezvous.map(({ index }) => index),
      [9, 10, 11, 12, 13, 14, 15, 16, 17],
      'pairs that no other device writes under',
    );
    for (const { node } of suppliers) {
      assert.equal(node.identities.get(alice.self.person)?.revision, 2, 'every supplier knows the new device');
    }
  }));

test('suppliers hold the new keychain and records afterwards, so that a second recovery stands on the first', () =>
  inWorld(async (world) => {
    const { alice, suppliers } = world;
    await stored(world);
    await alice.stop();
    const first = await (await world.recover()).recovered;
    assert.equal((await suppliers[0]!.pieces.document(alice.self.person, 'keychain'))?.version, 2);
    const { recovered, store } = await world.recover();
    const second = await recovered;
    assert.equal(second.identity.file.head.revision, 3);
    assert.equal(second.identity.file.list.devices.length, 3);
    assert.ok(second.identity.file.list.devices.some(({ key }) => deviceIdFrom(key) === first.device));
    assert.equal((await store.load()).state.rendezvous[0]?.index, 18);
  }));

test('who listed only the first device believes the whole chain of the new identity', () =>
  inWorld(async (world) => {
    await stored(world);
    await world.alice.stop();
    const { identity } = await (await world.recover()).recovered;
    assert.equal(readIdentityFile(identity.file.bytes, { person: world.alice.self.personKey }).roots.length, 2);
  }));

test('removal is open when every seat answered, and paused when one did not', () =>
  inWorld(async (world) => {
    await stored(world);
    await world.alice.stop();
    const whole = await (await world.recover()).recovered;
    const { recovery } = whole.identity.state;
    assert.ok(recovery && recovery.readOnlyUntil === recovery.recoveredAt);
    assert.deepEqual([recovery.newest.from, recovery.newest.of], [3, 3]);
    await world.suppliers[2]!.stop();
    const part = await (await world.recover()).recovered;
    assert.deepEqual(part.missing, []);
    assert.deepEqual(part.suppliers, { known: 3, reachable: 2 });
    const paused = part.identity.state.recovery;
    assert.ok(paused && paused.readOnlyUntil === paused.recoveredAt + 14 * 86_400_000);
  }));

test('below a majority of the seats the identity is back, and the suppliers are named as missing', () =>
  inWorld(async (world) => {
    await stored(world);
    await world.alice.stop();
    await world.suppliers[1]!.stop();
    await world.suppliers[2]!.stop();
    const result = await (await world.recover()).recovered;
    assert.deepEqual(result.missing, ['suppliers']);
    assert.deepEqual(result.suppliers, { known: 3, reachable: 1 });
  }));

test('the highest heads win, even when one supplier alone has them', () =>
  inWorld(async (world) => {
    await stored(world);
    await world.writeVersion('letters', 1_700_000_100_000);
    await world.deliver(world.suppliers[1]!.node);
    await world.alice.stop();
    const result = await (await world.recover()).recovered;
    assert.deepEqual(result.log.heads(), world.alice.log.heads());
    assert.equal(result.catalogue.sets, 2);
  }));

test('words of nobody are not found, and nothing is written', () =>
  inWorld(async (world) => {
    await stored(world);
    const { recovered, store, writes } = await world.recover(entropyToPhrase(new Uint8Array(32).fill(3)));
    await assert.rejects(recovered, (error) => isBitDustError(error, 'IDENTITY_NOT_FOUND'));
    assert.deepEqual(writes, []);
    assert.equal(await store.exists(), false);
  }));

test('a recovery that is interrupted writes no identity', () =>
  inWorld(async (world) => {
    await stored(world);
    const cancelled = AbortSignal.abort();
    const { recovered, store } = await world.recover(world.alice.phrase, { signal: cancelled });
    await assert.rejects(recovered, (error) => isBitDustError(error, 'CANCELLED'));
    assert.equal(await store.exists(), false);
  }));
