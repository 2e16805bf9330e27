import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PeerLinkPorts, peerLinkWith } from '../../../machines/network/peer-link.machine.ts';
import { never, runMachine } from '../../support/run-machine.ts';

const BOB = 'bdd1bob' as const;
const works: PeerLinkPorts = {
  handshake: async () => ({ deviceId: BOB }),
  probe: async () => ({ rttMs: 20 }),
  drainStreams: async () => undefined,
};

function run(ports: Partial<PeerLinkPorts> = {}) {
  const input = { link: 'in-1', peer: null, path: 'memory memory://bob:1', inbound: true };
  return runMachine(peerLinkWith({ ...works, ...ports }), { input });
}

test('a handshake opens the link and tells who it is', async () => {
  const { trace, facts, settle } = run();
  await settle();
  assert.deepEqual(trace, ['handshaking', '! link.opened', 'open.live']);
  assert.deepEqual(facts, [{ type: 'link.opened', peer: BOB, path: 'memory memory://bob:1', inbound: true }]);
});

for (const [name, handshake, after] of [
  ['a stranger', async () => undefined, 0],
  ['a broken handshake', async () => Promise.reject(new Error('x')), 0],
  ['a silent prober', never, 10_000],
] as const) {
  test(`nobody hears of ${name}`, async () => {
    const { facts, state, advance } = run({ handshake });
    await advance(after);
    assert.deepEqual([facts, state()], [[], 'refused']);
  });
}

test('a quiet link is probed every 25 s, and closed as unused after ten minutes', async () => {
  let probes = 0;
  const { trace, advance } = run({
    probe: async () => {
      probes += 1;
      return { rttMs: 1 };
    },
  });
  await advance(11 * 60_000);
  assert.equal(probes, 24);
  assert.deepEqual(trace.slice(-3), ['draining', '! link.closed', 'closed']);
});

test('a held link stays, and closes when it is released', async () => {
  const { state, send, advance, settle } = run();
  await settle();
  await send({ type: 'hold' });
  await advance(3_600_000);
  assert.equal(state().startsWith('open'), true);
  await send({ type: 'release' });
  await advance(30_000);
  assert.equal(state(), 'closed');
});

test('activity starts the ten minutes anew', async () => {
  const { state, send, advance, settle } = run();
  await settle();
  await advance(9 * 60_000);
  await send({ type: 'noteActivity' });
  assert.equal(state(), 'open.live');
  await advance(9 * 60_000);
  assert.equal(state().startsWith('open'), true);
});

test('three silent probes close the link', async () => {
  const { facts, advance } = run({ probe: never });
  await advance(25_000 + 14_999);
  assert.equal(facts.length, 1);
  await advance(1);
  assert.deepEqual(facts.at(-1), { type: 'link.closed', peer: BOB, cause: 'silent' });
});

test('waking up probes at once', async () => {
  const { state, send, settle } = run({ probe: never });
  await settle();
  await send({ type: 'host.woke' });
  assert.equal(state(), 'open.probing');
});

test('a broken session is told at once, with its cause', async () => {
  const { facts, state, send, settle } = run();
  await settle();
  await send({ type: 'lose', cause: 'broken' });
  assert.deepEqual(facts.at(-1), { type: 'link.closed', peer: BOB, cause: 'broken' });
  assert.equal(state(), 'closed');
});

test('draining waits for what is under way, but not for ever', async () => {
  const { state, send, advance, settle } = run({ drainStreams: never });
  await settle();
  await send({ type: 'drain' });
  assert.equal(state(), 'draining');
  await advance(5_000);
  assert.equal(state(), 'closed');
});
