import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Pipeline } from '../../../ports/pipeline.ts';
import { createInlineWorkers } from '../../../storage/pipeline/inline-workers.ts';
import { createPipeline } from '../../../storage/pipeline/pipeline.ts';
import { createWorkerPool, type WorkerPool } from '../../../storage/pipeline/worker-pool.ts';
import { random, restoreFolder, SECRETS, scanAll, signal, storeFolder } from './round-trip.ts';

const MIB = 2 ** 20;
const base = mkdtempSync(join(tmpdir(), 'bitdust-pipeline-'));
let pool: WorkerPool;
let pooled: Pipeline;
const inline = createPipeline({ workers: createInlineWorkers(random) });
let count = 0;

before(async () => {
  pool = createWorkerPool();
  await pool.spawn(2);
  pooled = createPipeline({ workers: pool });
});

after(async () => {
  await pool.close();
  rmSync(base, { recursive: true, force: true });
});

function folder(): string {
  const path = join(base, `f${count++}`);
  mkdirSync(path);
  return path;
}

/** A folder with one of each: small, large, empty, sparse, equal, linked, oddly named. */
function fill(root: string): void {
  mkdirSync(join(root, 'deep/er'), { recursive: true });
  writeFileSync(join(root, 'small.txt'), 'hello\n');
  writeFileSync(join(root, 'empty'), '');
  writeFileSync(join(root, 'deep/large.bin'), random(11 * MIB + 123));
  writeFileSync(join(root, 'deep/er/text.txt'), 'the same line again and again\n'.repeat(100_000));
  writeFileSync(join(root, 'twin'), 'hello\n');
  writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0x66, 0xff, 0xfe])]), 'not UTF-8');
  symlinkSync('../nowhere/at all', join(root, 'deep/broken'));
  const fd = openSync(join(root, 'sparse'), 'w');
  writeSync(fd, random(100), 0, 100, 3 * MIB);
  ftruncateSync(fd, 40 * MIB);
  closeSync(fd);
  chmodSync(join(root, 'small.txt'), 0o640);
  utimesSync(join(root, 'small.txt'), 1_600_000_000.123456, 1_600_000_000.123456);
  chmodSync(join(root, 'deep/er'), 0o750);
  utimesSync(join(root, 'deep/er'), 1_500_000_000, 1_500_000_000);
}

interface Seen {
  readonly kind: string;
  readonly mode: number;
  readonly mtimeUs: number;
  readonly content: Buffer | string | null;
}

function look(root: Buffer, path = Buffer.alloc(0), seen = new Map<string, Seen>()): Map<string, Seen> {
  const full = path.length === 0 ? root : Buffer.concat([root, Buffer.from('/'), path]);
  const stats = lstatSync(full, { bigint: true });
  const kind = stats.isDirectory() ? 'folder' : stats.isSymbolicLink() ? 'link' : 'file';
  const content = kind === 'file' ? readFileSync(full) : kind === 'link' ? readlinkSync(full) : null;
  const mtimeUs = Math.round(Number(stats.mtimeNs) / 1000);
  seen.set(path.toString('latin1'), { kind, mode: Number(stats.mode & 0o7777n), mtimeUs, content });
  if (kind !== 'folder') return seen;
  for (const name of readdirSync(full, { encoding: 'buffer' })) {
    look(root, path.length === 0 ? name : Buffer.concat([path, Buffer.from('/'), name]), seen);
  }
  return seen;
}

function requireSame(a: string, b: string): void {
  const [left, right] = [look(Buffer.from(a)), look(Buffer.from(b))];
  assert.deepEqual([...right.keys()].sort(), [...left.keys()].sort());
  for (const [path, seen] of left) {
    const other = right.get(path)!;
    assert.ok(Math.abs(seen.mtimeUs - other.mtimeUs) <= 1, `${path}: ${seen.mtimeUs} ${other.mtimeUs}`);
    assert.deepEqual([other.kind, other.mode], [seen.kind, seen.mode], path);
    const same = Buffer.isBuffer(seen.content)
      ? seen.content.equals(other.content as Buffer)
      : seen.content === other.content;
    assert.ok(same, `${path} has the same content`);
  }
}

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
    await assert.rejects(scanAll(inline, { root: join(base, 'missing') }), { code: 'SOURCE_UNREADABLE' });
  });
});
