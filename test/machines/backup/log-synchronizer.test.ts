import assert from 'node:assert/strict';
import { test } from 'node:test';
import { logSynchronizerWith } from '../../../machines/backup/log-synchronizer.machine.ts';
import type { LogSynchronizerPorts, PushedEntries } from '../../../machines/backup/log-synchronizer.ports.ts';
import { deviceOf, OWNER } from '../../support/log-writer.ts';
import { never, runMachine } from '../../support/run-machine.ts';

const device = deviceOf(10);
const PUSHED: PushedEntries = { seats: 3, quorum: true, caughtUp: [], canShrink: false };

function run(ports: Partial<LogSynchronizerPorts> = {}, { forked = false } = {}) {
  return runMachine(
    logSynchronizerWith({
      fetchHeads: async () => ({ asked: 3, answered: 3, newer: 0, withheld: [] }),
      pullEntries: async () => ({ applied: 1, left: 0, forked: false, device, kinds: ['document'] }),
      appendEntries: async () => ({ kinds: ['document'] }),
      pushEntries: async () => PUSHED,
      writeCheckpoint: async () => ({ wrote: true }),
      ...ports,
    }),
    { input: { owner: OWNER, device, forked, seed: 7 } },
  );
}

test('it pulls, pushes and rests in sync; an append is announced and pushed at once', async () => {
  const { trace, settle, send } = run();
  await settle();
  await send({ type: 'append', kinds: ['open'] });
  assert.deepEqual(trace, [
    'pulling',
    'pushing',
    '! log.in-sync',
    'inSync',
    '! log.changed',
    'pushing',
    '! log.in-sync',
    'inSync',
  ]);
});

test('newer entries are read log by log before anything is pushed', async () => {
  let left = 2;
  const { trace, settle } = run({
    fetchHeads: async () => ({ asked: 3, answered: 1, newer: 2, withheld: [deviceOf(20)] }),
    pullEntries: async () => ({ applied: 1, left: --left, forked: false, device, kinds: ['document'] }),
  });
  await settle();
  assert.deepEqual(trace, [
    'pulling',
    '! log.withheld',
    'reading',
    '! log.changed',
    '! log.changed',
    'pushing',
    '! log.in-sync',
    'inSync',
  ]);
});

test('when no seat answers it says so and tries again with growing waits', async () => {
  const { trace, settle, advance } = run({
    fetchHeads: async () => ({ asked: 3, answered: 0, newer: 0, withheld: [] }),
  });
  await settle();
  assert.deepEqual(trace, ['pulling', '! log.unavailable', 'unknown']);
  await advance(3_600_000);
  assert.ok(trace.filter((state) => state === 'pulling').length > 5);
});

test('heads that never come, a push that never ends and a checkpoint that hangs all have their deadlines', async () => {
  const heads = run({ fetchHeads: never });
  await heads.advance(20_000);
  assert.equal(heads.state(), 'unknown');
  const push = run({ pushEntries: never });
  await push.advance(60_000);
  assert.equal(push.state(), 'ahead');
  const checkpoint = run({ pushEntries: async () => ({ ...PUSHED, canShrink: true }), writeCheckpoint: never });
  await checkpoint.settle();
  assert.equal(checkpoint.state(), 'checkpointing');
  await checkpoint.advance(300_000);
  assert.equal(checkpoint.state(), 'inSync');
});

test('a port that fails takes the road of a time-out', async () => {
  const fail = () => Promise.reject(new Error('disk'));
  const reading = run({
    fetchHeads: async () => ({ asked: 1, answered: 1, newer: 1, withheld: [] }),
    pullEntries: fail,
  });
  await reading.settle();
  assert.equal(reading.state(), 'inSync');
  const heads = run({ fetchHeads: fail });
  await heads.settle();
  assert.equal(heads.state(), 'unknown');
  const push = run({ pushEntries: fail });
  await push.settle();
  assert.equal(push.state(), 'ahead');
});

