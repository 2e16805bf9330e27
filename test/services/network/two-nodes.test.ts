import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { createNetworkWorld } from '../../support/network-world.ts';

let world: ReturnType<typeof createNetworkWorld>;
const options = { deadlineMs: 5_000, signal: new AbortController().signal };

beforeEach(() => {
  world = createNetworkWorld();
});
afterEach(() => world.close());

test('a node finds another by its presence record, greets it and pings it', { timeout: 20_000 }, async () => {
  const bob = await world.node('bob');
  const alice = await world.node('alice');
  await bob.network.publisher.published('presence', options.signal);
  await alice.heard('directory.joined');

  const { outcome, person, revision } = await alice.contacts.greet(bob.self.device);
  assert.deepEqual({ outcome, person, revision }, { outcome: 'shaken', person: bob.self.person, revision: 1 });
  assert.equal(bob.network.identities.personOf(alice.self.device), alice.self.person);
  assert.ok((await alice.messenger.ping(bob.self.device, options.signal)) >= 0);
  assert.deepEqual([...alice.failures, ...bob.failures], []);
});
