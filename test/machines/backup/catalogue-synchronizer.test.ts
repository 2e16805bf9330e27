import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type CatalogueSynchronizerPorts,
  catalogueSynchronizerWith,
} from '../../../machines/backup/catalogue-synchronizer.machine.ts';
import { deviceOf, OWNER } from '../../support/log-writer.ts';
import { never, runMachine } from '../../support/run-machine.ts';

function run(ports: Partial<CatalogueSynchronizerPorts> = {}) {
  return runMachine(
    catalogueSynchronizerWith({
      openEntries: async () => ({ cursor: null, opened: 1, left: 0 }),
      fetchObjects: async () => ({ cursor: null, missing: 0, left: 0 }),
      readFooters: async () => ({ cursor: null, left: 0 }),
      merge: async () => ({ changed: true, conflicts: [] }),
      ...ports,
    }),
    { input: { document: 'catalogue', seed: 3 } },
  );
}

const CONNECTED = { type: 'supplier.connected', owner: OWNER, supplier: deviceOf(20), bytes: 1 } as const;

test('what the log brought is opened, fetched and merged, and the document is in sync', async () => {
  const { trace, send } = run();
  await send({ type: 'refresh' });
  assert.deepEqual(trace, [
    'unknown',
    'opening',
    'fetching',
    'merging',
    '! document.merged',
    '! document.in-sync',
    'inSync',
  ]);
});

test('a document that is not whole says so until a supplier brings the rest', async () => {
  let missing = 2;
  const { trace, facts, send } = run({ fetchObjects: async () => ({ cursor: null, missing, left: 0 }) });
  await send({ type: 'refresh' });
  assert.equal(trace.at(-1), 'partial');
  assert.deepEqual(facts.at(-1), {
    type: 'document.unavailable',
    document: 'catalogue',
    reason: 'some-objects-unreadable',
  });
  missing = 0;
  await send(CONNECTED);
  assert.equal(trace.at(-1), 'inSync');
});

test('it goes on from the cursor until nothing is left', async () => {
  const cursors: (string | null)[] = [];
  let left = 3;
  const { state, send } = run({
    openEntries: async ({ cursor }) => {
      cursors.push(cursor);
      return { cursor: String(--left), opened: 1, left };
    },
  });
  await send({ type: 'refresh' });
  assert.deepEqual(cursors, [null, '2', '1']);
  assert.equal(state(), 'inSync');
});

test('conflicts are named; a merge that changed nothing is not announced as one', async () => {
  const conflicts = run({ merge: async () => ({ changed: true, conflicts: ['a', 'b'] }) });
  await conflicts.send({ type: 'refresh' });
  assert.deepEqual(conflicts.facts[0], { type: 'document.conflicted', document: 'catalogue', names: ['a', 'b'] });
  const same = run({ merge: async () => ({ changed: false, conflicts: [] }) });
  await same.send({ type: 'refresh' });
  assert.deepEqual(same.facts, [{ type: 'document.in-sync', document: 'catalogue' }]);
});

test('a rebuild reads the footers of all blocks instead of the log', async () => {
  const { trace, send } = run();
  await send({ type: 'rebuild' });
  assert.deepEqual(trace.slice(0, 3), ['unknown', 'readingFooters', 'merging']);
  assert.equal(trace.at(-1), 'inSync');
});

test('a change that comes at work leads to another pass after a pause', async () => {
  let release = () => {};
  const { trace, send, advance } = run({
    merge: () => new Promise((resolve) => (release = () => resolve({ changed: false, conflicts: [] }))),
  });
  await send({ type: 'refresh' });
  await send({ type: 'refresh' });
  release();
  await advance(1_999);
  assert.equal(trace.at(-1), 'settling');
  await advance(1);
  assert.deepEqual(trace.slice(-3), ['opening', 'fetching', 'merging']);
});

test('every step has a deadline, and what failed is tried again', async () => {
  for (const [port, ms] of [
    ['openEntries', 30_000],
    ['fetchObjects', 180_000],
    ['merge', 30_000],
  ] as const) {
    const { state, trace, failures, send, advance } = run({ [port]: never });
    await send({ type: 'refresh' });
    await advance(ms);
    assert.equal(state(), 'partial', port);
    await advance(600_000);
    assert.ok(trace.filter((each) => each === 'opening').length > 1, port);
    assert.deepEqual(failures, []);
  }
});