test('edits are gathered for two seconds, then written and pushed', async () => {
  const { trace, settle, send, advance } = run();
  await settle();
  trace.length = 0;
  await send({ type: 'document.changed', document: 'settings' });
  await advance(1_999);
  assert.deepEqual(trace, ['gathering']);
  await advance(1);
  assert.deepEqual(trace, ['gathering', 'appending', '! log.changed', 'pushing', '! log.in-sync', 'inSync']);
});

test('a fork is announced once, storing goes on, and the user’s decision ends it', async () => {
  let forked = true;
  const { trace, state, settle, send } = run({
    fetchHeads: async () => ({ asked: 3, answered: 3, newer: forked ? 1 : 0, withheld: [] }),
    pullEntries: async () => ({ applied: 0, left: 0, forked: true, device, kinds: [] }),
  });
  await settle();
  assert.equal(state(), 'forked');
  await send({ type: 'append', kinds: ['open'] });
  await send({ type: 'pull' });
  assert.equal(state(), 'forked');
  assert.equal(trace.filter((one) => one === '! log.forked').length, 1);
  forked = false;
  await send({ type: 'resolveFork' });
  assert.equal(state(), 'inSync');
});

test('without seats it is alone until the family changes', async () => {
  let seats = 0;
  const { state, settle, send } = run({
    fetchHeads: async () => ({ asked: seats, answered: seats, newer: 0, withheld: [] }),
    pushEntries: async () => ({ ...PUSHED, seats, quorum: seats > 0 }),
  });
  await settle();
  assert.equal(state(), 'alone');
  seats = 1;
  await send({ type: 'suppliers.changed', version: 1, seats: 1 });
  assert.equal(state(), 'inSync');
});

test('no fact that matters is lost in any state: each leads to another pull or push', async () => {
  const facts = [
    { type: 'log.noticed', owner: OWNER, from: deviceOf(20) },
    { type: 'supplier.connected', owner: OWNER, supplier: deviceOf(20), bytes: 1 },
    { type: 'suppliers.changed', version: 2, seats: 3 },
    { type: 'network.connected' },
  ] as const;
  for (const hang of ['fetchHeads', 'pushEntries', 'pullEntries', 'appendEntries', 'writeCheckpoint'] as const) {
    for (const fact of facts) {
      let released = () => {};
      let hung = false;
      let pulls = 0;
      const gate = new Promise<void>((resolve) => {
        released = resolve;
      });
      const wait = async <T>(name: string, value: T) => {
        if (name === hang && !hung) {
          hung = true;
          await gate;
        }
        return value;
      };
      let edits = hang === 'appendEntries';
      const machine = run({
        fetchHeads: async () => {
          pulls += 1;
          return wait('fetchHeads', { asked: 3, answered: 3, newer: 1, withheld: [] });
        },
        pullEntries: () => wait('pullEntries', { applied: 0, left: 0, forked: false, device, kinds: [] }),
        pushEntries: () => wait('pushEntries', { ...PUSHED, canShrink: hang === 'writeCheckpoint' && !hung }),
        appendEntries: () => wait('appendEntries', { kinds: [] }),
        writeCheckpoint: () => wait('writeCheckpoint', { wrote: false }),
      });
      await machine.settle();
      if (edits) {
        edits = false;
        await machine.send({ type: 'document.changed', document: 'x' });
        await machine.advance(2_000);
      }
      assert.ok(hung, hang);
      const before = pulls;
      await machine.send(fact);
      released();
      await machine.settle();
      await machine.settle();
      assert.ok(pulls > before, `${fact.type} during ${hang}`);
    }
  }
});

test('stop ends it from every state', async () => {
  const machine = run({ pushEntries: never });
  await machine.settle();
  await machine.send({ type: 'stop' });
  assert.equal(machine.state(), 'stopped');
});
