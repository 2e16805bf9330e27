import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { VirtualClock } from '../../../../node/worlds/virtual-clock.ts';
import type { TreeEntry } from '../../../../ports/catalogue.ts';
import { blockIdOf, encodeBlockRecord } from '../../../../protocol/block-record.ts';
import type { ChunkCopy, LocatedChunk } from '../../../../protocol/chunk-copy.ts';
import { sha256, textBytes, toHex } from '../../../../protocol/hash.ts';
import type { BlockId } from '../../../../protocol/ids.ts';
import { type CatalogueStore, createCatalogue } from '../../../../services/backup/catalogue/catalogue.ts';
import { createChunkIndex } from '../../../../services/backup/catalogue/chunk-index.ts';
import { namesOf, pathOf, textOf } from '../../../../services/backup/catalogue/paths.ts';
import { createBranchWriter, outermost, writeRoot } from '../../../../services/backup/catalogue/tree-writer.ts';
import { createMemoryStores } from '../../../../storage/records/memory.ts';
import { countingRandom, OWN_SELF, openOwnLog, syncOf } from '../../../support/own-backups.ts';

const path = (text: string) => textBytes(text);
const START = 1_700_000_000_000;

function file(name: string, content: string): TreeEntry {
  return {
    name: textBytes(name),
    kind: 'file',
    mode: 0o644,
    mtimeNs: 5n,
    size: content.length,
    chunks: [sha256(textBytes(content))],
    lengths: [content.length],
    holes: [],
    target: null,
    changedWhileRead: false,
  };
}

function folder(name: string): TreeEntry {
  return { ...file(name, ''), kind: 'folder', mode: 0o755, size: 0, chunks: [], lengths: [] };
}

/** A catalogue over memory; its objects are stored in one block that a test can bury. */
async function openCatalogue() {
  const stores = createMemoryStores({ fraction: () => 0.5 });
  const { records } = await stores.engine().open('home');
  const clock = new VirtualClock({ startAt: START });
  const log = await openOwnLog(records.part('log'), clock);
  const objects = new Map<string, Uint8Array>();
  const fetched: string[] = [];
  const catalogue = createCatalogue({
    records: records.part('catalogue'),
    log,
    sync: syncOf(log),
    self: OWN_SELF,
    health: { safetyOf: async () => 'enough' },
    random: countingRandom(),
    source: () => ({
      async readChunk({ chunk, copies }) {
        assert.ok(copies.length > 0, 'a chunk is read by a copy');
        fetched.push(toHex(chunk));
        return objects.get(toHex(chunk))!;
      },
    }),
  });
  await catalogue.load();
  const roots = new Uint8Array(64);
  const openBlock = async (number: number): Promise<BlockId> => {
    roots[0] = number;
    const record = { k: 1, n: 2, size: 1024 * 1024, roots: roots.slice() };
    const encoded = encodeBlockRecord({ ...record, seats: Uint8Array.of(0, 1) });
    await log.append([{ kind: 'open', body: { upload: '00'.repeat(16), records: [encoded] } }]);
    return blockIdOf(record);
  };
  return { catalogue, log, clock, objects, fetched, openBlock, records };
}

type Opened = Awaited<ReturnType<typeof openCatalogue>>;

function located(chunk: Uint8Array, block: BlockId): LocatedChunk {
  const copy: ChunkCopy = { block, offset: 0, length: 16, codec: 'none', key: sha256(chunk), hash: sha256(chunk) };
  return { chunk, copy };
}

