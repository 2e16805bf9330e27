import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { NewBlock, StoredFile } from '../../../ports/pipeline.ts';
import { toByteName } from '../../../storage/pipeline/byte-names.ts';
import { createInlineWorkers } from '../../../storage/pipeline/inline-workers.ts';
import { createPipeline } from '../../../storage/pipeline/pipeline.ts';
import { random, SECRETS, scanAll, signal } from './round-trip.ts';

const MIB = 2 ** 20;
const root = mkdtempSync(join(tmpdir(), 'bitdust-changing-'));
const path = join(root, 'file');
const pipeline = createPipeline({ workers: createInlineWorkers(random) });

after(() => rmSync(root, { recursive: true, force: true }));

/** Stores the one file; `meddle` is called between its windows. */
async function store(
  meddle: (window: number) => void,
): Promise<{ file: StoredFile; content: Uint8Array; windows: number }> {
  const { entries } = await scanAll(pipeline, { root });
  const opened = new Map<string, Uint8Array>();
  let windows = 0;
  const open = async ({ copies, pieces, release, ...shape }: NewBlock) => {
    const shapeOf = { ...shape, pieces, release };
    const { bytes, release: done } = await pipeline.decode({
      shape: shapeOf,
      pieces: new Map(pieces.entries()),
      signal,
    });
    const chunks = copies.map((copy) => ({ chunk: copy.chunk, copy, at: copy.offset }));
    const plain = await pipeline.openChunks({ bytes, chunks, signal });
    for (const [index, { chunk }] of copies.entries()) opened.set(toByteName(chunk), plain[index]!);
    done();
    release();
  };
  const writer = pipeline.writer({
    ...{ root, geometry: { k: 2, n: 3 }, secrets: SECRETS, signal, onBlock: open },
    known: async (chunks) => {
      meddle(windows);
      windows += 1;
      return chunks.map(() => false);
    },
  });
  const files = await writer.addFiles(entries);
  await writer.closeTrees();
  await writer.finish(null);
  writer.close();
  const file = files[1]!;
  const content = Buffer.concat(file.chunks.map((chunk) => opened.get(toByteName(chunk))!));
  return { file, content, windows };
}

describe('a file that changes while it is read', () => {
  it('is read again and stored as it is then', async () => {
    writeFileSync(path, random(20 * MIB));
    const { file, content } = await store((window) => {
      if (window === 0) appendFileSync(path, 'more');
    });
    assert.equal(file.changedWhileRead, false);
    assert.ok(readFileSync(path).equals(content));
    assert.equal(file.fingerprint.size, 20 * MIB + 4);
  });

  it('is stored and marked when it changes every time', async () => {
    writeFileSync(path, random(20 * MIB));
    const { file, windows } = await store(() => appendFileSync(path, 'x'));
    assert.equal(file.changedWhileRead, true);
    assert.ok(file.chunks.length > 0);
    assert.ok(windows >= 6 && windows <= 12, `${windows} windows`);
  });

  it('is not taken as unchanged next time when it was written to a moment before', async () => {
    writeFileSync(path, 'fresh');
    const fresh = await store(() => undefined);
    assert.equal(fresh.file.fingerprint.ctimeNs, 0n);
    utimesSync(path, 1_600_000_000, 1_600_000_000);
    const old = await store(() => undefined);
    assert.notEqual(old.file.fingerprint.ctimeNs, 0n);
  });

  it('is named when it is gone before its end', async () => {
    writeFileSync(path, random(20 * MIB));
    const { file } = await store((window) => {
      if (window === 0) rmSync(path);
    });
    assert.equal(file.skipped?.code, 'FILE_VANISHED');
    assert.deepEqual(file.chunks, []);
    writeFileSync(path, '');
  });
});
