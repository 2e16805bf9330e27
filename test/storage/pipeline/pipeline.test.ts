import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Pipeline } from '../../../ports/pipeline.ts';
import { createInlineWorkers } from '../../../storage/pipeline/inline-workers.ts';
import { createPipeline } from '../../../storage/pipeline/pipeline.ts';
import { createWorkerPool, type WorkerPool } from '../../../storage/pipeline/worker-pool.ts';
import { fill, folder, requireSame } from './folders.ts';
import { random, restoreFolder, storeFolder } from './round-trip.ts';

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

const kinds: readonly (readonly [string, () => Pipeline])[] = [
  ['in worker threads', () => pooled],
  ['on the calling thread', () => inline],
];

for (const [where, pipelineOf] of kinds) {
  describe(`the pipeline ${where}`, () => {
    it('stores a folder and restores it byte for byte without n - k pieces of each block', async () => {
      const [root, out] = [folder(), join(folder(), 'out')];
      fill(root);
      const stored = await storeFolder(pipelineOf(), { root });
      assert.ok(stored.blocks.length >= 2);
      const { decoded } = await restoreFolder(pipelineOf(), { stored, folder: out, lost: [0, 2, 4, 7] });
      assert.equal(decoded, stored.blocks.length);
      requireSame(root, out);
      assert.equal(pipelineOf().memory().usedBytes, 0);
    });
  });
}
