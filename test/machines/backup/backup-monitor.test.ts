import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type BackupMonitorPorts,
  backupMonitorWith,
  type Weighed,
} from '../../../machines/backup/backup-monitor.machine.ts';
import { never, runMachine } from '../../support/run-machine.ts';

const WELL: Weighed = {
  rescue: [],
  refill: 0,
  unreadable: [],
  weakest: null,
  nines: 9,
  safeVersions: [],
  nextDueMs: null,
};

function run(ports: Partial<BackupMonitorPorts> = {}, networkUp = true) {
  return runMachine(
    backupMonitorWith({
      recount: async () => ({ cursor: null, differences: 0, done: true }),
      weighClasses: async () => WELL,
      ...ports,
    }),
    { input: { networkUp } },
  );
}

test('after a start it counts afresh, part by part, before it weighs', async () => {
  let parts = 0;
  const { trace, settle } = run({
    recount: async () => ({ cursor: String(++parts), differences: 0, done: parts === 3 }),
  });
  await settle();
  assert.equal(parts, 3);
  assert.deepEqual(trace, ['recounting', 'weighing', '! health.measured', 'resting']);
});

test('it says which blocks are weak, due, unreadable, and which versions are safe', async () => {
  const { facts, settle } = run({
    weighClasses: async () => ({
      ...WELL,
      rescue: [{ block: 'b1', held: 5, urgent: true }],
      refill: 2,
      unreadable: ['b2'],
      weakest: 'b2',
      nines: 1,
      safeVersions: ['v1'],
    }),
  });
  await settle();
  assert.deepEqual(facts, [
    { type: 'health.measured', nines: 1, weakest: 'b2' },
    { type: 'block.weakened', block: 'b1', held: 5, urgent: true },
    { type: 'block.became-unreadable', block: 'b2' },
    { type: 'version.became-safe', version: 'v1' },
    { type: 'refill.became-due', blocks: 2 },
  ]);
});

test('facts that come together lead to one weighing a second later', async () => {
  let weighings = 0;
  const { send, advance } = run({
    weighClasses: async () => {
      weighings++;
      return WELL;
    },
  });
  await send({ type: 'review' });
  await send({ type: 'rebuild.finished', repaired: 1 });
  await advance(1_000);
  assert.equal(weighings, 2);
});

test('while our network is down nothing is weighed', async () => {
  let weighings = 0;
  const { state, send, settle, advance } = run({
    weighClasses: async () => {
      weighings++;
      return WELL;
    },
  });
  await settle();
  await send({ type: 'network.disconnected' });
  await send({ type: 'review' });
  await advance(3_600_000);
  assert.equal(state(), 'suspended');
  assert.equal(weighings, 1);
  await send({ type: 'network.connected' });
  await advance(1_000);
  assert.equal(weighings, 2);
});

test('counting that fails or hangs is tried again, weighing that does waits for the next review', async () => {
  for (const recount of [never, () => Promise.reject(new Error('disk'))]) {
    const { trace, advance, failures } = run({ recount });
    await advance(200_000);
    assert.ok(trace.filter((state) => state === 'recounting').length > 1);
    assert.ok(!trace.includes('weighing'));
    assert.deepEqual(failures, []);
  }
  const weigh = run({ weighClasses: never });
  await weigh.advance(30_000);
  assert.equal(weigh.state(), 'resting');
});
