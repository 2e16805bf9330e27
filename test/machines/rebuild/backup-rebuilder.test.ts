import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BackupRebuilderPorts, backupRebuilderWith } from '../../../machines/rebuild/backup-rebuilder.machine.ts';
import { deviceOf, OWNER } from '../../support/log-writer.ts';
import { never, runMachine } from '../../support/run-machine.ts';

const ALL_GOOD = { repaired: 2, short: 0, obsolete: 0, reason: null };

/** A rebuilder with these blocks waiting in its two queues. */
function run(waiting: { rescue?: string[]; refill?: string[] }, ports: Partial<BackupRebuilderPorts> = {}) {
  const queues = { rescue: waiting.rescue ?? [], refill: waiting.refill ?? [] };
  const chosen: string[][] = [];
  let tried: readonly string[] = [];
  const machine = runMachine(
    backupRebuilderWith({
      chooseWeakest: async ({ queue, count, fresh }) => {
        if (fresh) tried = [];
        const blocks = queues[queue].filter((block) => !tried.includes(block)).slice(0, count);
        tried = [...tried, ...blocks];
        return blocks;
      },
      repair: async ({ blocks }) => {
        chosen.push([...blocks]);
        for (const queue of ['rescue', 'refill'] as const)
          queues[queue] = queues[queue].filter((block) => !blocks.includes(block));
        return { ...ALL_GOOD, repaired: blocks.length };
      },
      ...ports,
    }),
    { input: { seed: 6 } },
  );
  return { ...machine, chosen, queues };
}

test('rescue comes before refill, four blocks at a time, and the sum is told at the end', async () => {
  const { chosen, facts, state, send } = run({ rescue: ['a', 'b', 'c', 'd', 'e'], refill: ['f'] });
  await send({ type: 'rebuild' });
  assert.deepEqual(chosen, [['a', 'b', 'c', 'd'], ['e'], ['f']]);
  assert.deepEqual(facts.at(-1), { type: 'rebuild.finished', repaired: 6 });
  assert.equal(state(), 'resting');
});

test('with nothing to repair it rests and says nothing', async () => {
  const { facts, state, send } = run({});
  await send({ type: 'rebuild' });
  assert.equal(state(), 'resting');
  assert.deepEqual(facts, []);
});

test('while something is restored, refills go one at a time', async () => {
  const { chosen, send } = run({ refill: ['f', 'g'] });
  await send({ type: 'restore.started', task: 'r1' });
  await send({ type: 'rebuild' });
  assert.deepEqual(chosen, [['f'], ['g']]);
});

test('a repair that gets nowhere says why, waits longer each time, and goes on at once when a supplier comes', async () => {
  let works = false;
  const stuck = run(
    { rescue: ['a'] },
    {
      repair: async () =>
        works ? { ...ALL_GOOD, obsolete: 1 } : { ...ALL_GOOD, repaired: 0, short: 1, reason: 'too-few-pieces' },
    },
  );
  await stuck.send({ type: 'rebuild' });
  assert.equal(stuck.state(), 'stuck');
  assert.deepEqual(stuck.facts.at(-1), { type: 'rebuild.stuck', reason: 'too-few-pieces' });
  await stuck.advance(3_600_000);
  assert.ok(stuck.facts.filter((fact) => fact.type === 'rebuild.stuck').length > 2);
  works = true;
  stuck.queues.rescue = [];
  await stuck.send({ type: 'supplier.connected', owner: OWNER, supplier: deviceOf(20), bytes: 1 });
  assert.equal(stuck.state(), 'resting');
});

test('a pause holds until it is resumed', async () => {
  const { chosen, state, send, advance } = run({ rescue: ['a'] });
  await send({ type: 'pause' });
  await send({ type: 'rebuild' });
  await advance(3_600_000);
  assert.equal(state(), 'paused');
  assert.deepEqual(chosen, []);
  await send({ type: 'resume' });
  assert.deepEqual(chosen, [['a']]);
});

test('choosing and repairing have deadlines, and an error takes the same road', async () => {
  for (const ports of [
    { chooseWeakest: never },
    { repair: never },
    { chooseWeakest: () => Promise.reject(new Error('disk')) },
    { repair: () => Promise.reject(new Error('gone')) },
  ] satisfies Partial<BackupRebuilderPorts>[]) {
    const { facts, failures, send, advance } = run({ rescue: ['a'] }, ports);
    await send({ type: 'rebuild' });
    await advance(10 * 60_000);
    assert.ok(facts.some((fact) => fact.type === 'rebuild.stuck'));
    assert.deepEqual(failures, []);
  }
});
