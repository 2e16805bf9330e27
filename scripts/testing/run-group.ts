import { join, relative } from 'node:path';
import { run } from 'node:test';
import { inspect } from 'node:util';
import { ROOT } from '../files.ts';
import type { TestGroup } from './groups.ts';
import type { Tally } from './tally.ts';

/** Files side by side: the machine of CI has two cores. */
const CONCURRENCY = 2;

/** Runs the files of a group, each in a process of its own, until its deadline. */
export async function runGroup(group: TestGroup, tally: Tally): Promise<void> {
  const before = { ...tally };
  const startedAt = Date.now();
  const deadline = AbortSignal.timeout(group.deadlineMs);
  const stream = run({
    files: group.files.map((path) => join(ROOT, path)),
    concurrency: CONCURRENCY,
    signal: deadline,
    timeout: group.deadlineMs,
  });
  stream.on('test:pass', (data) => {
    if (data.skip !== undefined || data.todo !== undefined) tally.skipped++;
    else if (data.details.type !== 'suite') tally.passed++;
    if (data.nesting === 0) tally.durations.push({ name: titleOf(data), ms: data.details.duration_ms });
  });
  stream.on('test:fail', (data) => {
    if (data.details.type === 'suite' && data.details.error.cause === undefined) return;
    tally.failed++;
    tally.failures.push(`✖ ${titleOf(data)}\n${inspect(data.details.error.cause ?? data.details.error)}`);
  });
  for await (const event of stream) void event;
  if (deadline.aborted) {
    tally.failed++;
    tally.failures.push(`✖ the group ${group.name} took longer than ${group.deadlineMs / 1000} s`);
  }
  const failed = tally.failed - before.failed;
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
  const counts = `${tally.passed - before.passed} passed, ${failed} failed, ${tally.skipped - before.skipped} skipped`;
  console.log(`${failed === 0 ? '✔' : '✖'} ${group.name}: ${group.files.length} files in ${seconds} s: ${counts}`);
}

function titleOf(data: { readonly name: string; readonly file?: string | undefined }): string {
  const file = data.file === undefined ? '' : `${relative(ROOT, data.file)}: `;
  return `${file}${data.name.startsWith(ROOT) ? relative(ROOT, data.name) : data.name}`;
}
