import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PeerConnectorPorts, peerConnectorWith } from '../../../machines/network/peer-connector.machine.ts';
import { never, runMachine } from '../../support/run-machine.ts';

const BOB = 'bdd1bob' as const;
const works: PeerConnectorPorts = {
  resolvePeer: async () => ({ addresses: ['tcp://10.0.0.2:7771'] }),
  raceDials: async ({ ways }) => ({ path: ways[0] as string }),
};

function run(ports: Partial<PeerConnectorPorts> = {}) {
  return runMachine(peerConnectorWith({ ...works, ...ports }), { input: { peer: BOB } });
}

test('addresses are found, dialled, and the path is told', async () => {
  const { trace, facts, actor, settle } = run();
  await settle();
  assert.deepEqual(trace, ['resolving', 'racing', '! peer.connected', 'direct']);
  assert.deepEqual(facts, [{ type: 'peer.connected', peer: BOB, path: 'tcp://10.0.0.2:7771' }]);
  assert.deepEqual(actor.getSnapshot().output, { outcome: 'direct', reason: null });
});

test('no more than eight ways are dialled', async () => {
  const addresses = Array.from({ length: 20 }, (_, at) => `tcp://10.0.0.2:${at}`);
  let dialled = 0;
  const { settle } = run({
    resolvePeer: async () => ({ addresses }),
    raceDials: async ({ ways }) => {
      dialled = ways.length;
      return { path: 'x' };
    },
  });
  await settle();
  assert.equal(dialled, 8);
});

for (const [name, ports, after, reason] of [
  ['nobody knows an address', { resolvePeer: async () => ({ addresses: [] }) }, 0, 'no-address'],
  ['the look-up fails', { resolvePeer: async () => Promise.reject(new Error('x')) }, 0, 'no-address'],
  ['the look-up hangs', { resolvePeer: never }, 5_000, 'no-address'],
  ['no address answers', { raceDials: async () => Promise.reject(new Error('x')) }, 0, 'no-answer'],
  ['the dials hang', { raceDials: never }, 10_000, 'no-answer'],
] as const) {
  test(`the peer is unreachable when ${name}`, async () => {
    const { facts, actor, advance } = run(ports);
    await advance(after);
    assert.deepEqual(facts, [{ type: 'peer.unreachable', peer: BOB, reason }]);
    assert.deepEqual(actor.getSnapshot().output, { outcome: 'unreachable', reason });
  });
}

test('our own outage ends the run with its own reason', async () => {
  const { facts, send, settle } = run({ raceDials: never });
  await settle();
  await send({ type: 'network.disconnected' });
  assert.deepEqual(facts, [{ type: 'peer.unreachable', peer: BOB, reason: 'network-down' }]);
});

test('a sighting looks the addresses up anew', async () => {
  const { trace, send, settle } = run({ raceDials: never });
  await settle();
  await send({ type: 'peer.sighted', peer: BOB });
  assert.deepEqual(trace, ['resolving', 'racing', 'resolving', 'racing']);
});

test('cancelling ends it without a fact', async () => {
  const { facts, state, send } = run({ resolvePeer: never });
  await send({ type: 'cancel' });
  assert.deepEqual([facts, state()], [[], 'cancelled']);
});
