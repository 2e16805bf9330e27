import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { createWorkerPool, type WorkerPool } from '../../../storage/pipeline/worker-pool.ts';

const folder = mkdtempSync(join(tmpdir(), 'bitdust-pool-'));
const pools: WorkerPool[] = [];

after(async () => {
  for (const pool of pools) await pool.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A thread that does what the test says: answers, dies, dies the first time only, or never answers. */
const ENTRY = join(folder, 'entry.mjs');
writeFileSync(
  ENTRY,
  `import { existsSync, writeFileSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
parentPort.on('message', ({ job, input }) => {
  if (job === 'die') process.exit(1);
  if (job === 'dieOnce' && !existsSync(input)) { writeFileSync(input, ''); process.exit(1); }
  if (job === 'hang') return;
  if (job === 'take') return parentPort.postMessage({ answer: input }, [input]);
  if (job === 'fail') return parentPort.postMessage({ failure: { code: 'DISK_FULL', message: 'full', details: { a: 1 } } });
  parentPort.postMessage({ answer: [job, input] });
});
`,
);

function poolOf(options: { readonly jobDeadlineMs?: number } = {}): WorkerPool {
  const pool = createWorkerPool({ entry: pathToFileURL(ENTRY), ...options });
  pools.push(pool);
  return pool;
}

describe('the worker pool', () => {
  it('asks for workers when a job must wait, and says when all is idle', async () => {
    const pool = poolOf();
    const heard: string[] = [];
    pool.onDemand((demand) => {
      heard.push(demand);
      if (demand === 'raise') void pool.spawn(1);
    });
    const answers = await Promise.all([pool.run('a', 1), pool.run('b', 2), pool.run('c', 3)]);
    assert.deepEqual(answers, [
      ['a', 1],
      ['b', 2],
      ['c', 3],
    ]);
    assert.deepEqual(heard, ['raise', 'lower']);
    assert.deepEqual(pool.status(), { alive: 1, busy: 0, queued: 0 });
  });

  it('transfers buffers there and back', async () => {
    const pool = poolOf();
    await pool.spawn(1);
    const buffer = new ArrayBuffer(1000);
    const back = await pool.run<ArrayBuffer>('take', buffer, { transfer: [buffer] });
    assert.equal(buffer.byteLength, 0);
    assert.equal(back.byteLength, 1000);
  });

  it('tries a job again on another worker when its worker died', async () => {
    const pool = poolOf();
    await pool.spawn(2);
    const heard: string[] = [];
    pool.onDemand((demand) => heard.push(demand));
    const mark = join(folder, 'mark');
    assert.deepEqual(await pool.run('dieOnce', mark), ['dieOnce', mark]);
    assert.ok(heard.includes('lost-worker'));
    assert.equal(pool.status().alive, 1);
  });

  it('gives up after the second worker, and at once when the buffers died too', async () => {
    const pool = poolOf();
    await pool.spawn(3);
    await assert.rejects(pool.run('die', 1), { code: 'WORKER_LOST' });
    assert.equal(pool.status().alive, 1);
    const buffer = new ArrayBuffer(10);
    await assert.rejects(pool.run('die', buffer, { transfer: [buffer] }), { code: 'WORKER_LOST' });
    assert.equal(pool.status().alive, 0);
  });

  it('ends a job that passes its deadline', async () => {
    const pool = poolOf({ jobDeadlineMs: 20 });
    await pool.spawn(2);
    await assert.rejects(pool.run('hang', 1), { code: 'WORKER_LOST' });
  });

  it('passes on the code and details of an error', async () => {
    const pool = poolOf();
    await pool.spawn(1);
    await assert.rejects(pool.run('fail', 1), { code: 'DISK_FULL', details: { a: 1 }, message: 'full' });
  });

  it('forgets a waiting job that is aborted', async () => {
    const pool = poolOf();
    const controller = new AbortController();
    const waiting = pool.run('a', 1, { signal: controller.signal });
    await Promise.resolve();
    controller.abort(new Error('not any more'));
    await assert.rejects(waiting, /not any more/);
    assert.equal(pool.status().queued, 0);
    await assert.rejects(pool.run('a', 1, { signal: controller.signal }), /not any more/);
  });

  it('lets foreground jobs go before background ones', async () => {
    const pool = poolOf();
    const order: string[] = [];
    const note = (name: string, options: { background?: boolean } = {}) =>
      pool.run(name, 0, options).then(() => order.push(name));
    const all = [note('b1', { background: true }), note('b2', { background: true }), note('f1'), note('f2')];
    await pool.spawn(1);
    await Promise.all(all);
    assert.deepEqual(order, ['f1', 'f2', 'b1', 'b2']);
  });

  it('retires idle workers and ends', async () => {
    const pool = poolOf();
    assert.deepEqual(await pool.spawn(2), { alive: 2 });
    assert.deepEqual(await pool.retire(1), { alive: 1 });
    await pool.close();
    await assert.rejects(pool.run('a', 1), { code: 'WORKER_LOST' });
  });
});
