import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeReceipt } from '../../../protocol/receipt.ts';
import { createLogHolder, entriesOf } from '../../support/log-stores.ts';
import { PIN, putFamily, runLogSync, SEATS } from '../../support/log-sync-run.ts';
import { deviceOf, keyOf, LogWriter, NETWORK, OWNER } from '../../support/log-writer.ts';
import { settle } from '../../support/settle.ts';

test('entries are on every seat soon after they are written, and at the quorum by the seats’ receipts', async () => {
  const run = await runLogSync();
  await putFamily(run.log, SEATS);
  await run.sync.start();
  await run.until(() => run.sync.state() === 'in-sync');
  const [place] = await run.sync.append([PIN]);
  assert.equal(await run.sync.atQuorum(place!.seq, run.never), 'quorum');
  await run.until(() => run.sync.holders(place!.seq) === 3);
  for (const number of SEATS) {
    assert.deepEqual(run.seat(number).log.heads(), run.log.heads());
    assert.equal(run.seat(number).documents.get('family'), 1);
    assert.ok(run.sync.caughtUp(deviceOf(number)));
  }
  assert.equal(run.types().filter((type) => type === 'seat.caught-up').length, 3);
  assert.ok(run.types().includes('log.changed'));
  assert.deepEqual(run.failures, []);
  await run.sync.stop();
});

test('without a seat the log is alone and an entry never at the quorum; the first seat gets everything', async () => {
  const run = await runLogSync({ seats: [20] });
  await run.sync.start();
  await run.until(() => run.sync.state() === 'alone');
  await run.sync.append([PIN, PIN]);
  const waiting = run.sync.atQuorum(2, run.never);
  await run.advance(60_000);
  assert.equal(await waiting, 'below');
  await putFamily(run.log, [20]);
  run.bus.publish({ type: 'suppliers.changed', version: 1, seats: 1 });
  await run.until(() => run.sync.state() === 'in-sync');
  assert.ok(await run.sync.isAtQuorum(2));
  assert.equal(run.seat(20).log.heads()[0]?.seq, 2);
  await run.sync.stop();
});

test('with one of three seats up the log is ahead, and comes to the quorum when the second returns', async () => {
  const run = await runLogSync();
  await putFamily(run.log, SEATS);
  await run.sync.start();
  await run.until(() => run.sync.state() === 'in-sync');
  await run.sync.append([PIN]);
  await run.until(() => run.sync.state() === 'in-sync' && run.sync.holders(1) === 3);
  for (const number of [21, 22]) run.seat(number).online = false;
  const [place] = await run.sync.append([PIN]);
  await run.until(() => run.sync.state() === 'ahead');
  assert.equal(run.sync.holders(place!.seq), 1);
  assert.equal(await run.sync.isAtQuorum(place!.seq), false);
  run.seat(21).online = true;
  const reached = run.sync.atQuorum(place!.seq, run.never);
  run.bus.publish({ type: 'supplier.connected', owner: OWNER, supplier: deviceOf(21), bytes: 1 });
  await run.until(() => run.sync.state() === 'in-sync');
  assert.equal(await reached, 'quorum');
  await run.sync.stop();
});

test('a seat that is absent for twice its grace no longer counts', async () => {
  const run = await runLogSync();
  await putFamily(run.log, SEATS);
  await run.sync.start();
  await run.sync.append([PIN]);
  await run.until(() => run.sync.holders(1) === 3);
  for (const number of [21, 22]) run.seat(number).online = false;
  await run.sync.append([PIN]);
  await run.until(() => run.sync.state() === 'ahead');
  for (const seat of [1, 2]) run.views.set(seat, { state: 'away', since: run.clock.now() });
  assert.equal(await run.sync.isAtQuorum(2), false);
  await run.advance(86_400_000);
  assert.equal(await run.sync.isAtQuorum(2), true);
  await run.sync.stop();
});

test('a silent seat holds nobody up', async () => {
  const run = await runLogSync();
  await putFamily(run.log, SEATS);
  await run.sync.start();
  await run.sync.append([PIN]);
  await run.until(() => run.sync.holders(1) === 3);
  run.seat(22).silent = true;
  for (let seq = 2; seq <= 6; seq += 1) {
    const [place] = await run.sync.append([PIN]);
    assert.equal(await run.sync.atQuorum(place!.seq, run.never), 'quorum');
  }
  assert.equal(run.sync.holders(6), 2);
  await run.sync.stop();
});

test('a pull brings what another device of the owner left on a seat, even from one holder of three', async () => {
  const run = await runLogSync();
  await putFamily(run.log, SEATS);
  await run.sync.start();
  await run.until(() => run.sync.state() === 'in-sync');
  const other = new LogWriter({ device: 11, log: 9 });
  const entries = Array.from({ length: 5 }, () =>
    other.write({ kind: 'document', body: { name: 'settings', sealed: Uint8Array.of(1) } }),
  );
  await run.seat(21).log.accept(entries.map(({ bytes }) => bytes));
  const pulled = await run.sync.pull(run.never);
  assert.deepEqual(pulled, { answered: 3, asked: 3, atQuorum: true, applied: 5 });
  assert.equal((await run.log.document('settings')).length, 5);
  await run.until(() => run.sync.state() === 'in-sync');
  assert.ok(run.facts.some((fact) => fact.type === 'log.changed' && fact.device === other.device));
  assert.deepEqual(run.seat(20).log.heads().length, run.log.heads().length);
  await run.sync.stop();
});