/** Writes a version of files by their paths; all its chunks lie in the block. */
async function storeVersion(
  { catalogue, objects, clock }: Opened,
  options: {
    readonly set: string;
    readonly block: BlockId;
    readonly root: string;
    readonly files: Record<string, string>;
  },
): Promise<string> {
  const { block, set, root, files } = options;
  const add = async (bytes: Uint8Array) => {
    const chunk = sha256(bytes);
    objects.set(toHex(chunk), bytes);
    await catalogue.index.add([located(chunk, block)], { durable: true });
    return chunk;
  };
  const branch = createBranchWriter(add);
  const rootNames = namesOf(path(root));
  await branch.add(path(''), folder(textOf(rootNames.at(-1)!)));
  const folders = new Set<string>();
  for (const [name, content] of Object.entries(files).toSorted()) {
    const parts = name.split('/');
    for (let depth = 1; depth < parts.length; depth += 1) {
      const inside = parts.slice(0, depth).join('/');
      if (!folders.has(inside)) await branch.add(path(inside), folder(parts[depth - 1]!));
      folders.add(inside);
    }
    const entry = file(parts.at(-1)!, content);
    await catalogue.index.add(
      entry.chunks.map((chunk) => located(chunk, block)),
      { durable: true },
    );
    await branch.add(path(name), entry);
  }
  const entry = (await branch.finish())!;
  const tree = await writeRoot(add, [{ names: rootNames, entry }]);
  const [copy] = await catalogue.copies(tree);
  clock.advance(1_000);
  const note = {
    kind: 'version' as const,
    set,
    at: clock.now(),
    tree: { chunk: tree, copy: copy! },
    index: null,
    files: Object.keys(files).length,
    bytes: 10,
  };
  return (await catalogue.writeNotes([note]))[0]!.version;
}

async function namesIn(catalogue: CatalogueStore, version: string, at: string): Promise<readonly string[]> {
  return (await catalogue.list(version, path(at))).map((entry) => textOf(entry.name));
}

