import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createInlineWorkers } from '../../../storage/pipeline/inline-workers.ts';
import { createPipeline } from '../../../storage/pipeline/pipeline.ts';
import { fill, folder, MIB } from './folders.ts';
import { random, SECRETS, scanAll, signal, storeFolder } from './round-trip.ts';

const inline = createPipeline({ workers: createInlineWorkers(random) });

describe('storing', () => {
  it('stores equal content once, also between runs', async () => {
    const root = folder();
    fill(root);
    const first = await storeFolder(inline, { root });
    const bytes = first.blocks.reduce((sum, block) => sum + block.copies.length, 0);
    const again = await storeFolder(inline, { root, known: first.known });
    assert.equal(bytes, new Set([...first.copies.keys()]).size);
    const kindsAgain = again.blocks.flatMap((block) => block.copies.map(({ kind }) => kind));
    assert.deepEqual(kindsAgain, ['index']);
  });

  it('puts a little data, its tree and the index into one block of 1 MiB', async () => {
    const root = folder();
    writeFileSync(join(root, 'a'), 'hello');
    const stored = await storeFolder(inline, { root });
    assert.equal(stored.blocks.length, 1);
    assert.equal(stored.blocks[0]!.size, MIB);
    assert.deepEqual(
      stored.blocks[0]!.copies.map(({ kind }) => kind),
      ['data', 'tree', 'index'],
    );
    assert.deepEqual(
      stored.shared.map(({ offset, length }) => [offset, length]),
      stored.blocks[0]!.copies.slice(0, 2).map(({ offset, length }) => [offset, length]),
    );
    assert.equal(stored.index?.block, stored.blocks[0]!.block);
  });

  it('leaves little of a full block empty', async () => {
    const root = folder();
    writeFileSync(join(root, 'large'), random(60 * MIB));
    const stored = await storeFolder(inline, { root });
    const full = stored.blocks.filter(({ size, copies }) => size === 8 * MIB && copies.length > 2);
    const used = full.reduce((sum, block) => sum + block.copies.reduce((bytes, { length }) => bytes + length, 0), 0);
    assert.ok(used / (full.length * 8 * MIB) > 0.9, `${used / (full.length * 8 * MIB)}`);
  });

  it('keeps runs of zeros as holes', async () => {
    const root = folder();
    fill(root);
    const stored = await storeFolder(inline, { root });
    const at = stored.entries.findIndex(({ path }) => Buffer.from(path).toString() === 'sparse');
    assert.deepEqual(stored.files[at]!.holes, [
      [0, 3 * MIB],
      [3 * MIB + 64 * 1024, 37 * MIB - 64 * 1024],
    ]);
    assert.equal(stored.files[at]!.chunks.length, 1);
  });

  it('reads back from the footer of a block what it holds', async () => {
    const root = folder();
    fill(root);
    const stored = await storeFolder(inline, { root });
    for (const block of stored.blocks) {
      const pieces = new Map(block.pieces.map((piece, index) => [index, piece] as const));
      const { bytes, release } = await inline.decode({ shape: block, pieces, signal });
      const rows = await inline.readFooter({
        block: block.block,
        bytes,
        secrets: new Map([[0, SECRETS.footer.secret]]),
        signal,
      });
      assert.deepEqual(rows, block.copies);
      await assert.rejects(inline.readFooter({ block: block.block, bytes, secrets: new Map(), signal }), {
        code: 'FOOTER_UNREADABLE',
      });
      release();
    }
  });

  it('names unreadable files and goes on', async () => {
    const root = folder();
    writeFileSync(join(root, 'a'), 'a');
    writeFileSync(join(root, 'gone'), 'b');
    const { entries } = await scanAll(inline, { root });
    rmSync(join(root, 'gone'));
    const writer = inline.writer({
      ...{ root, geometry: { k: 1, n: 1 }, secrets: SECRETS, signal },
      known: async (chunks) => chunks.map(() => false),
      onBlock: async ({ release }) => release(),
    });
    const files = await writer.addFiles(entries);
    writer.close();
    assert.deepEqual(
      files.map(({ skipped, chunks }) => [skipped?.code ?? null, chunks.length]),
      [
        [null, 0],
        [null, 1],
        ['FILE_VANISHED', 0],
      ],
    );
  });

  it('waits when blocks are not released, and gives the error of the receiver', async () => {
    const root = folder();
    writeFileSync(join(root, 'large'), random(40 * MIB));
    const { entries } = await scanAll(inline, { root });
    const writer = inline.writer({
      ...{ root, geometry: { k: 4, n: 8 }, secrets: SECRETS, signal },
      known: async (chunks) => chunks.map(() => false),
      onBlock: async () => {
        throw new Error('the receiver is full');
      },
    });
    await assert.rejects(async () => {
      await writer.addFiles(entries);
      await writer.closeTrees();
    }, /the receiver is full/);
    writer.close();
    assert.equal(inline.memory().usedBytes, 0);
  });
});
