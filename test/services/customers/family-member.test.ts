import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blockIdOf, decodeBlockRecord } from '../../../protocol/block-record.ts';
import { frameItems, unframeItems } from '../../../protocol/framed.ts';
import { sha256 } from '../../../protocol/hash.ts';
import { bytesOfLog, keyOfDevice } from '../../../protocol/ids.ts';
import { LIMITS } from '../../../protocol/limits.ts';
import { readHead } from '../../../protocol/log-content.ts';
import { parseReceipt } from '../../../protocol/receipt.ts';
import { makeSignedRecords } from '../../../protocol/signed-records.ts';
import { deviceOf, keyOf, LogWriter, NETWORK, OWNER, recordOf } from '../../support/log-writer.ts';
import { advanceSettled, settle } from '../../support/settle.ts';

import { familyBytes, PIN, personOf, runSuppliers, SUPPLIERS } from '../../support/supplier-run.ts';

test('entries of the owner are taken over, accounted, and receipted with the heads', async () => {
  const run = await runSuppliers();
  const writer = new LogWriter();
  const entries = [writer.write(PIN), writer.write(PIN)];
  const { payload } = await run.append(entries);
  assert.equal(payload['applied'], 2);
  const receipt = parseReceipt(payload['receipt'] as Uint8Array);
  assert.deepEqual(receipt.heads, [writer.head]);
  assert.equal(receipt.holder, deviceOf(20));
  assert.equal(receipt.at, run.clock.now());
  assert.equal(run.first.customers.charged(OWNER), run.first.log.bytes());
  run.stop();
});

test('heads are left out when the digest is the same, and entries come from where they are asked', async () => {
  const run = await runSuppliers();
  const writer = new LogWriter();
  const entries = Array.from({ length: 5 }, () => writer.write(PIN));
  await run.append(entries);
  const { payload } = await run.ask('ReadLog', { ask: 'heads', digest: null });
  assert.deepEqual((payload['heads'] as unknown[]).map(readHead), [writer.head]);
  const again = await run.ask('ReadLog', { ask: 'heads', digest: payload['digest'] });
  assert.equal(again.payload['heads'], null);
  const range = { ask: 'entries', device: keyOfDevice(writer.device), log: bytesOfLog(writer.log), from: 3, to: 9 };
  const answer = await run.ask('ReadLog', range);
  const items = unframeItems(await answer.streams[0]!.collect(1 << 20), LIMITS.logEntryBytesMax.value);
  assert.deepEqual(
    items,
    entries.slice(2).map(({ bytes }) => bytes),
  );
  run.stop();
});

test('strangers, former seats and others get nothing; a seat reads and passes on; who proved ownership reads only', async () => {
  const run = await runSuppliers();
  const writer = new LogWriter();
  await run.append([writer.write(PIN)]);
  const next = writer.write(PIN);
  const stranger = run.network.join(deviceOf(66), personOf(66));
  const prover = run.network.join(deviceOf(67), null);
  const seat = run.network.join(deviceOf(21), personOf(21));
  const heads = { ask: 'heads', digest: null };
  const refused = { code: 'NOT_ENTITLED' };
  await assert.rejects(run.ask('ReadLog', heads, { from: stranger }), refused);
  await assert.rejects(run.append([next], { from: stranger }), refused);
  await assert.rejects(run.append([next], { from: prover }), refused);
  await assert.rejects(run.append([next], { from: seat }), refused);
  await run.ask('ReadLog', heads, { from: prover });
  const first = familyBytes(1);
  await run.putFamily(first, 1);
  await run.ask('ReadLog', heads, { from: seat });
  assert.equal((await run.append([next], { from: seat })).payload['applied'], 1);
  await assert.rejects(run.ask('GetDocument', { name: 'keychain', known: null }, { from: seat }), refused);
  await run.putFamily(familyBytes(2, { prev: run.first.log.family()!.hash, numbers: [20, 22] }), 2);
  await assert.rejects(run.ask('ReadLog', heads, { from: seat }), refused);
  run.stop();
});

test('a hostile append changes nothing and says why', async () => {
  const run = await runSuppliers();
  const writer = new LogWriter();
  await run.append([writer.write(PIN)]);
  const bytes = run.first.log.bytes();
  writer.write(PIN);
  const gap = writer.write(PIN);
  const { payload } = await run.append([gap]);
  assert.deepEqual(payload['refused'], [{ seq: 3, code: 'LOG_GAP' }]);
  await assert.rejects(run.ask('AppendLog', { count: 2 }, { body: frameItems([gap.bytes]) }), {
    code: 'ENCODING_INVALID',
  });
  assert.equal(run.first.log.bytes(), bytes);
  assert.equal(run.first.customers.charged(OWNER), bytes);
  run.stop();
});

test('a log is never taken over beyond the quota', async () => {
  const run = await runSuppliers({ grantBytes: 20_000 });
  const writer = new LogWriter();
  const small = await run.append([writer.write(PIN)]);
  assert.equal(small.payload['applied'], 1);
  const large = writer.write({ kind: 'document', body: { name: 'settings', sealed: new Uint8Array(20_000) } });
  await assert.rejects(run.append([large]), { code: 'QUOTA_EXCEEDED' });
  assert.equal(run.first.log.heads()[0]?.seq, 1);
  assert.ok(run.first.customers.charged(OWNER) <= 20_000);
  run.stop();
});

