import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { greetingRun } from './greeting-run.ts';

const SEED = 42;

/** One run in a process of its own. */
async function inProcess(seed: number): Promise<{ hash: string; lines: number; outcome: string }> {
  const program = join(import.meta.dirname, 'greeting-run.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [program, String(seed)], { timeout: 60_000 });
  return JSON.parse(stdout) as { hash: string; lines: number; outcome: string };
}

test('two nodes greet each other, and the same seed gives the same trace in two processes', async () => {
  const [one, other] = await Promise.all([inProcess(SEED), inProcess(SEED)]);
  assert.equal(one.outcome, 'shaken');
  assert.ok(one.lines > 100, `only ${one.lines} lines`);
  assert.deepEqual(one, other);
});

test('a run in a process that has run another before gives the same trace', async () => {
  const first = await greetingRun(SEED);
  const second = await greetingRun(SEED);
  const at = first.lines.findIndex((line, index) => line !== second.lines[index]);
  assert.equal(first.hash, second.hash, `they part at line ${at}:\n${first.lines[at]}\n${second.lines[at]}`);
});

test('another seed gives another trace, and the nodes still find each other', async () => {
  const first = await greetingRun(SEED);
  const other = await greetingRun(SEED + 1);
  assert.notEqual(first.hash, other.hash);
  assert.equal(other.outcome, 'shaken');
});

test('an outage is noticed and overcome, and no automat fails', async () => {
  const { lines } = await greetingRun(SEED);
  const failures = lines.filter((line) => / failed | broken listener /.test(line));
  assert.deepEqual(failures, []);
  const alice = lines.filter((line) => line.startsWith('alice')).join('\n');
  assert.match(alice, /"network\.disconnected"/);
  assert.match(alice.slice(alice.indexOf('"network.disconnected"')), /"network\.connected"/);
});
