import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { blockIdOf, decodeBlockRecord } from '../../../protocol/block-record.ts';
import { type Family, makeFamily } from '../../../protocol/family.ts';
import { personIdFrom } from '../../../protocol/ids.ts';
import type { LogEntry } from '../../../protocol/log-entry.ts';
import { logKey } from '../../../protocol/log-place.ts';
import { createLogHolder, entriesOf } from '../../support/log-stores.ts';
import { deviceOf, keyOf, LogWriter, NETWORK, OWNER, recordOf } from '../../support/log-writer.ts';

const RECORDS = [1, 2, 3, 4].map((number) => recordOf(number));
const IDS = RECORDS.map((record) => blockIdOf(decodeBlockRecord(record)));
const opened = { kind: 'open', body: { upload: '00'.repeat(16), records: RECORDS } } as const;
const bytesOf = (entries: readonly LogEntry[]) => entries.map(({ bytes }) => bytes);
const hash = (byte: number) => byte.toString(16).padStart(2, '0').repeat(32);

function familyOf(version: number, { prev = version === 1 ? null : hash(1), device = 10, seats = 2 } = {}): Family {
  return {
    network: NETWORK,
    owner: OWNER,
    device: deviceOf(device),
    revision: 1,
    version,
    prev,
    seats: Array.from({ length: seats }, (_, seat) => ({
      seat,
      person: personIdFrom(keyOf(40 + seat).publicKey),
      device: deviceOf(50 + seat),
    })),
    warrantEpoch: 0,
  };
}

test('a customer’s log is verified, kept as received, and there again after a restart', async () => {
  const holder = createLogHolder();
  const writer = new LogWriter();
  const entries = [writer.write(opened), writer.write({ kind: 'commit', body: { blocks: [IDS[0]!] } })];
  {
    const log = await (await holder.open()).logs.of(OWNER);
    assert.deepEqual(await log.accept(bytesOf(entries)), { applied: 2, refused: [], kinds: ['open', 'commit'] });
    assert.deepEqual(await log.accept(bytesOf(entries)), { applied: 0, refused: [], kinds: [] });
  }
  holder.stores.powerCut();
  const { logs } = await holder.open();
  const log = await logs.of(OWNER);
  assert.deepEqual(await logs.owners(), [OWNER]);
  assert.deepEqual(log.heads(), [writer.head]);
  assert.deepEqual(await entriesOf(log), bytesOf(entries));
  const rows = await log.blocks([IDS[0]!, IDS[1]!, hash(9)]);
  assert.deepEqual(
    rows.map((row) => row?.standing),
    ['committed', 'open', undefined],
  );
  assert.deepEqual(rows[0]?.order, { device: writer.device, log: writer.log, seq: 1 });
  const ids: string[] = [];
  for await (const row of log.eachBlock(IDS.toSorted()[0])) ids.push(row.block);
  assert.deepEqual(ids, IDS.toSorted().slice(1));
});

test('hostile entries are refused by code and leave everything as it was', async () => {
  const { logs } = await createLogHolder().open();
  const log = await logs.of(OWNER);
  const writer = new LogWriter();
  await log.accept([writer.write(opened).bytes]);
  const bytes = log.bytes();
  const next = writer.write({ kind: 'commit', body: { blocks: [IDS[0]!] } });
  const broken = Uint8Array.from(next.bytes);
  broken[broken.length - 1]! ^= 1;
  const afterGap = writer.write({ kind: 'unpin', body: { task: 'a' } });
  const stranger = new LogWriter({ device: 77, log: 5 }).write({ kind: 'unpin', body: { task: 'a' } });
  const foreign = new LogWriter({ owner: personIdFrom(keyOf(99).publicKey) }).write(opened);
  const badRecord = new LogWriter({ device: 11, log: 6 }).write({
    kind: 'open',
    body: { upload: '00'.repeat(16), records: [Uint8Array.of(1)] },
  });
  const { refused } = await log.accept([
    broken,
    afterGap.bytes,
    stranger.bytes,
    foreign.bytes,
    badRecord.bytes,
    new Uint8Array(9),
  ]);
  const codes = refused.map(({ code }) => code);
  assert.equal(codes[1], 'LOG_GAP');
  assert.deepEqual(codes.slice(2, 4), ['LOG_DEVICE_UNKNOWN', 'LOG_FOREIGN']);
  assert.equal(codes[5], 'ENCODING_INVALID');
  assert.equal(codes.length, 6);
  assert.equal(log.bytes(), bytes);
  assert.equal(log.heads()[0]?.seq, 1);
  assert.equal((await log.block(IDS[0]!))?.standing, 'open');
});