test('the newest family is kept and given to seats; two of one version raise the alarm', async () => {
  const run = await runSuppliers();
  const one = familyBytes(1);
  await run.putFamily(one, 1);
  const two = familyBytes(2, { prev: run.first.log.family()!.hash });
  const answer = await run.putFamily(two, 2);
  assert.equal(
    parseReceipt(answer.payload['receipt'] as Uint8Array).hash,
    Buffer.from(sha256(two.bytes)).toString('hex'),
  );
  await run.putFamily(one, 1);
  assert.equal(run.first.log.family()?.version, 2);
  const other = familyBytes(2, { prev: '00'.repeat(32), numbers: [20] });
  await assert.rejects(run.putFamily(other, 2), { code: 'FAMILY_FORKED' });
  const foreign = familyBytes(3, { prev: '00'.repeat(32), device: 77 });
  await assert.rejects(run.putFamily(foreign, 3), { code: 'FAMILY_INVALID' });
  const types = run.first.facts.map(({ type }) => type);
  assert.equal(types.filter((type) => type === 'family.updated').length, 2);
  assert.ok(types.includes('family.forked'));
  const got = await run.ask('GetDocument', { name: 'family', known: 1 });
  assert.deepEqual(await got.streams[0]!.collect(1 << 16), two.bytes);
  assert.equal((await run.ask('GetDocument', { name: 'family', known: 2 })).streams.length, 0);
  run.stop();
});

test('records come into the directory at once and again every three hours, without the owner', async () => {
  const run = await runSuppliers();
  const record = {
    publicKey: keyOf(90).publicKey,
    sequence: 5,
    value: Uint8Array.of(1),
    signature: new Uint8Array(64),
  };
  const make = (version: number, device = 10) =>
    makeSignedRecords(
      {
        network: NETWORK,
        owner: OWNER,
        device: deviceOf(device),
        revision: 1,
        version,
        records: [{ ...record, sequence: version }],
      },
      keyOf(device),
    ).bytes;
  const put = (body: Uint8Array) =>
    run.ask('PutDocument', { name: 'records', version: 1, hash: sha256(body) }, { body });
  await put(make(3));
  await run.rest();
  assert.deepEqual(
    run.first.put.map(({ sequence }) => sequence),
    [3],
  );
  await put(make(2));
  await assert.rejects(put(make(9, 77)), { code: 'NOT_ENTITLED' });
  await run.rest();
  run.network.down.add(deviceOf(10));
  await advanceSettled(run.clock, 24 * 3_600_000);
  const again = run.first.put.length;
  assert.ok(again >= 6 && again <= 12, `${again} puts in a day`);
  assert.ok(run.first.put.every(({ sequence }) => sequence === 3));
  run.stop();
});

test('a sibling’s notice makes a supplier catch up, and siblings that lack something get it', async () => {
  const run = await runSuppliers();
  const [first, second, third] = run.suppliers as [typeof run.first, typeof run.first, typeof run.first];
  const one = familyBytes(1);
  for (const to of SUPPLIERS) await run.putFamily(one, 1, { to });
  const writer = new LogWriter();
  const entries = Array.from({ length: 20 }, () =>
    writer.write({ kind: 'document', body: { name: 'settings', sealed: new Uint8Array(100_000) } }),
  );
  for (const part of [entries.slice(0, 8), entries.slice(8, 16), entries.slice(16)]) await run.append(part, { to: 20 });
  const two = familyBytes(2, { prev: first.log.family()!.hash });
  await run.putFamily(two, 2, { to: 20 });
  assert.equal(second.log.heads().length, 0);
  await run.ask('Notice', { kind: 'log-newer', digest: null }, { to: 21 });
  for (let i = 0; i < 200 && second.log.heads()[0]?.seq !== 20; i += 1) await settle();
  assert.deepEqual(second.log.heads(), first.log.heads());
  assert.equal(second.log.family()?.version, 2);
  assert.ok(second.facts.some((fact) => fact.type === 'family.updated' && fact.version === 2));
  await run.ask('Notice', { kind: 'log-newer', digest: null }, { to: 20 });
  for (let i = 0; i < 200 && third.log.heads()[0]?.seq !== 20; i += 1) await settle();
  assert.deepEqual(third.log.heads(), first.log.heads());
  run.stop();
});

test('a notice of somebody who is no seat is refused', async () => {
  const run = await runSuppliers();
  const stranger = run.network.join(deviceOf(66), personOf(66));
  await assert.rejects(run.ask('Notice', { kind: 'log-newer', digest: null }, { from: stranger }), {
    code: 'NOT_ENTITLED',
  });
  run.stop();
});

test('a keep takes the block’s pieces back out of the trash, and only those', async () => {
  const run = await runSuppliers();
  const records = [recordOf(1), recordOf(2)];
  const ids = records.map((record) => blockIdOf(decodeBlockRecord(record)));
  const writer = new LogWriter();
  const open = writer.write({ kind: 'open', body: { upload: '00'.repeat(16), records } });
  const bury = writer.write({ kind: 'bury', body: { blocks: ids } });
  await run.append([open, bury]);
  for (const block of ids) run.first.customers.trash.set(block, { customer: OWNER, block, seat: 0 });
  await run.append([writer.write({ kind: 'keep', body: { blocks: [ids[1]!] } })]);
  assert.deepEqual([...run.first.customers.trash.keys()], [ids[0]]);
  run.stop();
});
