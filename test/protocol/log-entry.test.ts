import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { batchPath, isInBatch } from '../../protocol/batch-tree.ts';
import { blockIdOf, decodeBlockRecord } from '../../protocol/block-record.ts';
import { decode, encode } from '../../protocol/cbor.ts';
import { fromHex } from '../../protocol/hash.ts';
import { checkLink, type LinkContext } from '../../protocol/log-chain.ts';
import type { LogContent } from '../../protocol/log-content.ts';
import { makeLogEntry, parseLogEntry, verifyLogEntry } from '../../protocol/log-entry.ts';
import { makeStatement } from '../../protocol/statement.ts';
import { deviceOf, keyOf, LogWriter, logOf, NETWORK, OWNER, recordOf } from '../support/log-writer.ts';

const idOf = (record: Uint8Array) => blockIdOf(decodeBlockRecord(record));
const blocks = [idOf(recordOf(1)), idOf(recordOf(2))];

const CONTENTS: readonly LogContent[] = [
  { kind: 'open', body: { upload: '11'.repeat(16), records: [recordOf(1), recordOf(2), recordOf(3)] } },
  { kind: 'commit', body: { blocks } },
  { kind: 'abandon', body: { blocks } },
  { kind: 'bury', body: { blocks } },
  { kind: 'keep', body: { blocks } },
  { kind: 'erased', body: { blocks } },
  { kind: 'version', body: { sealed: new Uint8Array(398).fill(3) } },
  { kind: 'pin', body: { task: 'backup-1', until: 5 } },
  { kind: 'unpin', body: { task: 'backup-1' } },
  { kind: 'family', body: { version: 2, hash: 'ab'.repeat(32) } },
  { kind: 'geometry', body: { set: Uint8Array.of(1, 2), k: null, n: 8 } },
  { kind: 'document', body: { name: 'settings', sealed: new Uint8Array(60).fill(9) } },
];

function contextOf(changes: Partial<LinkContext> = {}): LinkContext {
  return { network: NETWORK, owner: OWNER, head: null, hashAt: null, newestRevision: 1, lists: () => true, ...changes };
}

test('every kind of entry comes back as it was written, byte for byte and chained', () => {
  const writer = new LogWriter();
  let prev: string | null = null;
  for (const content of CONTENTS) {
    const written = writer.write(content, { seen: [{ device: deviceOf(11), log: logOf(2), seq: 4 }] });
    const read = parseLogEntry(written.bytes);
    verifyLogEntry(read);
    assert.deepEqual(read.content, content);
    assert.equal(read.prev, prev);
    assert.deepEqual(read.seen, [{ device: deviceOf(11), log: logOf(2), seq: 4 }]);
    prev = read.hash;
  }
});

test('one block record is shown to anybody by its path under the signed root', () => {
  const records = Array.from({ length: 13 }, (_, i) => recordOf(i));
  const entry = new LogWriter().write({ kind: 'open', body: { upload: '00'.repeat(16), records } });
  const { root, count } = decode(entry.statement.body, { bytesMax: 4096 }) as { root: Uint8Array; count: number };
  for (const [index, item] of records.entries()) {
    const path = batchPath(records, index);
    assert.ok(isInBatch({ root, item, index, count, path }));
    assert.ok(!isInBatch({ root, item, index: (index + 1) % count, count, path }));
    assert.ok(!isInBatch({ root, item: recordOf(99), index, count, path }));
  }
});

test('nothing unsigned can be changed, added or left out of an entry', () => {
  const entry = new LogWriter().write({
    kind: 'open',
    body: { upload: '00'.repeat(16), records: [recordOf(1), recordOf(2)] },
  });
  const statement = entry.statement.bytes;
  const refused = (outer: unknown) => assert.throws(() => parseLogEntry(encode(outer)), { code: 'ENCODING_INVALID' });
  refused({ statement });
  refused({ statement, attached: [recordOf(1)] });
  refused({ statement, attached: [recordOf(2), recordOf(1)] });
  refused({ statement, attached: [recordOf(1), recordOf(2), recordOf(3)] });
  refused({ statement, attached: [recordOf(1), recordOf(2)], more: 1 });
  const inner = decode(statement, { bytesMax: 1 << 16 }) as object;
  refused({ statement: encode({ ...inner, extra: 1 }), attached: [recordOf(1), recordOf(2)] });
});

test('an entry signed by another key, or by a second one beside, is refused', () => {
  const entry = new LogWriter().write({ kind: 'unpin', body: { task: 'a' } });
  const { body } = entry.statement;
  const wire = decode(body, { bytesMax: 4096 }) as Record<string, unknown>;
  for (const signers of [[keyOf(66)], [keyOf(10), keyOf(66)]]) {
    const forged = encode({ statement: makeStatement('log-entry', wire, ...signers).bytes });
    assert.throws(() => parseLogEntry(forged), { code: 'SIGNATURE_INVALID' });
  }
  const broken = Uint8Array.from(entry.bytes);
  broken[broken.length - 1]! ^= 1;
  assert.throws(() => verifyLogEntry(parseLogEntry(broken)));
});

test('an entry beyond 256 KiB is neither written nor read', () => {
  const sealed = new Uint8Array(192 * 1024);
  const writer = new LogWriter();
  writer.write({ kind: 'document', body: { name: 'settings', sealed } });
  const records = Array.from({ length: 64 }, () => new Uint8Array(5000));
  assert.throws(() => writer.write({ kind: 'open', body: { upload: '00'.repeat(16), records } }), {
    code: 'LOG_TOO_LARGE',
  });
  assert.throws(() => parseLogEntry(new Uint8Array(256 * 1024 + 1)), { code: 'LOG_TOO_LARGE' });
});

