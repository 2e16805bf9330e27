import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type FetchedWindow,
  type RestoreTaskPorts,
  restoreTaskWith,
} from '../../../machines/restore/restore-task.machine.ts';
import { deviceOf, OWNER } from '../../support/log-writer.ts';
import { never, runMachine } from '../../support/run-machine.ts';

const WHOLE: FetchedWindow = { cursor: '4', short: 0, missed: [], damaged: 0, done: true };

function run(ports: Partial<RestoreTaskPorts> = {}) {
  return runMachine(
    restoreTaskWith({
      openVersion: async () => ({ blocks: 4, resumed: false }),
      fetchWindow: async () => WHOLE,
      verifyOutput: async () => ({ ok: true }),
      placeOutput: async () => undefined,
      ...ports,
    }),
    { input: { task: 'r1', seed: 4 } },
  );
}

test('windows are fetched one after another, then the files get their names', async () => {
  const cursors: (string | null)[] = [];
  const { trace, settle } = run({
    fetchWindow: async ({ cursor }) => {
      cursors.push(cursor);
      return { ...WHOLE, cursor: String(cursors.length), done: cursors.length === 3 };
    },
  });
  await settle();
  assert.deepEqual(cursors, [null, '1', '2']);
  assert.deepEqual(trace, ['! restore.started', 'locating', 'fetching', 'placing', '! restore.finished', 'restored']);
});

test('blocks with too few pieces make it wait, and a supplier who comes makes it try at once', async () => {
  let short = 2;
  const { facts, state, send, settle } = run({
    fetchWindow: async () => ({ ...WHOLE, short, missed: [deviceOf(20)] }),
  });
  await settle();
  assert.equal(state(), 'waiting');
  assert.deepEqual(facts.at(-1), { type: 'restore.waiting', task: 'r1', suppliers: [deviceOf(20)], blocks: 2 });
  short = 0;
  await send({ type: 'supplier.connected', owner: OWNER, supplier: deviceOf(20), bytes: 1 });
  assert.equal(state(), 'restored');
});

test('without anybody coming it tries again by itself', async () => {
  let short = 1;
  const { state, advance } = run({ fetchWindow: async () => ({ ...WHOLE, short }) });
  await advance(1_000);
  assert.equal(state(), 'waiting');
  short = 0;
  await advance(600_000);
  assert.equal(state(), 'restored');
});

test('what was written before a restart is verified before it is placed, and fetched again when it does not hold', async () => {
  const answers = [false, true];
  const { trace, settle } = run({
    openVersion: async () => ({ blocks: 4, resumed: true }),
    verifyOutput: async () => ({ ok: answers.shift() ?? true }),
  });
  await settle();
  assert.deepEqual(
    trace.filter((each) => !each.startsWith('!')),
    ['locating', 'fetching', 'verifying', 'fetching', 'verifying', 'placing', 'restored'],
  );
});

test('cancelling, a full disk and a deadline end it as failed with their reason', async () => {
  for (const [event, reason] of [
    [{ type: 'cancel' }, 'cancelled'],
    [{ type: 'due', name: 'restoreUntil' }, 'restoreUntil'],
  ] as const) {
    const { facts, state, send } = run({ fetchWindow: never });
    await send(event);
    assert.equal(state(), 'failed');
    assert.deepEqual(facts.at(-1), { type: 'restore.failed', task: 'r1', reason });
  }
});

test('a port that fails ends it with the error; one that hangs has a deadline', async () => {
  for (const port of ['openVersion', 'fetchWindow', 'placeOutput'] as const) {
    const { facts, settle, failures } = run({ [port]: () => Promise.reject(new Error('disk')) });
    await settle();
    assert.deepEqual(facts.at(-1), { type: 'restore.failed', task: 'r1', reason: 'disk' }, port);
    assert.deepEqual(failures, []);
  }
  const locate = run({ openVersion: never });
  await locate.advance(30_000);
  assert.equal(locate.state(), 'failed');
  const fetch = run({ fetchWindow: never });
  await fetch.advance(5 * 60_000);
  assert.equal(fetch.state(), 'waiting');
  const place = run({ placeOutput: never });
  await place.advance(5 * 60_000);
  assert.equal(place.state(), 'failed');
});

test('a paused restore waits to be resumed', async () => {
  const { state, send, advance } = run({ fetchWindow: never });
  await send({ type: 'pause' });
  await advance(3_600_000);
  assert.equal(state(), 'paused');
  await send({ type: 'resume' });
  assert.equal(state(), 'fetching');
});
