import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Pipeline } from '../../../ports/pipeline.ts';
import { createInlineWorkers } from '../../../storage/pipeline/inline-workers.ts';
import { createPipeline } from '../../../storage/pipeline/pipeline.ts';
import { createWorkerPool, type WorkerPool } from '../../../storage/pipeline/worker-pool.ts';
import { fill, folder } from './folders.ts';
import { random, scanAll } from './round-trip.ts';

const inline = createPipeline({ workers: createInlineWorkers(random) });
let pool: WorkerPool;
let pooled: Pipeline;

before(async () => {
  pool = createWorkerPool();
  await pool.spawn(2);
  pooled = createPipeline({ workers: pool });
});

after(async () => {
  await pool.close();
});

describe('scanning', () => {
  it('is depth first in byte order and counts what is ignored', async () => {
    const root = folder();
    for (const path of ['b/keep.o', 'b/x.tmp', 'a', 'build/out/x', 'c/build', 'z.log', 'c/important.log']) {
      mkdirSync(join(root, path, '..'), { recursive: true });
      writeFileSync(join(root, path), path);
    }
    writeFileSync(join(root, '.bitdustignore'), '# ours\n*.tmp\n/build/\n*.log\n*.o\n');
    writeFileSync(join(root, 'b/.bitdustignore'), '!keep.o\n');
    writeFileSync(join(root, 'c/.bitdustignore'), '!important.log\n');
    const { entries, ignored } = await scanAll(inline, { root });
    assert.deepEqual(
      entries.map(({ path }) => Buffer.from(path).toString()),
      [
        '',
        '.bitdustignore',
        'a',
        'b',
        'b/.bitdustignore',
        'b/keep.o',
        'c',
        'c/.bitdustignore',
        'c/build',
        'c/important.log',
      ],
    );
    assert.equal(ignored, 3);
  });

  it('walks more entries than a batch in order, each once', async () => {
    const root = folder();
    for (let outer = 0; outer < 3; outer += 1) {
      mkdirSync(join(root, `d${outer}`));
      for (let inner = 0; inner < 300; inner += 1) writeFileSync(join(root, `d${outer}/f${inner}`), '');
    }
    const { entries, batches } = await scanAll(pooled, { root });
    const paths = entries.map(({ path }) => Buffer.from(path).toString('latin1'));
    assert.equal(paths.length, 904);
    assert.equal(new Set(paths).size, 904);
    assert.ok(batches.length >= 4);
    assert.deepEqual(
      paths.filter((path) => path.startsWith('d1/')),
      paths.filter((path) => path.startsWith('d1/')).toSorted(),
    );
  });

  it('marks what has the fingerprint of before as unchanged', async () => {
    const root = folder();
    fill(root);
    const first = await scanAll(inline, { root });
    const before = new Map(first.entries.map((entry) => [Buffer.from(entry.path).toString('latin1'), entry]));
    writeFileSync(join(root, 'small.txt'), 'changed');
    const previous = async (paths: readonly Uint8Array[]) =>
      paths.map((path) => before.get(Buffer.from(path).toString('latin1')));
    const second = await scanAll(inline, { root, previous });
    const differ = second.entries.filter(({ kind, unchanged }) => kind !== 'folder' && !unchanged);
    assert.deepEqual(
      differ.map(({ path }) => Buffer.from(path).toString()),
      ['small.txt'],
    );
  });

  it('skips pipes and names them, and takes a single file as root', async () => {
    const root = folder();
    execFileSync('mkfifo', [join(root, 'pipe')]);
    writeFileSync(join(root, 'a'), 'a');
    const { skipped, entries } = await scanAll(inline, { root });
    assert.deepEqual(
      skipped.map(({ path, code }) => [Buffer.from(path).toString(), code]),
      [['pipe', 'FILE_KIND_UNSUPPORTED']],
    );
    assert.equal(entries.length, 2);
    const single = await scanAll(inline, { root: join(root, 'a') });
    assert.deepEqual(
      single.entries.map(({ path, kind }) => [path.length, kind]),
      [[0, 'file']],
    );
  });

  it('rejects a root that is not there', async () => {
    await assert.rejects(scanAll(inline, { root: join(folder(), 'missing') }), { code: 'SOURCE_UNREADABLE' });
  });
});