test('two entries of one place are a fork that stays known, and the log goes on by the first', async () => {
  const holder = createLogHolder();
  const log = await (await holder.open()).logs.of(OWNER);
  const writer = new LogWriter();
  const first = writer.write(opened);
  const other = writer.write({ kind: 'unpin', body: { task: 'x' } }, { fork: true });
  const second = writer.write({ kind: 'unpin', body: { task: 'y' } });
  await log.accept(bytesOf([first, second]));
  assert.equal(log.forked(), false);
  assert.deepEqual((await log.accept([other.bytes])).refused, [{ code: 'LOG_FORKED', seq: 2 }]);
  assert.equal(log.forked(), true);
  holder.stores.kill();
  const again = await (await holder.open()).logs.of(OWNER);
  assert.equal(again.forked(), true);
  assert.equal(again.heads()[0]?.hash, second.hash);
});

test('an order to remove by a device that was removed is refused', async () => {
  const holder = createLogHolder();
  const log = await (await holder.open()).logs.of(OWNER);
  const writer = new LogWriter({ device: 11 });
  await log.accept([writer.write(opened).bytes]);
  holder.revision = 2;
  holder.devices = [deviceOf(10)];
  const bury = writer.write({ kind: 'bury', body: { blocks: [IDS[0]!] } });
  assert.deepEqual((await log.accept([bury.bytes])).refused, [{ code: 'LOG_REVOKED_DEVICE', seq: 2 }]);
  assert.equal((await log.block(IDS[0]!))?.standing, 'open');
});

test('the time of a burial is that of the holder’s clock, and survives a restart', async () => {
  const holder = createLogHolder();
  const writer = new LogWriter();
  const log = await (await holder.open()).logs.of(OWNER);
  await log.accept([writer.write(opened).bytes]);
  holder.now = 5_000_000;
  await log.accept([writer.write({ kind: 'bury', body: { blocks: [IDS[2]!] } }, { at: 1 }).bytes]);
  holder.now = 9_000_000;
  holder.stores.kill();
  const again = await (await holder.open()).logs.of(OWNER);
  const row = await again.block(IDS[2]!);
  assert.equal(row?.buriedAt, 5_000_000);
  assert.deepEqual(row?.removedBy, [{ device: writer.device, log: writer.log, seq: 2 }]);
});

test('the own log is written, chained and durable before the call returns', async () => {
  const holder = createLogHolder({ author: 10 });
  const own = await (await holder.open()).logs.own();
  const places = await own.append([opened, { kind: 'commit', body: { blocks: IDS } }]);
  assert.deepEqual(
    places.map(({ seq }) => seq),
    [1, 2],
  );
  holder.stores.powerCut();
  const again = await (await holder.open()).logs.own();
  assert.deepEqual(again.own, own.own);
  await again.append([{ kind: 'version', body: { sealed: Uint8Array.of(7) } }]);
  const [version] = await again.versions();
  assert.equal(version?.version, again.heads()[0]?.hash);
  const supplier = await (await createLogHolder().open()).logs.of(OWNER);
  assert.equal((await supplier.accept(await entriesOf(again))).applied, 3);
  assert.deepEqual(supplier.heads(), again.heads());
});

test('an append that fails on the disk is not believed, and the next one goes on where the disk stands', async () => {
  const holder = createLogHolder({ author: 10 });
  const own = await (await holder.open()).logs.own();
  await own.append([{ kind: 'unpin', body: { task: 'a' } }]);
  for (const fault of ['failed', 'unsure'] as const) {
    const before = own.heads()[0]!.seq;
    holder.stores.plan(({ call }) => (call === 'batch' ? fault : undefined));
    await assert.rejects(own.append([{ kind: 'unpin', body: { task: fault } }]), { code: 'DISK_FAILED' });
    holder.stores.plan(undefined);
    const [place] = await own.append([{ kind: 'unpin', body: { task: 'after' } }]);
    assert.equal(place?.seq, before + (fault === 'unsure' ? 2 : 1));
  }
  const supplier = await (await createLogHolder().open()).logs.of(OWNER);
  assert.deepEqual((await supplier.accept(await entriesOf(own))).refused, []);
});

