import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { auditLeaves } from '../../protocol/audit.ts';
import { decodeIndex, encodeIndex, mergeCopies } from '../../protocol/index-object.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { decodeTree, encodeTree, type TreeEntry } from '../../protocol/tree-object.ts';
import { encodeVersionNote, openVersionNote, sealVersionNote, type VersionNote } from '../../protocol/version-entry.ts';
import { bytesFor, SECRET } from '../support/storage-samples.ts';

function fileOf(name: string, changes: Partial<TreeEntry> = {}): TreeEntry {
  const name8 = Buffer.from(name);
  const base = {
    kind: 'file',
    mode: 0o644,
    mtimeNs: 1n,
    size: 0,
    chunks: [],
    lengths: [],
    holes: [],
    target: null,
  } as const;
  return { ...base, name: Uint8Array.from(name8), changedWhileRead: false, ...changes };
}

function copyOf(text: string, block = 'ab'.repeat(32)) {
  const copy = {
    block,
    offset: 8,
    length: 9,
    codec: 'none' as const,
    key: bytesFor(`k${text}`),
    hash: bytesFor(`h${text}`),
  };
  return { chunk: bytesFor(`c${text}`), copy };
}

const anyEntry = fc
  .record({
    name: fc
      .uint8Array({ minLength: 1, maxLength: 20 })
      .filter((name) => !name.some((byte) => byte === 0 || byte === 0x2f || byte === 0x2e)),
    kind: fc.constantFrom('file', 'folder', 'link'),
    mode: fc.integer({ min: 0, max: 0o7777 }),
    mtimeNs: fc.bigInt({ min: -(10n ** 18n), max: 4n * 10n ** 18n }),
    chunks: fc.array(fc.tuple(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.integer({ min: 1, max: 5e6 })), {
      maxLength: 4,
    }),
    hole: fc.nat(1e6),
    changed: fc.boolean(),
  })
  .map(({ kind, chunks, hole, changed, ...rest }): TreeEntry => {
    const lengths = kind === 'file' ? chunks.map(([, length]) => length) : [];
    const filled = lengths.reduce((sum, length) => sum + length, 0);
    return {
      ...rest,
      kind,
      size: kind === 'file' ? filled + hole : 7,
      chunks: kind === 'link' ? [] : chunks.map(([chunk]) => chunk),
      lengths,
      holes: kind === 'file' && hole > 0 ? [[filled, hole]] : [],
      target: kind === 'link' ? Uint8Array.of(0xff) : null,
      changedWhileRead: changed,
    };
  });

test('a folder comes back as it was, whatever its names, times and kinds', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(anyEntry, { maxLength: 40, selector: ({ name }) => Buffer.from(name).toString('hex') }),
      (entries) => {
        const sorted = entries.toSorted((a, b) => Buffer.compare(a.name, b.name));
        assert.deepEqual(decodeTree(encodeTree(entries)), sorted);
      },
    ),
    { numRuns: 200 },
  );
});

test('a folder of many entries is split, and changing one file changes one object', () => {
  const entries = Array.from({ length: 5000 }, (_, i) =>
    fileOf(`file-${String(i).padStart(5, '0')}`, { size: 5, chunks: [bytesFor(`${i}`)], lengths: [5] }),
  );
  const before = encodeTree(entries);
  assert.equal(before.length, 5);
  assert.deepEqual(decodeTree(before), entries);
  const after = encodeTree(entries.with(2500, { ...entries[2500]!, mtimeNs: 99n }));
  assert.equal(after.filter((object, i) => Buffer.compare(object, before[i]!) !== 0).length, 1);
});

test('the chunk list of a file of a hundred gigabytes goes on over several objects, each a chunk', () => {
  const chunks = Array.from({ length: 100_000 }, (_, i) => {
    const id = new Uint8Array(32);
    new DataView(id.buffer).setUint32(0, i);
    return id;
  });
  const entries = [fileOf('a'), fileOf('huge', { size: 1e11, chunks, lengths: chunks.map(() => 1e6) }), fileOf('z')];
  const objects = encodeTree(entries);
  assert.ok(objects.length > 4);
  assert.ok(objects.every((object) => object.length <= LIMITS.treeObjectBytesMax.value));
  const read = decodeTree(objects);
  assert.equal(read.length, 3);
  assert.deepEqual(read[1]?.chunks, chunks);
  assert.throws(() => decodeTree(objects.toReversed()), { code: 'TREE_INVALID' });
});

