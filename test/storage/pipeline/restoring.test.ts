import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createInlineWorkers } from '../../../storage/pipeline/inline-workers.ts';
import { createPipeline } from '../../../storage/pipeline/pipeline.ts';
import { folder, requireSame } from './folders.ts';
import { random, restoreFolder, signal, storeFolder } from './round-trip.ts';

const inline = createPipeline({ workers: createInlineWorkers(random) });

describe('restoring', () => {
  async function small(): Promise<{ root: string; stored: Awaited<ReturnType<typeof storeFolder>> }> {
    const root = folder();
    mkdirSync(join(root, 'd'));
    writeFileSync(join(root, 'd/a'), 'content');
    return { root, stored: await storeFolder(inline, { root }) };
  }

  it('refuses to overwrite, and overwrites with force', async () => {
    const { root, stored } = await small();
    const out = folder();
    mkdirSync(join(out, 'd'));
    writeFileSync(join(out, 'd/a'), 'precious');
    await assert.rejects(restoreFolder(inline, { stored, folder: out }), { code: 'RESTORE_EXISTS' });
    assert.equal(readFileSync(join(out, 'd/a'), 'utf8'), 'precious');
    await restoreFolder(inline, { stored, folder: out, force: true });
    requireSame(root, out);
  });

  it('has no file under its name before it is whole, and none aside afterwards', async () => {
    const { stored } = await small();
    const out = folder();
    const target = inline.target({ folder: out, task: 't9', force: false, signal });
    await target.prepare(stored.entries);
    const lying = readdirSync(join(out, 'd'));
    assert.equal(lying.length, 1);
    assert.match(lying[0]!, /^\.bitdust-/);
    assert.deepEqual(await target.prepare(stored.entries), { existing: 1 });
    await target.abandon();
    assert.deepEqual(readdirSync(join(out, 'd')), []);
  });

  it('never leaves the target, by dots or by links that stand there', async () => {
    const { stored } = await small();
    const out = folder();
    const outside = folder();
    const [, , file] = stored.entries;
    const target = inline.target({ folder: out, task: 't2', force: true, signal });
    for (const path of ['../x', 'a/../../x', '/etc/x', 'a//b', './a', 'a/.', 'a\0b', '']) {
      const entry = { ...file!, path: new TextEncoder().encode(path) };
      await assert.rejects(target.prepare([entry]), { code: 'PATH_UNSAFE' }, path);
      await assert.rejects(target.finishFiles([entry]), { code: 'PATH_UNSAFE' }, path);
    }
    symlinkSync(outside, join(out, 'd'));
    await assert.rejects(target.prepare(stored.entries), { code: 'PATH_UNSAFE' });
    assert.deepEqual(readdirSync(outside), []);
  });

  it('names a rotten chunk and writes the others', async () => {
    const root = folder();
    writeFileSync(join(root, 'a'), random(1000));
    writeFileSync(join(root, 'b'), random(1000));
    const stored = await storeFolder(inline, { root });
    const [block] = stored.blocks;
    const pieces = new Map(block!.pieces.map((piece, index) => [index, piece] as const));
    const { bytes, release } = await inline.decode({ shape: block!, pieces, signal });
    const whole = bytes.slice();
    release();
    const [first, second] = block!.copies;
    whole[first!.offset + 5]! ^= 1;
    const chunks = [first!, second!].map((copy) => ({ chunk: copy.chunk, copy, at: copy.offset }));
    await assert.rejects(inline.openChunks({ bytes: whole, chunks, signal }), {
      code: 'CHUNK_ROTTEN',
      details: { chunk: Buffer.from(first!.chunk).toString('hex') },
    });
    const [opened] = await inline.openChunks({ bytes: whole, chunks: chunks.slice(1), signal });
    const name = stored.files.findIndex((file) => Buffer.from(file.chunks[0] ?? []).equals(second!.chunk));
    const path = Buffer.from(stored.entries[name]!.path).toString();
    assert.deepEqual(Buffer.from(opened!), readFileSync(join(root, path)));
  });
});
