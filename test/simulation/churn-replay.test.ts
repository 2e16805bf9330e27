import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { describeFailure, withoutRepair } from './churn.ts';
import { churnRun } from './churn-run.ts';

const SEED = 7;
const SMALL = { nodes: 16, goneShare: 0.2 };

/** The same run in a process of its own. */
async function inProcess(seed: number): Promise<{ hash: string; lines: number; problems: string[] }> {
  const program = join(import.meta.dirname, 'churn-run.ts');
  const values = [seed, SMALL.nodes, SMALL.goneShare].map(String);
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...values], { timeout: 170_000 });
  return JSON.parse(stdout) as { hash: string; lines: number; problems: string[] };
}

test('whole nodes under churn do the same things in the same order, in one process and in two', async () => {
  const other = inProcess(SEED);
  const first = await churnRun({ seed: SEED, ...SMALL });
  const second = await churnRun({ seed: SEED, ...SMALL });
  assert.deepEqual(first.problems, [], describeFailure(first));
  assert.ok(first.lines > 10_000, `only ${first.lines} lines`);
  assert.equal(first.hash, second.hash);
  const { hash, lines } = await other;
  assert.deepEqual({ hash, lines }, { hash: first.hash, lines: first.lines });
});

test('a build that never repairs is found out: a backup stays endangered and cannot be restored', async () => {
  const report = await churnRun({
    seed: SEED,
    nodes: 20,
    goneShare: 0.3,
    healMs: 5 * 60_000,
    sabotage: withoutRepair,
  });
  assert.equal(report.blocksRepaired, 0);
  assert.ok(report.problems.some((problem) => problem.includes('is not whole again')));
  assert.ok(report.problems.some((problem) => problem.includes('the restore of owner-')));
  assert.ok(report.restored < report.owners);
  assert.match(describeFailure(report), /npm run sim -- --seed 7 --nodes 20 --gone 0.3 --heal 5 --no-repair\n/);
  assert.ok(report.tails.length > 10, 'the failure shows no transitions');
});
