import assert from 'node:assert/strict';
import { test } from 'node:test';
import { budgetOf, isBudgetChange, type TrafficPlan } from '../../../machines/system/budget.ts';
import { budgetKeeperWith } from '../../../machines/system/budget-keeper.machine.ts';
import { runMachine } from '../../support/run-machine.ts';

const OPEN: TrafficPlan = { up: null, down: null, closed: false, nextEdgeMs: null };
const CAPPED: TrafficPlan = { up: 1_000_000, down: 4_000_000, closed: false, nextEdgeMs: null };

function run(plan: TrafficPlan = OPEN) {
  const world = { plan, delayMs: 0, reads: 0 };
  const run = runMachine(
    budgetKeeperWith({
      readPlan: async () => {
        world.reads++;
        return world.plan;
      },
      measureLoad: async () => ({ up: 0, down: 0, delayMs: world.delayMs }),
    }),
    { input: undefined },
  );
  const mode = (): string => /mode\.(\w+)/.exec(run.state())?.[1] ?? run.state();
  return { ...run, world, mode };
}

test('caps of the plan limit the traffic, and half of it is for background work', async () => {
  const { facts, settle, mode } = run(CAPPED);
  await settle();
  assert.equal(mode(), 'limited');
  assert.deepEqual(facts.at(-1), {
    type: 'budget.changed',
    mode: 'limited',
    up: 1_000_000,
    down: 4_000_000,
    background: 500_000,
  });
});

test('a line that somebody uses makes background work yield until 30 s of calm', async () => {
  const { world, advance, settle, mode } = run(CAPPED);
  await settle();
  world.delayMs = 400;
  await advance(5_000);
  assert.equal(mode(), 'yielding');
  await advance(60_000);
  assert.equal(mode(), 'yielding');
  world.delayMs = 10;
  await advance(25_000);
  assert.equal(mode(), 'yielding');
  await advance(10_000);
  assert.equal(mode(), 'limited');
});

test('a restore of our own comes before background work, also when it fails', async () => {
  const { send, advance, mode } = run();
  await send({ type: 'restore.started', task: 't1' });
  assert.equal(mode(), 'yielding');
  await send({ type: 'restore.failed', task: 't1', reason: 'x' });
  await advance(30_000);
  assert.equal(mode(), 'unlimited');
});

test('a pause closes at once, and resuming opens again', async () => {
  const { facts, send, mode } = run();
  await send({ type: 'pause' });
  assert.equal(mode(), 'closed');
  assert.deepEqual(facts.at(-1), { type: 'budget.changed', mode: 'closed', up: 0, down: 0, background: 0 });
  await send({ type: 'resume' });
  assert.equal(mode(), 'unlimited');
});

test('the schedule is read again exactly at its next boundary', async () => {
  const { world, settle, advance, mode } = run({ ...OPEN, nextEdgeMs: 7_000 });
  await settle();
  world.plan = { ...OPEN, closed: true };
  await advance(6_999);
  assert.equal(mode(), 'unlimited');
  await advance(1);
  assert.equal(mode(), 'closed');
});

test('a changed plan or interface is read at once', async () => {
  const { world, settle, send, mode } = run();
  await settle();
  world.plan = CAPPED;
  await send({ type: 'setPlan' });
  assert.equal(mode(), 'limited');
  const { reads } = world;
  await send({ type: 'interfaces.changed' });
  assert.equal(world.reads, reads + 1);
});

test('a change under a tenth is not announced', () => {
  const before = budgetOf('limited', CAPPED);
  assert.equal(isBudgetChange(before, budgetOf('limited', { ...CAPPED, up: 1_050_000 })), false);
  assert.equal(isBudgetChange(before, budgetOf('limited', { ...CAPPED, up: 1_200_000 })), true);
  assert.equal(isBudgetChange(before, budgetOf('limited', { ...CAPPED, down: null })), true);
  assert.equal(isBudgetChange(null, before), true);
});