test('names that would lead out of the folder or stand twice are not even written', () => {
  for (const name of ['..', '.', 'a/b', 'a\u0000', '']) {
    assert.throws(() => encodeTree([fileOf(name)]), { code: 'TREE_INVALID' });
  }
  assert.throws(() => encodeTree([fileOf('a'), fileOf('a')]), { code: 'TREE_INVALID' });
});

test('copies in block 0 of an index lie in the block it is read from', () => {
  const { chunk, copy } = copyOf('own');
  const index = encodeIndex({
    copies: [copyOf('x'), { chunk, copy: { ...copy, block: null } }],
    earlier: [copyOf('e')],
  });
  const own = 'cd'.repeat(32);
  assert.deepEqual(decodeIndex(index, own), { copies: [copyOf('x'), copyOf('own', own)], earlier: [copyOf('e')] });
});

test('an index that does not fit one chunk is refused while it is written', () => {
  const copies = Array.from({ length: LIMITS.indexRowsMax.value }, (_, i) =>
    copyOf('same', (i % 600).toString(16).padStart(64, '0')),
  );
  assert.ok(encodeIndex({ copies, earlier: [] }).length <= 4 * 1024 * 1024);
  assert.throws(() => encodeIndex({ copies: [...copies, copyOf('more')], earlier: [] }), { code: 'TOO_LARGE' });
});

test('merging copies is union: nothing is lost, nothing is doubled, in any order', () => {
  const [a, b, c] = ['a', 'b', 'c'].map((text) => copyOf(text).copy) as [
    ReturnType<typeof copyOf>['copy'],
    ReturnType<typeof copyOf>['copy'],
    ReturnType<typeof copyOf>['copy'],
  ];
  assert.deepEqual(mergeCopies([a, b], [b, c]), mergeCopies([c, b], [a]));
  assert.equal(mergeCopies([a, b], [b, c]).length, 3);
});

test('a sealed version has under 400 bytes and tells nobody whether it is new or retired', () => {
  const stored: VersionNote = {
    kind: 'version',
    set: 'ä'.repeat(18),
    at: 9e15,
    tree: copyOf('t'),
    index: copyOf('i'),
    files: 9e15,
    bytes: 9e15,
  };
  const retired: VersionNote = { kind: 'retired', version: 'ab'.repeat(32) };
  const back: VersionNote = { kind: 'brought-back', version: 'ab'.repeat(32) };
  const sealed = [stored, retired, back].map((note) => sealVersionNote(note, { ...SECRET, salt: bytesFor('s', 16) }));
  assert.deepEqual(
    sealed.map(({ length }) => length),
    [398, 398, 398],
  );
  assert.deepEqual(
    sealed.map((one) => openVersionNote(one, () => SECRET.secret)),
    [stored, retired, back],
  );
  assert.throws(() => encodeVersionNote({ ...stored, set: 'x'.repeat(37) }), { code: 'BAD_INPUT' });
});

test('an audit draws distinct leaves that only the nonce decides, and all of a small piece', () => {
  const nonce = bytesFor('n');
  const leaves = auditLeaves({ nonce, count: 16, leaves: 1000 });
  assert.equal(new Set(leaves).size, 16);
  assert.ok(leaves.every((leaf) => leaf >= 0 && leaf < 1000));
  assert.deepEqual(leaves, auditLeaves({ nonce, count: 16, leaves: 1000 }));
  assert.notDeepEqual(leaves, auditLeaves({ nonce: bytesFor('m'), count: 16, leaves: 1000 }));
  assert.deepEqual([...auditLeaves({ nonce, count: 16, leaves: 3 })].toSorted(), [0, 1, 2]);
});
