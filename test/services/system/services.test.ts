import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TrafficPlan } from '../../../machines/system/budget.ts';
import { seededRandom } from '../../../node/worlds/random.ts';
import type { Workers } from '../../../ports/workers.ts';
import { createBudgetKeeper } from '../../../services/system/budget-keeper.service.ts';
import { createDiskGuard } from '../../../services/system/disk-guard.service.ts';
import { createServiceLifecycles } from '../../../services/system/service-lifecycle.service.ts';
import { createWorkerPool } from '../../../services/system/worker-pool.service.ts';
import { advanceSettled, settle } from '../../support/settle.ts';
import { createHarness } from '../../support/system-harness.ts';

/** Workers whose demand the test commands. */
function fakeWorkers() {
  const calls: string[] = [];
  let alive = 0;
  let tell: (demand: 'raise' | 'lower' | 'lost-worker') => void = () => {};
  const workers: Workers = {
    run: () => Promise.reject(new Error('no jobs here')),
    spawn: async (count) => {
      calls.push(`spawn ${count}`);
      return { alive: (alive += count) };
    },
    retire: async (count) => {
      calls.push(`retire ${count}`);
      return { alive: (alive -= count) };
    },
    status: () => ({ alive, busy: 0, queued: 65 }),
    onDemand: (listener) => {
      tell = listener;
      return () => {
        tell = () => {};
      };
    },
  };
  return { workers, calls, tell: (demand: 'raise' | 'lower' | 'lost-worker') => tell(demand) };
}

test('demand raises threads, a lost one is replaced, and the end of the node retires them', async () => {
  const harness = createHarness();
  const { workers, calls, tell } = fakeWorkers();
  const pool = createWorkerPool({ ...harness, random: seededRandom(1), workers, cores: 4 });
  await pool.start();
  tell('raise');
  await settle();
  tell('lost-worker');
  await advanceSettled(harness.clock, 1_000);
  tell('raise');
  tell('lower');
  await pool.stop();
  assert.deepEqual(calls, ['spawn 4', 'spawn 1', 'retire 5']);
  assert.deepEqual(
    harness.facts.map((fact) => fact.type),
    ['workers.saturated', 'workers.relieved'],
  );
});

test('the budget follows plan, restores and pauses, and can be asked at any time', async () => {
  const harness = createHarness();
  let plan: TrafficPlan = { up: 1_000, down: null, closed: false, nextEdgeMs: null };
  const budget = createBudgetKeeper({
    ...harness,
    readPlan: async () => plan,
    measureLoad: async () => ({ up: 0, down: 0, delayMs: 0 }),
  });
  assert.equal(budget.current().mode, 'unlimited');
  await budget.start();
  await settle();
  assert.deepEqual(budget.current(), {
    type: 'budget.changed',
    mode: 'limited',
    up: 1_000,
    down: null,
    background: 500,
  });
  harness.bus.publish({ type: 'restore.started', task: 't1' });
  assert.equal(budget.current().mode, 'yielding');
  harness.bus.publish({ type: 'restore.finished', task: 't1' });
  await advanceSettled(harness.clock, 30_000);
  assert.equal(budget.current().mode, 'limited');
  budget.pause();
  assert.equal(budget.current().mode, 'closed');
  budget.resume();
  plan = { ...plan, up: null };
  budget.setPlan();
  await settle();
  assert.equal(budget.current().mode, 'unlimited');
  await budget.stop();
});

test('each store folder is guarded by itself', async () => {
  const harness = createHarness();
  const found = { pieces: true, records: true };
  const store = (name: 'pieces' | 'records') => ({
    name,
    probe: async () => ({ markerFound: found[name], writable: true, freeBytes: 2 ** 40, totalBytes: null }),
  });
  const guard = createDiskGuard({ ...harness, stores: [store('pieces'), store('records')] });
  assert.equal(guard.isHealthy('pieces'), false);
  await guard.start();
  await settle();
  assert.equal(guard.isHealthy('pieces'), true);
  found.pieces = false;
  harness.bus.publish({ type: 'host.woke' });
  await settle();
  assert.deepEqual([guard.isHealthy('pieces'), guard.isHealthy('records')], [false, true]);
  assert.deepEqual(harness.facts.at(-1), { type: 'disk.vanished', store: 'pieces' });
  await guard.stop();
  assert.equal(guard.isHealthy('records'), false);
});

test('services rise with their needs; one that gives up takes its dependents along until it is back', async () => {
  const harness = createHarness();
  const log: string[] = [];
  const service = (name: string, needs: readonly string[]) => ({
    name,
    needs,
    start: async () => void log.push(`+${name}`),
    stop: async () => void log.push(`-${name}`),
  });
  const lifecycles = createServiceLifecycles({
    ...harness,
    random: seededRandom(1),
    services: [service('network', []), service('contacts', ['network'])],
  });
  lifecycles.start();
  lifecycles.switchOn('contacts');
  lifecycles.switchOn('network');
  await settle();
  lifecycles.giveUp('network', 'no interface');
  await advanceSettled(harness.clock, 2_000);
  assert.deepEqual(log, ['+network', '+contacts', '-contacts', '-network', '+network', '+contacts']);
  lifecycles.restart('contacts');
  await settle();
  assert.deepEqual(log.slice(-2), ['-contacts', '+contacts']);
  assert.deepEqual(
    lifecycles.states().map(({ name, state }) => `${name} ${state}`),
    ['network on', 'contacts on'],
  );
  lifecycles.stop();
});
