import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DirectoryMemberPorts, directoryMemberWith } from '../../../machines/network/directory-member.machine.ts';
import { never, runMachine } from '../../support/run-machine.ts';

function run(ports: Partial<DirectoryMemberPorts> = {}, connected = true) {
  const works: DirectoryMemberPorts = {
    join: async () => ({ neighbours: 20 }),
    health: async () => ({ neighbours: 20, known: 20 }),
  };
  return runMachine(directoryMemberWith({ ...works, ...ports }), { input: { seed: 1, connected } });
}

test('it joins as soon as there is a network', async () => {
  const { trace, send, settle } = run({}, false);
  await settle();
  assert.deepEqual(trace, ['alone']);
  await send({ type: 'network.connected' });
  assert.deepEqual(trace, ['alone', 'joining', '! directory.joined', 'joined.resting']);
});

test('a failed join is tried again, and a link or a sighting tries at once', async () => {
  let joins = 0;
  const { state, send, advance } = run({
    join: async () => {
      joins += 1;
      if (joins < 4) throw new Error('nobody');
      return { neighbours: 1 };
    },
  });
  await advance(0);
  assert.deepEqual([state(), joins], ['alone', 1]);
  await send({ type: 'link.opened', peer: 'bdd1x', path: 'x', inbound: true });
  assert.equal(joins, 2);
  await advance(60_000);
  assert.equal(state().startsWith('joined'), true);
});

test('a hanging join ends by its deadline', async () => {
  const { trace, advance } = run({ join: never });
  await advance(20_000);
  assert.equal(trace.at(-1), 'alone');
});

test('below eight neighbours it is thin, unless the network is no larger', async () => {
  let health = { neighbours: 7, known: 7 };
  const { state, trace, advance } = run({ health: async () => health });
  await advance(400_000);
  assert.equal(state(), 'joined.resting');
  health = { neighbours: 7, known: 9 };
  await advance(400_000);
  assert.ok(trace.includes('! directory.thinned'));
  health = { neighbours: 8, known: 9 };
  await advance(400_000);
  assert.equal(state().startsWith('joined'), true);
});

test('when nobody answers any more it joins anew', async () => {
  let joins = 0;
  const { advance } = run({
    join: async () => {
      joins += 1;
      return { neighbours: 3 };
    },
    health: async () => Promise.reject(new Error('nobody')),
  });
  await advance(600_000);
  assert.ok(joins >= 2);
});

test('an outage leaves the directory, the network coming back joins at once', async () => {
  const { trace, send, settle } = run();
  await settle();
  trace.length = 0;
  await send({ type: 'network.disconnected' });
  await send({ type: 'network.connected' });
  assert.deepEqual(trace, ['! directory.left', 'alone', 'joining', '! directory.joined', 'joined.resting']);
});
