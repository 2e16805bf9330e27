import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { createNetworkWorld, type NetworkNode } from '../../support/network-world.ts';

let world: ReturnType<typeof createNetworkWorld>;
let bob: NetworkNode;
let alice: NetworkNode;
const options = { deadlineMs: 10_000, signal: new AbortController().signal };

beforeEach(async () => {
  world = createNetworkWorld();
  bob = await world.node('bob');
  alice = await world.node('alice');
  await alice.heard('directory.joined');
  await bob.network.publisher.published('presence', options.signal);
});
afterEach(() => world.close());

test('a node finds another by its presence record, greets it and pings it', { timeout: 20_000 }, async () => {
  const { outcome, person, revision } = await alice.contacts.greet(bob.self.device);
  assert.deepEqual({ outcome, person, revision }, { outcome: 'shaken', person: bob.self.person, revision: 1 });
  assert.equal(bob.network.identities.personOf(alice.self.device), alice.self.person);
  assert.ok((await alice.messenger.ping(bob.self.device, options.signal)) >= 0);
  assert.deepEqual([...alice.failures, ...bob.failures], []);
});

test('a role announced by one is found by another', { timeout: 20_000 }, async () => {
  bob.network.roles.announceRole('supplier');
  await bob.network.publisher.published('role:supplier', options.signal);
  const asked = { count: 3, signal: options.signal };
  const found = await alice.network.roles.lookUpRole('supplier', { ...asked, except: [] });
  assert.deepEqual(found, [bob.self.device]);
  assert.deepEqual(await alice.network.roles.lookUpRole('supplier', { ...asked, except: found }), []);
});

test('an identity nobody met comes from one who knows it', { timeout: 20_000 }, async () => {
  const carol = await world.node('carol');
  await carol.heard('directory.joined');
  await carol.contacts.greet(bob.self.device);
  const payload = { person: carol.self.personKey, known: null };
  const answer = await alice.messenger.request(bob.self.device, 'FindIdentity', payload, options);
  const [stream] = answer.streams;
  const known = await alice.network.identities.accept((await stream?.collect(64 * 1024)) as Uint8Array);
  assert.equal(known.person, carol.self.person);
  await assert.rejects(
    alice.messenger.request(bob.self.device, 'FindIdentity', { ...payload, person: new Uint8Array(32) }, options),
    { code: 'IDENTITY_NOT_FOUND' },
  );
});

test('two who dial each other at once come to use one link', { timeout: 20_000 }, async () => {
  for (const node of [alice, bob]) await node.network.publisher.published('presence', options.signal);
  const greeted = [alice.contacts.greet(bob.self.device), bob.contacts.greet(alice.self.device)];
  for (const { outcome } of await Promise.all(greeted)) assert.equal(outcome, 'shaken');
  const payload = { person: bob.self.personKey, known: null };
  await alice.messenger.request(bob.self.device, 'FindIdentity', payload, options);
  await bob.messenger.request(alice.self.device, 'FindIdentity', payload, options);
});

test('a request whose session breaks is answered over the next one', { timeout: 20_000 }, async () => {
  const release = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  let times = 0;
  bob.messenger.handle('FindNickname', async () => {
    times += 1;
    asked.resolve();
    await release.promise;
    return { payload: { claims: [] } };
  });
  const answer = alice.messenger.request(bob.self.device, 'FindNickname', { name: 'bobby' }, options);
  await asked.promise;
  world.wires.crash('alice');
  await alice.heard('link.closed');
  release.resolve();
  assert.deepEqual((await answer).payload, { claims: [] });
  assert.equal(times, 1);
});

test('presence follows words and their absence', { timeout: 20_000 }, async () => {
  const end = alice.contacts.watch(bob.self.device, true);
  await alice.heard('contact.came-online');
  assert.equal(alice.contacts.isOnline(bob.self.device), true);
  assert.equal(alice.contacts.absentSince(bob.self.device), null);
  await bob.stop();
  await alice.heard('contact.went-offline');
  assert.equal(alice.contacts.isOnline(bob.self.device), false);
  assert.ok((alice.contacts.absentSince(bob.self.device) ?? 0) > 0);
  end();
});

test('an outage of our own changes nobody’s presence', { timeout: 20_000 }, async () => {
  alice.contacts.watch(bob.self.device, true);
  await alice.heard('contact.came-online');
  alice.plug(false);
  await alice.heard('network.disconnected');
  world.wires.crash('bob');
  await alice.heard('link.closed');
  assert.equal(alice.contacts.isOnline(bob.self.device), true);
  assert.equal(alice.facts.filter(({ type }) => type === 'contact.went-offline').length, 0);
});

test('a peer that nobody knows is unreachable, and left alone for a while', { timeout: 20_000 }, async () => {
  const stranger = (await world.rawLink('mallory', bob)).self.device;
  const request = () => alice.messenger.request(stranger, 'FindNickname', { name: 'nobody' }, options);
  await assert.rejects(request(), { code: 'PEER_UNREACHABLE' });
  await assert.rejects(request(), (error: { details: { retryMs?: number } }) => (error.details.retryMs ?? 0) > 0);
  const linked = { ...options, policy: 'linked' } as const;
  await assert.rejects(alice.messenger.request(stranger, 'FindNickname', { name: 'x' }, linked), {
    code: 'PEER_UNREACHABLE',
  });
});