describe('catalogue', () => {
  it('answers nothing before it was fetched', async () => {
    const { catalogue } = await openCatalogue();
    await assert.rejects(catalogue.versions(), { code: 'CATALOGUE_UNAVAILABLE' });
    await assert.rejects(catalogue.sets(), { code: 'CATALOGUE_UNAVAILABLE' });
    await assert.rejects(catalogue.list('00'.repeat(32), path('/')), { code: 'CATALOGUE_UNAVAILABLE' });
  });

  it('finds things by the absolute path of the machine that made them', async () => {
    const opened = await openCatalogue();
    const { catalogue, openBlock } = opened;
    catalogue.setState('in-sync');
    const files = { 'a.txt': 'one', 'deep/er/b.txt': 'two', 'deep/c.txt': 'three' };
    const version = await storeVersion(opened, { set: 'src', block: await openBlock(1), root: '/home/a/src', files });
    assert.deepEqual(await namesIn(catalogue, version, '/'), ['home']);
    assert.deepEqual(await namesIn(catalogue, version, '/home/a/src'), ['a.txt', 'deep']);
    assert.deepEqual(await namesIn(catalogue, version, '/home/a/src/deep/'), ['c.txt', 'er']);
    const entry = await catalogue.entry(version, path('/home/a/src/deep/er/b.txt'));
    assert.deepEqual(entry, file('b.txt', 'two'));
    assert.equal(await catalogue.entry(version, path('/home/a/src/none')), undefined);
    assert.equal(await catalogue.entry(version, path('/home/a/src/a.txt/none')), undefined);
    await assert.rejects(catalogue.list(version, path('/home/b')), { code: 'ENTRY_NOT_FOUND' });
    const walked = [];
    for await (const { path: at } of catalogue.walk(version, path('/home/a/src/deep'))) walked.push(textOf(at));
    assert.deepEqual(walked, [
      '/home/a/src/deep',
      '/home/a/src/deep/c.txt',
      '/home/a/src/deep/er',
      '/home/a/src/deep/er/b.txt',
    ]);
  });

  it('reads an object once from the suppliers and then from its cache', async () => {
    const opened = await openCatalogue();
    opened.catalogue.setState('in-sync');
    const block = await opened.openBlock(1);
    const version = await storeVersion(opened, { set: 's', block, root: '/d', files: { x: '1' } });
    await namesIn(opened.catalogue, version, '/d');
    const before = opened.fetched.length;
    assert.ok(before >= 3);
    await namesIn(opened.catalogue, version, '/d');
    assert.equal(opened.fetched.length, before);
  });

  it('names what differs between two versions and does not read equal folders', async () => {
    const opened = await openCatalogue();
    opened.catalogue.setState('in-sync');
    const block = await opened.openBlock(1);
    const root = '/d';
    const from = await storeVersion(opened, { set: 's', block, root, files: { 'a/x': '1', 'b/y': '2', z: '3' } });
    const to = await storeVersion(opened, { set: 's', block, root, files: { 'a/x': '1', 'b/y': '9', new: '4' } });
    const found = [];
    for await (const row of opened.catalogue.diff({ from, to, path: path('/d') })) {
      found.push([textOf(row.path), row.before !== null, row.after !== null]);
    }
    assert.deepEqual(found, [
      ['/d', true, true],
      ['/d/b', true, true],
      ['/d/b/y', true, true],
      ['/d/new', false, true],
      ['/d/z', true, false],
    ]);
  });

  it('finds versions by id, by first digits, and by time, also retired ones by id', async () => {
    const opened = await openCatalogue();
    const { catalogue } = opened;
    catalogue.setState('in-sync');
    const block = await opened.openBlock(1);
    const first = await storeVersion(opened, { set: 's', block, root: '/d', files: { x: '1' } });
    const second = await storeVersion(opened, { set: 's', block, root: '/d', files: { x: '2' } });
    assert.deepEqual(
      (await catalogue.versions()).map((row) => row.version),
      [second, first],
    );
    assert.equal((await catalogue.versionAt(first.slice(0, 8))).version, first);
    assert.equal((await catalogue.versionAt(new Date(START + 1_500).toISOString())).version, first);
    await assert.rejects(catalogue.versionAt(new Date(START).toISOString()), { code: 'VERSION_NOT_FOUND' });
    await catalogue.writeNotes([{ kind: 'retired', version: first }]);
    assert.deepEqual(
      (await catalogue.versions()).map((row) => row.version),
      [second],
    );
    assert.equal((await catalogue.versions({ retired: true })).length, 2);
    assert.notEqual((await catalogue.versionAt(first)).retiredAt, null);
    await catalogue.writeNotes([{ kind: 'brought-back', version: first }]);
    assert.deepEqual(
      (await catalogue.versions()).map((row) => row.version),
      [second, first],
    );
  });

  it('tells every block that a version needs', async () => {
    const opened = await openCatalogue();
    const { catalogue } = opened;
    catalogue.setState('in-sync');
    const block = await opened.openBlock(1);
    const other = await opened.openBlock(2);
    const version = await storeVersion(opened, { set: 's', block, root: '/d', files: { x: '1', y: '2' } });
    await catalogue.index.add([located(sha256(textBytes('unused')), other)], { durable: true });
    assert.deepEqual(await catalogue.blocksOf(version), [block]);
    assert.deepEqual(await catalogue.blocksBelow(version, path('/d/x')), [block]);
  });

  it('does not count a buried block for new versions but reads from it', async () => {
    const { catalogue, log, openBlock } = await openCatalogue();
    const block = await openBlock(1);
    const chunk = sha256(textBytes('chunk'));
    await catalogue.index.add([located(chunk, block)], { durable: true });
    assert.deepEqual(await catalogue.known([chunk, sha256(chunk)]), [true, false]);
    await log.append([{ kind: 'commit', body: { blocks: [block] } }]);
    await log.append([{ kind: 'bury', body: { blocks: [block] } }]);
    assert.deepEqual(await catalogue.known([chunk]), [false]);
    assert.equal((await catalogue.copies(chunk)).length, 1);
    await log.append([{ kind: 'keep', body: { blocks: [block] } }]);
    assert.deepEqual(await catalogue.known([chunk]), [true]);
  });

  it('keeps sets as changes of the settings, the last one winning', async () => {
    const { catalogue, records, clock } = await openCatalogue();
    catalogue.setState('in-sync');
    const settings = { paths: [path('/home/a')], k: null, n: null, every: null, keep: {} };
    await catalogue.putSet('a', settings);
    await catalogue.putSet('b', { ...settings, keep: { daily: 7 }, k: 4, n: 8 });
    await catalogue.putSet('a', { ...settings, paths: [path('/home/a'), Uint8Array.of(0x2f, 0xff)] });
    await catalogue.putSet('c', settings);
    await catalogue.putSet('c', null);
    const sets = await catalogue.namedSets();
    assert.deepEqual(
      sets.map(({ name }) => name),
      ['a', 'b'],
    );
    assert.deepEqual(sets[0]!.paths[1], Uint8Array.of(0x2f, 0xff));
    assert.deepEqual(sets[1]!.keep, { daily: 7 });
    const again = await openOwnLog(records.part('log'), clock);
    assert.equal((await again.document('settings')).length, 5);
  });
});

