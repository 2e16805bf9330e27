import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Pipeline } from '../../../ports/pipeline.ts';
import { createInlineWorkers } from '../../../storage/pipeline/inline-workers.ts';
import { createPipeline } from '../../../storage/pipeline/pipeline.ts';
import { createWorkerPool, type WorkerPool } from '../../../storage/pipeline/worker-pool.ts';
import { fill, folder, MIB } from './folders.ts';
import { random, signal, storeFolder } from './round-trip.ts';

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

describe('making a block again', () => {
  it('gives the same bytes from the unchanged source', async () => {
    const root = folder();
    fill(root);
    const stored = await storeFolder(inline, { root });
    for (const block of stored.blocks) {
      const answer = await pooled.remake({ root, intent: block.intent, signal });
      assert.ok('block' in answer);
      for (const [index, piece] of answer.block.pieces.entries())
        assert.ok(Buffer.from(piece).equals(block.pieces[index]!));
      answer.block.release();
    }
  });

  it('names the chunks whose source changed, and gives no block', async () => {
    const root = folder();
    writeFileSync(join(root, 'a'), random(1000));
    writeFileSync(join(root, 'b'), random(1000));
    const stored = await storeFolder(inline, { root });
    const changed = readFileSync(join(root, 'b'));
    changed[10]! ^= 1;
    writeFileSync(join(root, 'b'), changed);
    const answer = await inline.remake({ root, intent: stored.blocks[0]!.intent, signal });
    const bOf = stored.files[stored.entries.findIndex(({ path }) => Buffer.from(path).toString() === 'b')]!;
    assert.deepEqual(answer, { changed: bOf.chunks });
    rmSync(join(root, 'a'));
    const none = await inline.remake({ root, intent: stored.blocks[0]!.intent, signal });
    assert.equal('changed' in none && none.changed.length, 2);
  });
});

describe('repairing', () => {
  it('recomputes missing pieces that prove themselves, and refuses when a source piece is wrong', async () => {
    const root = folder();
    writeFileSync(join(root, 'a'), random(MIB));
    const [block] = (await storeFolder(inline, { root })).blocks;
    const pieces = new Map([1, 3, 5, 6].map((index) => [index, block!.pieces[index]!] as const));
    assert.deepEqual(await inline.verifyPieces({ shape: block!, pieces, signal }), []);
    const made = await pooled.recompute({ shape: block!, pieces, want: [0, 7], signal });
    assert.deepEqual([made.pieces.get(0), made.pieces.get(7)], [block!.pieces[0], block!.pieces[7]]);
    made.release();
    const bad = new Map(pieces).set(3, pieces.get(3)!.with(99, pieces.get(3)![99]! ^ 1));
    assert.deepEqual(await pooled.verifyPieces({ shape: block!, pieces: bad, signal }), [3]);
    await assert.rejects(pooled.recompute({ shape: block!, pieces: bad, want: [0], signal }), { code: 'BLOCK_ROTTEN' });
    pieces.delete(1);
    await assert.rejects(inline.decode({ shape: block!, pieces, signal }), {
      code: 'TOO_FEW_PIECES',
      details: { blocks: [{ block: block!.block, have: 3, k: 4 }] },
    });
    assert.equal(pooled.memory().usedBytes, 0);
  });

  it('makes all pieces again from the bytes of a block', async () => {
    const root = folder();
    writeFileSync(join(root, 'a'), random(MIB));
    const [block] = (await storeFolder(inline, { root })).blocks;
    const pieces = new Map(block!.pieces.map((piece, index) => [index, piece] as const));
    const { bytes, release } = await inline.decode({ shape: block!, pieces, signal });
    const built = await inline.rebuildFromBlock({ shape: block!, bytes, signal });
    assert.deepEqual(built.pieces[6], block!.pieces[6]);
    built.release();
    bytes[5]! ^= 1;
    await assert.rejects(inline.rebuildFromBlock({ shape: block!, bytes, signal }), { code: 'BLOCK_ROTTEN' });
    release();
  });
});
