import { spawn } from 'node:child_process';
import { ROOT } from '../files.ts';
import type { Tally } from './tally.ts';

const DEADLINE_MS = 180_000;

/** Checks that read the sources without running them, each a command line of the pinned Node. */
const CHECKS: readonly (readonly [string, readonly string[]])[] = [
  ['types', ['node_modules/typescript/bin/tsc', '-p', '.']],
  ['eslint', ['node_modules/eslint/bin/eslint.js', '.']],
  ['biome', ['node_modules/@biomejs/biome/bin/biome', 'check', '.']],
  ['tidy', ['scripts/tidy.ts']],
];

/** Runs them two at a time. */
export async function runStaticChecks(tally: Tally): Promise<void> {
  const waiting = [...CHECKS];
  const runOne = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) await runCheck(next, tally);
  };
  await Promise.all([runOne(), runOne()]);
}

function runCheck([name, command]: readonly [string, readonly string[]], tally: Tally): Promise<void> {
  const startedAt = Date.now();
  return new Promise((resolve) => {
    const child = spawn(process.execPath, command, { cwd: ROOT, timeout: DEADLINE_MS });
    let output = '';
    child.stdout.on('data', (data) => (output += data));
    child.stderr.on('data', (data) => (output += data));
    child.on('close', (code) => {
      tally.durations.push({ name, ms: Date.now() - startedAt });
      if (code === 0) tally.passed++;
      else {
        tally.failed++;
        tally.failures.push(`✖ ${name} (exit ${code})\n${output.trimEnd()}`);
      }
      console.log(`${code === 0 ? '✔' : '✖'} ${name}`);
      resolve();
    });
  });
}
