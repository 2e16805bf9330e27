import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type BackupTaskPorts,
  backupTaskWith,
  type StoredBatch,
} from '../../../machines/backup/backup-task.machine.ts';
import { never, runMachine } from '../../support/run-machine.ts';

const DONE: StoredBatch = { cursor: '9', blocks: 3, owed: 0, noRoom: null, done: true };

function run(ports: Partial<BackupTaskPorts> = {}) {
  return runMachine(
    backupTaskWith({
      scanSource: async () => ({ files: 1, bytes: 10, unchanged: 0 }),
      storeBlocks: async () => DONE,
      weighVersion: async () => ({ belowK: 0, belowMark: 0 }),
      enterVersion: async () => ({ version: 'v1', again: false }),
      commitVersion: async () => ({ version: 'v1', again: false }),
      ...ports,
    }),
    { input: { task: 't1', set: 'home', cursor: null, seed: 2 } },
  );
}

test('a version whose blocks are all at the mark is committed at once', async () => {
  const { trace, facts, settle } = run();
  await settle();
  assert.deepEqual(trace, [
    '! backup.started',
    'scanning',
    'storing',
    '! pieces.staged',
    'settling.weighing',
    'committing',
    '! backup.stored',
    'stored',
  ]);
  assert.deepEqual(facts.at(-1), { type: 'backup.stored', task: 't1', set: 'home', version: 'v1' });
});

test('it is entered as soon as it can be restored, and committed only at the mark', async () => {
  let belowMark = 2;
  const { trace, send, settle } = run({ weighVersion: async () => ({ belowK: 0, belowMark }) });
  await settle();
  assert.deepEqual(trace.slice(4), ['settling.weighing', 'settling.entering', '! backup.entered', 'settling.waiting']);
  belowMark = 0;
  await send({ type: 'suppliers.changed', version: 2, seats: 8 });
  assert.deepEqual(trace.slice(-4), ['settling.weighing', 'committing', '! backup.stored', 'stored']);
});

test('below k nothing is entered; when patience ends the backup stalls, and it never reports success', async () => {
  const { trace, facts, state, advance } = run({ weighVersion: async () => ({ belowK: 1, belowMark: 1 }) });
  await advance(30 * 60_000);
  assert.ok(facts.some((fact) => fact.type === 'backup.stalled' && fact.reason === 'too-few-acknowledged'));
  assert.ok(!trace.includes('! backup.entered') && !trace.includes('! backup.stored'));
  assert.notEqual(state(), 'stored');
});

test('without room it stalls and goes on from its cursor when the suppliers change', async () => {
  const cursors: (string | null)[] = [];
  let noRoom: string | null = 'too-few-suppliers';
  const { facts, state, send, settle } = run({
    storeBlocks: async ({ cursor }) => {
      cursors.push(cursor);
      return { ...DONE, noRoom, done: noRoom === null };
    },
  });
  await settle();
  assert.equal(state(), 'stalled');
  assert.deepEqual(facts.at(-1), { type: 'backup.stalled', task: 't1', reason: 'too-few-suppliers' });
  noRoom = null;
  await send({ type: 'suppliers.changed', version: 1, seats: 4 });
  assert.equal(state(), 'stored');
  assert.deepEqual(cursors, [null, '9']);
});

test('blocks that are gone when it commits are stored anew from the beginning', async () => {
  const cursors: (string | null)[] = [];
  let again = true;
  const { state, settle } = run({
    storeBlocks: async ({ cursor }) => {
      cursors.push(cursor);
      return DONE;
    },
    commitVersion: async () => {
      const answer = { version: 'v1', again };
      again = false;
      return answer;
    },
  });
  await settle();
  assert.equal(state(), 'stored');
  assert.deepEqual(cursors, [null, null]);
});

test('a pause holds until it is resumed, and cancelling ends it as failed', async () => {
  const { state, facts, send, advance } = run({ storeBlocks: never });
  await send({ type: 'pause' });
  await advance(3_600_000);
  assert.equal(state(), 'paused');
  await send({ type: 'resume' });
  assert.equal(state(), 'storing');
  await send({ type: 'cancel' });
  assert.equal(state(), 'failed');
  assert.deepEqual(facts.at(-1), { type: 'backup.failed', task: 't1', reason: 'cancelled' });
});

test('a folder that cannot be read fails, a store that fails or hangs stalls and tries again', async () => {
  const scan = run({ scanSource: () => Promise.reject(new Error('unreadable')) });
  await scan.settle();
  assert.deepEqual(scan.facts.at(-1), { type: 'backup.failed', task: 't1', reason: 'unreadable' });
  for (const storeBlocks of [never, () => Promise.reject(new Error('disk'))]) {
    const store = run({ storeBlocks });
    await store.advance(30 * 60_000);
    assert.ok(store.trace.filter((state) => state === 'storing').length > 1);
    assert.deepEqual(store.failures, []);
  }
});
