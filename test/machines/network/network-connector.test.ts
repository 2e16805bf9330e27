import assert from 'node:assert/strict';
import { test } from 'node:test';
import { initialTransition, transition } from 'xstate';
import {
  type NetworkConnectorPorts,
  networkConnectorMachine,
  networkConnectorWith,
} from '../../../machines/network/network-connector.machine.ts';
import { never, runMachine } from '../../support/run-machine.ts';

const works: NetworkConnectorPorts = {
  listInterfaces: async () => ({ usable: 1 }),
  wakeTransports: async () => ({ listening: 1 }),
  probePeers: async () => ({ asked: 1, reached: 1 }),
};

function run(ports: Partial<NetworkConnectorPorts> = {}) {
  return runMachine(networkConnectorWith({ ...works, ...ports }), { input: { seed: 1 } });
}

test('interfaces and a listening transport make the network connected, before any peer is asked', async () => {
  const { trace, settle } = run({ probePeers: never });
  await settle();
  assert.deepEqual(trace, ['checking.listing', 'startingTransports', '! network.connected', 'connected.probing']);
});

test('a node that knows nobody to ask stays connected', async () => {
  const { state, advance } = run({ probePeers: async () => ({ asked: 0, reached: 0 }) });
  await advance(3_600_000);
  assert.equal(state(), 'connected.resting');
});

test('one silent round is only doubt, two in a row are an outage', async () => {
  const { trace, advance } = run({ probePeers: async () => ({ asked: 3, reached: 0 }) });
  await advance(2_000);
  const said = trace.filter((line) => line.startsWith('!'));
  assert.deepEqual(said.slice(0, 3), ['! network.connected', '! network.impaired', '! network.disconnected']);
});

test('without an interface it is offline, and a new interface brings it back after the settle delay', async () => {
  let usable = 0;
  const { trace, state, send, advance, settle } = run({ listInterfaces: async () => ({ usable }) });
  await settle();
  assert.equal(state(), 'offline');
  usable = 1;
  await send({ type: 'interfaces.changed' });
  await advance(1_999);
  assert.equal(state(), 'checking.settling');
  await advance(1);
  assert.equal(state(), 'connected.resting');
  assert.deepEqual(
    trace.filter((line) => line.startsWith('!')),
    ['! network.disconnected', '! network.connected'],
  );
});

test('waking up checks at once, without any delay', async () => {
  const { trace, send, settle } = run();
  await settle();
  trace.length = 0;
  await send({ type: 'host.woke' });
  assert.deepEqual(trace.slice(0, 2), ['checking.listing', 'startingTransports']);
});

test('offline retries come further and further apart', async () => {
  let looks = 0;
  const { advance } = run({
    listInterfaces: async () => {
      looks += 1;
      return { usable: 0 };
    },
  });
  await advance(3_600_000);
  assert.ok(looks > 8 && looks < 60, `${looks} looks in an hour`);
});

test('a link ends the doubt at once', async () => {
  const { state, send, settle } = run({ probePeers: async () => ({ asked: 1, reached: 0 }) });
  await settle();
  assert.equal(state(), 'impaired.resting');
  await send({ type: 'link.opened', peer: 'bdd1x', path: 'memory', inbound: true });
  assert.equal(state(), 'connected.resting');
});

test('every state hears stop', () => {
  const [initial] = initialTransition(networkConnectorMachine, { seed: 1 });
  const [next] = transition(networkConnectorMachine, initial, { type: 'stop' });
  assert.equal(next.value, 'stopped');
});
