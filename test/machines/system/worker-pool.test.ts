import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type WorkerPoolPorts, workerPoolWith, workersFor } from '../../../machines/system/worker-pool.machine.ts';
import { never, runMachine } from '../../support/run-machine.ts';

function run(ports: Partial<WorkerPoolPorts> = {}) {
  const asked: string[] = [];
  let alive = 0;
  const run = runMachine(
    workerPoolWith({
      spawnWorkers: async ({ count }) => {
        asked.push(`spawn ${count}`);
        alive += count;
        return { alive };
      },
      retireWorkers: async ({ count }) => {
        asked.push(`retire ${count}`);
        alive -= count;
        return { alive };
      },
      ...ports,
    }),
    { input: { workers: 3, seed: 5 } },
  );
  return { ...run, asked };
}

test('the first task warms the pool; without demand it is cold again after a minute', async () => {
  const { trace, asked, send, advance } = run();
  await send({ type: 'raiseDemand', queued: 1 });
  await send({ type: 'lowerDemand' });
  await advance(59_999);
  assert.equal(trace.at(-1), 'ready');
  await advance(1);
  assert.deepEqual(trace, ['cold', 'warming', 'ready', 'retiring', 'cold']);
  assert.deepEqual(asked, ['spawn 3', 'retire 3']);
});

test('while tasks are queued it stays warm', async () => {
  const { state, send, advance } = run();
  await send({ type: 'raiseDemand', queued: 1 });
  await advance(600_000);
  assert.equal(state(), 'ready');
});

test('a full queue is said, and its end too', async () => {
  const { trace, facts, send } = run();
  await send({ type: 'raiseDemand', queued: 1 });
  await send({ type: 'raiseDemand', queued: 64 });
  await send({ type: 'lowerDemand' });
  assert.deepEqual(trace.slice(2), ['ready', '! workers.saturated', 'saturated', '! workers.relieved', 'ready']);
  assert.deepEqual(facts[0], { type: 'workers.saturated', queued: 64 });
});

test('a dead worker is replaced after a pause, and only the missing one', async () => {
  const { trace, asked, send, advance } = run();
  await send({ type: 'raiseDemand', queued: 1 });
  await send({ type: 'replaceWorker' });
  await advance(1_000);
  assert.deepEqual(trace, ['cold', 'warming', 'ready', 'mending', 'warming', 'ready']);
  assert.deepEqual(asked, ['spawn 3', 'spawn 1']);
});

test('workers that cannot be started are tried again with back-off', async () => {
  let calls = 0;
  const { trace, send, advance } = run({
    spawnWorkers: ({ count }, signal) => (++calls < 3 ? never({}, signal) : Promise.resolve({ alive: count })),
  });
  await send({ type: 'raiseDemand', queued: 1 });
  await advance(15_000);
  assert.deepEqual(trace, ['cold', 'warming', 'mending', 'warming', 'mending', 'warming', 'ready']);
});

test('a pool that got fewer workers than it wanted mends', async () => {
  let calls = 0;
  const { trace, send, advance } = run({ spawnWorkers: async () => ({ alive: ++calls === 1 ? 2 : 3 }) });
  await send({ type: 'raiseDemand', queued: 1 });
  await advance(2_000);
  assert.deepEqual(trace, ['cold', 'warming', 'mending', 'warming', 'ready']);
});

test('a task that comes while workers retire warms the pool again', async () => {
  const { trace, send, advance } = run({ retireWorkers: never });
  await send({ type: 'raiseDemand', queued: 1 });
  await send({ type: 'lowerDemand' });
  await advance(60_000);
  await send({ type: 'raiseDemand', queued: 1 });
  assert.deepEqual(trace.slice(-3), ['retiring', 'warming', 'ready']);
});

test('it ends with the node', async () => {
  const { state, send } = run();
  await send({ type: 'node.stopping' });
  assert.equal(state(), 'stopped');
});

test('workers leave one core free, are at most eight, and one more of low priority from four cores', () => {
  assert.deepEqual([1, 2, 3, 4, 8, 64].map(workersFor), [1, 1, 2, 4, 8, 9]);
});