test('heads nobody can prove are not believed, and the next holder is read', async () => {
  const run = await runLogSync();
  await putFamily(run.log, SEATS);
  await run.sync.start();
  await run.until(() => run.sync.state() === 'in-sync');
  const other = new LogWriter({ device: 11, log: 9 });
  await run.seat(21).log.accept([other.write(PIN).bytes]);
  run.seat(20).lies = [{ device: deviceOf(11), log: other.log, seq: 99, hash: 'ab'.repeat(32) }];
  const pulled = await run.sync.pull(run.never);
  assert.equal(pulled.applied, 1);
  assert.equal(run.log.heads().find(({ log }) => log === other.log)?.seq, 1);
  await run.sync.stop();
});

for (const honest of [true, false]) {
  test(`a seat that serves an older log than it acknowledged is ${honest ? 'convicted by its receipt while one holds the newest' : 'convicted also when all but one do it'}`, async () => {
    const run = await runLogSync();
    await putFamily(run.log, SEATS);
    await run.sync.start();
    await run.sync.append([PIN, PIN, PIN]);
    await run.until(() => run.sync.holders(3) === 3);
    const liars = honest ? [20] : [20, 21];
    const old = { ...run.log.heads()[0]!, seq: 1, hash: 'cd'.repeat(32) };
    for (const number of liars) run.seat(number).lies = [old];
    await run.sync.pull(run.never);
    const withheld = run.facts.flatMap((fact) => (fact.type === 'log.withheld' ? [fact.supplier] : []));
    assert.deepEqual(withheld.toSorted(), liars.map(deviceOf).toSorted());
    assert.equal(run.log.heads()[0]?.seq, 3);
    await run.sync.stop();
  });
}

test('a seat that lost its log gets it again from the beginning', async () => {
  const run = await runLogSync({ seats: [20] });
  await putFamily(run.log, [20]);
  await run.sync.start();
  await run.sync.append([PIN, PIN]);
  await run.until(() => run.sync.holders(2) === 1);
  run.seat(20).log = await (await createLogHolder().open()).logs.of(OWNER);
  await run.sync.append([PIN]);
  await run.until(() => run.seat(20).log.heads()[0]?.seq === 3);
  await run.until(() => run.sync.state() === 'in-sync');
  await run.sync.stop();
});

test('edits of documents are gathered and durable when the call returns', async () => {
  const run = await runLogSync({ seats: [20] });
  await putFamily(run.log, [20]);
  await run.sync.start();
  await run.until(() => run.sync.state() === 'in-sync');
  const edits = [1, 2, 3].map((byte) => run.sync.putDocument('settings', Uint8Array.of(byte)));
  await settle();
  assert.equal((await run.log.document('settings')).length, 0);
  await run.advance(2_000);
  await Promise.all(edits);
  assert.deepEqual(
    (await run.log.document('settings')).map(({ sealed }) => sealed[0]),
    [1, 2, 3],
  );
  await run.until(() => run.seat(20).log.heads()[0]?.seq === 3);
  await run.sync.stop();
});

test('what the seats hold is known again after a restart', async () => {
  const run = await runLogSync();
  await putFamily(run.log, SEATS);
  await run.sync.start();
  await run.sync.append([PIN]);
  await run.until(() => run.sync.holders(1) === 3 && run.sync.state() === 'in-sync');
  await run.sync.stop();
  run.holder.stores.powerCut();
  run.records.powerCut();
  const again = await runLogSync({ holder: run.holder, records: run.records, fakes: run.fakes });
  await again.sync.start();
  assert.ok(again.sync.caughtUp(deviceOf(20)));
  assert.equal(await again.sync.isAtQuorum(1), true);
  await again.sync.stop();
});

test('a machine restored from an image begins a new log and goes on, and both logs reach the seats', async () => {
  const run = await runLogSync();
  await putFamily(run.log, SEATS);
  await run.sync.start();
  await run.sync.append([PIN, PIN]);
  await run.until(() => run.sync.holders(2) === 3);
  await run.sync.stop();
  const image = createLogHolder({ author: 10 });
  const old = await (await image.open()).logs.own();
  await putFamily(old, SEATS);
  image.stores.kill();
  const again = await runLogSync({ holder: image, fakes: run.fakes });
  const { log: before } = again.log.own;
  await again.sync.start();
  await again.until(() => again.sync.state() === 'in-sync');
  assert.notEqual(again.log.own.log, before);
  const [place] = await again.sync.append([PIN]);
  assert.equal(await again.sync.atQuorum(place!.seq, again.never), 'quorum');
  await again.until(() => again.seat(22).log.heads().length === 2);
  assert.equal((await entriesOf(again.seat(22).log)).length, 3);
  await again.sync.stop();
});

test('a receipt of somebody else, or for another owner, is not taken', async () => {
  const run = await runLogSync({ seats: [20] });
  await putFamily(run.log, [20]);
  const forged = makeReceipt(
    { network: NETWORK, owner: OWNER, holder: deviceOf(21), hash: null, heads: run.log.heads(), at: 1 },
    keyOf(21),
  ).bytes;
  const { request } = run.messenger;
  run.messenger.request = async (...args) => {
    const answer = await request(...args);
    return 'receipt' in answer.payload ? { ...answer, payload: { ...answer.payload, receipt: forged } } : answer;
  };
  await run.sync.start();
  await run.sync.append([PIN]);
  await run.until(() => run.sync.state() === 'ahead');
  assert.equal(run.sync.holders(1), 0);
  await run.sync.stop();
});