test('a device that meets entries of its own log beyond its disk keeps them and begins a new log', async () => {
  const original = createLogHolder({ author: 10 });
  const own = await (await original.open()).logs.own();
  await own.append([opened]);
  const image = createLogHolder({ author: 10, seed: 0 });
  const restored = await (await image.open()).logs.own();
  assert.deepEqual(restored.own, own.own);
  await restored.accept(await entriesOf(own));
  await own.append([{ kind: 'commit', body: { blocks: [IDS[0]!] } }]);
  assert.notEqual(restored.own.log, own.own.log);
  await restored.accept(await entriesOf(own));
  const [place] = await restored.append([{ kind: 'bury', body: { blocks: [IDS[0]!] } }]);
  assert.equal(place?.seq, 1);
  assert.equal((await restored.block(IDS[0]!))?.standing, 'buried');
  assert.equal(restored.forked(), false);
});

test('any mixing and repetition of deliveries in any number of calls comes to the same logs and rows', async () => {
  const writers = [new LogWriter({ device: 10, log: 1 }), new LogWriter({ device: 11, log: 2 })];
  const [a, b] = writers as [LogWriter, LogWriter];
  const entries = [
    a.write(opened),
    b.write({ kind: 'commit', body: { blocks: [IDS[0]!, IDS[1]!] } }, { seen: [a.head] }),
    a.write({ kind: 'bury', body: { blocks: [IDS[0]!, IDS[1]!] } }),
    b.write({ kind: 'keep', body: { blocks: [IDS[1]!] } }),
    a.write({ kind: 'document', body: { name: 'settings', sealed: Uint8Array.of(1) } }),
    b.write({ kind: 'document', body: { name: 'settings', sealed: Uint8Array.of(2) } }),
    a.write({ kind: 'pin', body: { task: 't', until: 9e12 } }),
    b.write({ kind: 'geometry', body: { set: Uint8Array.of(1), k: 2, n: 4 } }),
  ];
  const summary = async (
    log: Awaited<ReturnType<Awaited<ReturnType<ReturnType<typeof createLogHolder>['open']>>['logs']['of']>>,
  ) => ({
    heads: log.heads().toSorted((x, y) => (logKey(x) < logKey(y) ? -1 : 1)),
    rows: await log.blocks(IDS),
    document: await log.document('settings'),
    pins: await log.pins(),
    geometries: await log.geometries(),
    bytes: log.bytes(),
  });
  const expected = await (await createLogHolder().open()).logs.of(OWNER);
  await expected.accept(bytesOf(entries));
  const delivery = fc.array(fc.array(fc.nat(entries.length - 1), { maxLength: 6 }), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(delivery, async (calls) => {
      const log = await (await createLogHolder().open()).logs.of(OWNER);
      for (const call of calls) await log.accept(call.map((i) => entries[i]!.bytes));
      for (const _ of writers) await log.accept(bytesOf(entries));
      assert.deepEqual(await summary(log), await summary(expected));
    }),
    { numRuns: 60 },
  );
});

test('the newest valid family document is kept; an old one is old, another of the same version an alarm', async () => {
  const holder = createLogHolder();
  const log = await (await holder.open()).logs.of(OWNER);
  const first = makeFamily(familyOf(1), keyOf(10));
  assert.equal(await log.putFamily(first.bytes), 'newer');
  const prev = log.family()!.hash;
  const second = makeFamily(familyOf(2, { prev, seats: 3 }), keyOf(10));
  assert.equal(await log.putFamily(second.bytes), 'newer');
  assert.equal(await log.putFamily(second.bytes), 'known');
  assert.equal(await log.putFamily(first.bytes), 'old');
  await assert.rejects(log.putFamily(makeFamily(familyOf(2, { prev, seats: 4 }), keyOf(10)).bytes), {
    code: 'FAMILY_FORKED',
  });
  await assert.rejects(log.putFamily(makeFamily(familyOf(3, { device: 77 }), keyOf(77)).bytes), {
    code: 'FAMILY_INVALID',
  });
  holder.stores.powerCut();
  const again = await (await holder.open()).logs.of(OWNER);
  assert.equal(again.family()?.seats.length, 3);
  assert.equal((await again.familyAt(1))?.hash, prev);
});

test('a customer who left is forgotten whole, and nobody else', async () => {
  const { logs, records } = await createLogHolder({ author: 10 }).open();
  const own = await logs.own();
  await own.append([opened]);
  await logs.drop(OWNER);
  let left = 0;
  for await (const _ of records.range({})) left += 1;
  assert.equal(left, 0);
});