test('a kind of a later version is read, kept whole and has no content', () => {
  const writer = new LogWriter();
  const plain = writer.write({ kind: 'unpin', body: { task: 'a' } });
  const wire = decode(plain.statement.body, { bytesMax: 4096 }) as Record<string, unknown>;
  const later = encode({
    statement: makeStatement('log-entry', { ...wire, kind: 'warrant', grants: [1, 2] }, keyOf(10)).bytes,
  });
  const read = parseLogEntry(later);
  assert.equal(read.kind, 'warrant');
  assert.equal(read.content, null);
  assert.deepEqual(read.bytes, later);
});

test('a block named twice, half an id, or a seen log of its own is refused', () => {
  const writer = new LogWriter();
  const id = fromHex(blocks[0]!);
  const plain = decode(writer.write({ kind: 'bury', body: { blocks } }).statement.body, { bytesMax: 4096 }) as Record<
    string,
    unknown
  >;
  const sign = (changes: object) =>
    encode({ statement: makeStatement('log-entry', { ...plain, ...changes }, keyOf(10)).bytes });
  const own = { device: keyOf(10).publicKey, log: fromHex(logOf(1)), seq: 1 };
  for (const changes of [
    { blocks: Buffer.concat([id, id]) },
    { blocks: id.slice(1) },
    { seen: [own] },
    { seq: 2 },
    { prev: id },
  ]) {
    assert.throws(() => parseLogEntry(sign(changes)), { code: 'ENCODING_INVALID' });
  }
});

test('the chain takes the next entry, knows old ones, and refuses gaps, forks and foreign ones by code', () => {
  const writer = new LogWriter();
  const entries = [0, 1, 2].map((i) => writer.write({ kind: 'unpin', body: { task: `t${i}` } }));
  const [first, second, third] = entries as [(typeof entries)[0], (typeof entries)[0], (typeof entries)[0]];
  const head = { device: first.device, log: first.log, seq: 1, hash: first.hash };
  assert.equal(checkLink(first, contextOf()), 'next');
  assert.equal(checkLink(second, contextOf({ head })), 'next');
  assert.equal(checkLink(first, contextOf({ head, hashAt: first.hash })), 'known');
  assert.throws(() => checkLink(third, contextOf({ head })), { code: 'LOG_GAP' });
  assert.throws(() => checkLink(second, contextOf({ head: { ...head, hash: '00'.repeat(32) } })), {
    code: 'LOG_FORKED',
  });
  assert.throws(() => checkLink(first, contextOf({ head, hashAt: second.hash })), { code: 'LOG_FORKED' });
  assert.throws(() => checkLink(first, contextOf({ network: new Uint8Array(32) })), { code: 'LOG_FOREIGN' });
  assert.throws(() => checkLink(first, contextOf({ newestRevision: 0 })), { code: 'LOG_REVISION_UNKNOWN' });
  assert.throws(() => checkLink(first, contextOf({ lists: () => false })), { code: 'LOG_DEVICE_UNKNOWN' });
});

test('a removed device orders no removal, but what it stored before stands', () => {
  const removed = contextOf({ newestRevision: 2, lists: (_, revision) => revision === 1 });
  const bury = new LogWriter().write({ kind: 'bury', body: { blocks } });
  const commit = new LogWriter().write({ kind: 'commit', body: { blocks } });
  assert.throws(() => checkLink(bury, removed), { code: 'LOG_REVOKED_DEVICE' });
  assert.equal(checkLink(commit, removed), 'next');
});

test('only a checkpoint that covers its own log up to itself jumps over missing entries', () => {
  const writer = new LogWriter();
  for (let i = 0; i < 5; i += 1) writer.write({ kind: 'unpin', body: { task: 'x' } });
  const rows = [new Uint8Array(8).fill(1)];
  const good = writer.write(
    { kind: 'checkpoint', body: { upTo: [writer.head], part: 0, parts: 1, rows } },
    { fork: true },
  );
  const stale = writer.write(
    { kind: 'checkpoint', body: { upTo: [{ ...writer.head, seq: 3 }], part: 0, parts: 1, rows } },
    { fork: true },
  );
  assert.equal(checkLink(good, contextOf()), 'jump');
  assert.throws(() => checkLink(stale, contextOf()), { code: 'LOG_GAP' });
});

test('an entry changed in any byte never verifies as another one', () => {
  const entry = new LogWriter().write({ kind: 'open', body: { upload: '00'.repeat(16), records: [recordOf(1)] } });
  fc.assert(
    fc.property(fc.nat(entry.bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
      const changed = Uint8Array.from(entry.bytes);
      changed[at]! ^= mask;
      assert.throws(() => verifyLogEntry(parseLogEntry(changed)));
    }),
    { numRuns: 2000 },
  );
});

test('random bytes are refused with a code and never crash the reader', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      assert.throws(
        () => parseLogEntry(bytes),
        (error: { code?: string }) => typeof error.code === 'string',
      );
    }),
    { numRuns: 2000 },
  );
});

test('writing what cannot be read back is refused at once', () => {
  const head = {
    network: NETWORK,
    owner: OWNER,
    device: deviceOf(10),
    revision: 1,
    log: logOf(1),
    seq: 1,
    prev: null,
    at: 0,
    seen: [],
  };
  assert.throws(() => makeLogEntry(head, { kind: 'commit', body: { blocks: [] } }, keyOf(10)), {
    code: 'ENCODING_INVALID',
  });
  assert.throws(() => makeLogEntry(head, { kind: 'unpin', body: { task: 'a' } }, keyOf(11)), {
    code: 'SIGNATURE_INVALID',
  });
});
