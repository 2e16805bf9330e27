import assert from 'node:assert/strict';
import { test } from 'node:test';
import { storeCheckerWith } from '../../../machines/customers/store-checker.machine.ts';
import type { StoreCheckerPorts, Verified } from '../../../machines/customers/store-checker.ports.ts';
import { OWNER } from '../../support/log-writer.ts';
import { never, runMachine } from '../../support/run-machine.ts';

const HOUR_MS = 3_600_000;
const CLOSED = { type: 'budget.changed', up: null, down: null, background: null, mode: 'closed' } as const;
const STEP: Verified = { cursor: 'a', pieces: 2, rotten: [], done: false, gapMs: HOUR_MS };

function run(ports: Partial<StoreCheckerPorts> = {}) {
  return runMachine(
    storeCheckerWith({
      verifyNext: async () => STEP,
      recordConfession: async () => undefined,
      sweepNext: async () => ({ cursor: null, freed: 0, done: true }),
      ...ports,
    }),
    { input: { seed: 3, cursor: null } },
  );
}

test('steps follow each other with the pause that makes a pass take a month, and the cursor goes on', async () => {
  const cursors: (string | null)[] = [];
  const { advance } = run({
    verifyNext: async ({ cursor }) => {
      cursors.push(cursor);
      return { ...STEP, cursor: `${cursors.length}` };
    },
  });
  await advance(2_000);
  assert.deepEqual(cursors, [null]);
  await advance(2 * HOUR_MS);
  assert.deepEqual(cursors, [null, '1', '2']);
});

test('no pause is shorter than two seconds or longer than twelve hours', async () => {
  for (const [gapMs, least] of [
    [0, 2_000],
    [1e12, 12 * HOUR_MS],
  ] as const) {
    let steps = 0;
    const { advance } = run({
      verifyNext: async () => {
        steps += 1;
        return { ...STEP, gapMs };
      },
    });
    await advance(2_000);
    await advance(least - 1);
    assert.equal(steps, 1);
    await advance(1);
    assert.equal(steps, 2);
  }
});

test('what is rotten is recorded, then announced, and the pass goes on', async () => {
  const { trace, facts, advance } = run({
    verifyNext: async () => ({ ...STEP, rotten: [{ customer: OWNER, count: 3 }], done: true }),
  });
  await advance(2_000);
  assert.deepEqual(trace, [
    'resting',
    'walking',
    'confessing',
    '! piece.found-rotten',
    '! store.checked',
    'sweeping',
    '! store.swept',
    'resting',
  ]);
  assert.deepEqual(facts.slice(0, 2), [
    { type: 'piece.found-rotten', customer: OWNER, count: 3 },
    { type: 'store.checked', pieces: 2, rotten: 3 },
  ]);
});

test('a confession that cannot be recorded is not announced and not forgotten, over a lost disk too', async () => {
  let fails = true;
  let first = true;
  const { trace, state, send, advance } = run({
    verifyNext: async () => {
      const rotten = first ? [{ customer: OWNER, count: 1 }] : [];
      first = false;
      return { ...STEP, rotten };
    },
    recordConfession: () => (fails ? Promise.reject(new Error('disk')) : Promise.resolve()),
  });
  await advance(2_000);
  assert.equal(state(), 'confessingLater');
  await send({ type: 'disk.vanished', store: 's' });
  assert.equal(state(), 'paused');
  assert.ok(!trace.includes('! piece.found-rotten'));
  fails = false;
  await send({ type: 'disk.recovered', store: 's' });
  assert.ok(trace.includes('! piece.found-rotten'));
});

test('a sweep that is due while it reads is made directly after', async () => {
  const { promise, resolve } = Promise.withResolvers<Verified>();
  const { trace, send, settle, advance } = run({ verifyNext: () => promise });
  await advance(2_000);
  await send({ type: 'due', name: 'sweep' });
  resolve(STEP);
  await settle();
  assert.deepEqual(trace, ['resting', 'walking', 'sweeping', '! store.swept', 'resting']);
});

test('a sweep goes on until nothing is due, and says how much it freed', async () => {
  let steps = 0;
  const { facts, send } = run({
    sweepNext: async () => {
      steps += 1;
      return { cursor: null, freed: 10, done: steps === 3 };
    },
  });
  await send({ type: 'node.started', services: 1 });
  assert.deepEqual(facts, [{ type: 'store.swept', freedBytes: 30 }]);
});

test('asked to, it reads everything without pauses and then rests as before', async () => {
  let steps = 0;
  const { state, send } = run({
    verifyNext: async () => {
      steps += 1;
      return { ...STEP, done: steps === 5 };
    },
  });
  await send({ type: 'checkNow' });
  assert.equal(steps, 5);
  assert.equal(state(), 'resting');
});

test('it waits while the budget is closed or the disk is gone, and looks again after six hours', async () => {
  for (const pause of [
    CLOSED,
    { type: 'disk.vanished', store: 's' },
    { type: 'disk.became-unwritable', store: 's' },
  ] as const) {
    let aborted = 0;
    const { state, send, advance } = run({
      verifyNext: (input, signal) => {
        signal.addEventListener('abort', () => (aborted += 1));
        return never(input, signal);
      },
    });
    await advance(2_000);
    await send(pause);
    assert.equal(state(), 'paused');
    assert.equal(aborted, 1);
    await send(CLOSED);
    assert.equal(state(), 'paused');
    await advance(6 * HOUR_MS);
    assert.notEqual(state(), 'paused');
  }
});

test('every port has its deadline and is tried again later', async () => {
  const reading = run({ verifyNext: never });
  await reading.advance(62_000);
  assert.equal(reading.state(), 'coolingDown');
  await reading.advance(HOUR_MS);
  assert.ok(reading.trace.filter((state) => state === 'walking').length > 1);
  const sweeping = run({ sweepNext: never });
  await sweeping.send({ type: 'due', name: 'sweep' });
  await sweeping.advance(60_000);
  assert.equal(sweeping.state(), 'coolingDown');
});