describe('chunk index', () => {
  it('is the union of all copies in any order, and after a restart', async () => {
    const copyArb = fc.record({ chunk: fc.integer({ min: 0, max: 5 }), block: fc.integer({ min: 0, max: 3 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(copyArb, { maxLength: 6 }), { maxLength: 6 }), async (batches) => {
        const { records } = await createMemoryStores({ fraction: () => 0.5 })
          .engine()
          .open('x');
        const index = createChunkIndex(records);
        const wanted = new Map<number, Set<string>>();
        const chunkOf = (number: number) => sha256(Uint8Array.of(number));
        for (const batch of batches) {
          const copies = batch.map(({ chunk, block }) =>
            located(chunkOf(chunk), toHex(sha256(Uint8Array.of(block, 1)))),
          );
          await index.add(copies, { durable: true });
          for (const { chunk, block } of batch) {
            const ids = wanted.get(chunk) ?? new Set();
            wanted.set(chunk, ids.add(toHex(sha256(Uint8Array.of(block, 1)))));
          }
        }
        const again = createChunkIndex(records);
        await again.load();
        for (const open of [index, again]) {
          const found = await open.copiesOf([0, 1, 2, 3, 4, 5].map(chunkOf));
          found.forEach((copies, chunk) => {
            const blocks = copies.map((copy) => copy.block).toSorted();
            assert.deepEqual(blocks, [...(wanted.get(chunk) ?? [])].toSorted());
          });
        }
      }),
      { numRuns: 50 },
    );
  });

  it('asks the store only for ids it may have', async () => {
    const { records } = await createMemoryStores({ fraction: () => 0.5 })
      .engine()
      .open('x');
    const asked: number[] = [];
    const watched = {
      ...records,
      getMany(keys: readonly string[]) {
        asked.push(keys.length);
        return records.getMany(keys);
      },
    };
    const index = createChunkIndex(watched);
    const strangers = Array.from({ length: 500 }, (_, i) => sha256(Uint8Array.of(i & 0xff, i >> 8)));
    const found = await index.copiesOf(strangers);
    assert.ok(found.every((copies) => copies.length === 0));
    assert.deepEqual(asked, [0]);
  });

  it('forgets the copies of one block only', async () => {
    const { records } = await createMemoryStores({ fraction: () => 0.5 })
      .engine()
      .open('x');
    const index = createChunkIndex(records);
    const chunk = sha256(Uint8Array.of(1));
    await index.add([located(chunk, 'aa'.repeat(32)), located(chunk, 'bb'.repeat(32))], { durable: true });
    await index.forget('aa'.repeat(32), [chunk]);
    assert.deepEqual(
      (await index.copiesOf([chunk]))[0]!.map((copy) => copy.block),
      ['bb'.repeat(32)],
    );
  });
});

describe('paths of a set', () => {
  it('joins several paths below one root, and leaves out those inside others', async () => {
    const paths = ['/home/a/src', '/home/a/src/deep', '/home/b', '/home/b', '/home/ab'].map((text) =>
      namesOf(path(text)),
    );
    assert.deepEqual(
      outermost(paths).map((names) => textOf(pathOf(names))),
      ['/home/a/src', '/home/b', '/home/ab'],
    );
    const objects = new Map<string, Uint8Array>();
    const add = async (bytes: Uint8Array) => {
      objects.set(toHex(sha256(bytes)), bytes);
      return sha256(bytes);
    };
    const first = await writeRoot(add, [
      { names: namesOf(path('/home/a')), entry: file('a', '1') },
      { names: namesOf(path('/home/b')), entry: file('b', '2') },
    ]);
    const count = objects.size;
    const second = await writeRoot(add, [
      { names: namesOf(path('/home/b')), entry: file('b', '2') },
      { names: namesOf(path('/home/a')), entry: file('a', '1') },
    ]);
    assert.deepEqual(first, second, 'the order of the paths does not matter');
    assert.equal(objects.size, count);
  });
});
