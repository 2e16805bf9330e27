import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { realRandom } from '../../../node/worlds/random.ts';
import { VirtualClock } from '../../../node/worlds/virtual-clock.ts';
import { isBitDustError } from '../../../protocol/errors.ts';
import { toHex } from '../../../protocol/hash.ts';
import { openKeychainAdmin, openKeychainStorage, readKeychain } from '../../../protocol/keychain.ts';
import { phraseToEntropy } from '../../../protocol/phrase.ts';
import { recoverySeed, rendezvousSeed } from '../../../protocol/recovery-keys.ts';
import { createIdentityStore } from '../../../services/identity/identity-store.ts';
import { makeIdentity } from '../../../services/identity/make-identity.ts';
import { openSelf } from '../../../services/identity/self.ts';
import { createRealDisk } from '../../../storage/disk/real.ts';
import { makeHyperdhtRecord } from '../../../transports/hyperdht/make-record.ts';
import { createSealing } from '../../../transports/session/sealing.ts';
import { createSignerFactory } from '../../../transports/session/signer.ts';

const needs = {
  random: realRandom(),
  clock: new VirtualClock(),
  signer: createSignerFactory(),
  sealing: createSealing(),
  makeRecord: makeHyperdhtRecord,
};
const networkId = new Uint8Array(32).fill(7);

async function inHome(run: (files: { identity: string; keys: string }) => Promise<void>): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), 'bitdust-self-'));
  try {
    await run({ identity: join(home, 'identity'), keys: join(home, 'keys') });
  } finally {
    rmSync(home, { recursive: true });
  }
}

test('an identity that was made is the same after it was read from its home', () =>
  inHome(async (files) => {
    const store = createIdentityStore({ disk: createRealDisk(), files });
    const made = await makeIdentity(needs, { nickname: 'alice' });
    assert.equal(await store.exists(), false);
    await store.create(made, { randomBytes: needs.random.bytes });
    assert.equal(await store.exists(), true);
    const first = await openSelf({ ...needs, store, networkId, loaded: await store.load() });
    const again = await openSelf({ ...needs, store, networkId, loaded: await store.load() });
    assert.equal(again.person, first.person);
    assert.equal(again.device, first.device);
    assert.equal(toHex(again.keychain().bytes), toHex(first.keychain().bytes));
    assert.equal(again.keychain().version, 1);
    assert.equal(statSync(join(files.keys, 'device.key')).mode & 0o777, 0o600);
    assert.equal(statSync(files.keys).mode & 0o777, 0o700);
  }));

test('the words alone open the keychain and give the same rendezvous pairs', () =>
  inHome(async (files) => {
    const store = createIdentityStore({ disk: createRealDisk(), files });
    const made = await makeIdentity(needs, { nickname: null });
    await store.create(made, { randomBytes: needs.random.bytes });
    const self = await openSelf({ ...needs, store, networkId, loaded: await store.load() });
    const entropy = phraseToEntropy(made.phrase);
    const recovery = await needs.sealing.xWingKey(recoverySeed(entropy));
    const keychain = readKeychain(self.keychain().bytes);
    const storage = await openKeychainStorage(keychain, recovery);
    assert.equal(toHex(storage.secrets[0]!.dedup), toHex(self.secrets()[0]!.dedup));
    const admin = await openKeychainAdmin(keychain, recovery);
    assert.equal(toHex(admin.rendezvous[8]!.seed), toHex(rendezvousSeed(entropy, 8)));
  }));

test('a key file under a passphrase opens with it alone', () =>
  inHome(async (files) => {
    const store = createIdentityStore({ disk: createRealDisk(), files });
    const made = await makeIdentity(needs, { nickname: null });
    await store.create(made, { passphrase: 'correct horse', randomBytes: needs.random.bytes });
    await assert.rejects(store.load(), (error) => isBitDustError(error, 'PASSPHRASE_NEEDED'));
    await assert.rejects(store.load('wrong'), (error) => isBitDustError(error, 'PASSPHRASE_WRONG'));
    assert.equal(toHex((await store.load('correct horse')).keys.seal), toHex(made.keys.seal));
  }));

test('a home without an identity says so', () =>
  inHome(async (files) => {
    const store = createIdentityStore({ disk: createRealDisk(), files });
    await assert.rejects(store.load(), (error) => isBitDustError(error, 'IDENTITY_MISSING'));
    await assert.rejects(store.loadPublic(), (error) => isBitDustError(error, 'IDENTITY_MISSING'));
  }));
