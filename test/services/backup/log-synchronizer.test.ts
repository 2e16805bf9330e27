import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBus } from '../../../bus/bus.ts';
import type { Fact } from '../../../bus/facts/index.ts';
import { VirtualClock } from '../../../node/worlds/virtual-clock.ts';
import type { SeatView } from '../../../ports/suppliers.ts';
import { makeFamily } from '../../../protocol/family.ts';
import { personIdFrom } from '../../../protocol/ids.ts';
import { makeReceipt } from '../../../protocol/receipt.ts';
import { createLogSynchronizer } from '../../../services/backup/log-synchronizer.service.ts';
import { createMemoryStores } from '../../../storage/records/memory.ts';
import { createFakeSeats } from '../../support/log-seats.ts';
import { createLogHolder, entriesOf, type LogHolder } from '../../support/log-stores.ts';
import { deviceOf, keyOf, LogWriter, NETWORK, OWNER } from '../../support/log-writer.ts';
import { advanceSettled, settle } from '../../support/settle.ts';

const SEATS = [20, 21, 22];
const PIN = { kind: 'unpin', body: { task: 'x' } } as const;

async function putFamily(
  log: { putFamily(bytes: Uint8Array): Promise<unknown> },
  numbers: readonly number[],
  version = 1,
  prev: string | null = null,
) {
  const seats = numbers.map((number, seat) => ({
    seat,
    person: personIdFrom(keyOf(number + 50).publicKey),
    device: deviceOf(number),
  }));
  const family = {
    network: NETWORK,
    owner: OWNER,
    device: deviceOf(10),
    revision: 1,
    version,
    prev,
    seats,
    warrantEpoch: 0,
  };
  const { bytes } = makeFamily(family, keyOf(10));
  await log.putFamily(bytes);
  return bytes;
}

async function setUp(
  options: {
    readonly seats?: readonly number[];
    readonly holder?: LogHolder;
    readonly records?: ReturnType<typeof createMemoryStores>;
    readonly fakes?: Awaited<ReturnType<typeof createFakeSeats>>;
  } = {},
) {
  const holder = options.holder ?? createLogHolder({ author: 10 });
  const records = options.records ?? createMemoryStores({ fraction: () => 0 });
  const log = await (await holder.open()).logs.own();
  const numbers = options.seats ?? SEATS;
  const fakes = options.fakes ?? (await createFakeSeats(numbers));
  const clock = new VirtualClock({ startAt: 1_000_000 });
  const facts: Fact[] = [];
  const failures: unknown[] = [];
  const bus = createBus((error) => failures.push(error));
  bus.tap((fact) => facts.push(fact));
  const views = new Map<number, Partial<SeatView>>();
  const sync = createLogSynchronizer({
    bus,
    runtime: { clock, opened: () => undefined },
    clock,
    random: { bytes: (length) => new Uint8Array(length), fraction: () => 0.5 },
    log,
    network: NETWORK,
    messenger: fakes.messenger,
    suppliers: { seat: (seat) => ({ state: 'connected', since: 0, ...views.get(seat) }) as SeatView },
    records: (await records.engine().open('sync')).records,
    documents: () => {
      const family = log.family();
      return family === undefined ? [] : [{ name: 'family', version: family.version, bytes: family.bytes }];
    },
    graceMs: () => 86_400_000,
    forgotten: async () => new Set(),
    onFailure: (_, error) => failures.push(error),
  });
  const never = new AbortController().signal;
  return {
    ...fakes,
    holder,
    log,
    sync,
    clock,
    bus,
    facts,
    failures,
    views,
    never,
    records,
    fakes,
    types: () => facts.map(({ type }) => type),
    advance: (ms: number) => advanceSettled(clock, ms),
    async until(condition: () => boolean) {
      for (let i = 0; i < 500 && !condition(); i += 1) await settle();
      assert.ok(condition(), `not reached: ${facts.map(({ type }) => type)}`);
    },
  };
}

test('entries are on every seat soon after they are written, and at the quorum by the seats’ receipts', async () => {
  const run = await setUp();
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
  run.sync.stop();
});

test('without a seat the log is alone and an entry never at the quorum; the first seat gets everything', async () => {
  const run = await setUp({ seats: [20] });
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
  run.sync.stop();
});

test('with one of three seats up the log is ahead, and comes to the quorum when the second returns', async () => {
  const run = await setUp();
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
  run.sync.stop();
});

test('a seat that is absent for twice its grace no longer counts', async () => {
  const run = await setUp();
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
  run.sync.stop();
});

test('a silent seat holds nobody up', async () => {
  const run = await setUp();
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
  run.sync.stop();
});

test('a pull brings what another device of the owner left on a seat, even from one holder of three', async () => {
  const run = await setUp();
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
  run.sync.stop();
});

test('heads nobody can prove are not believed, and the next holder is read', async () => {
  const run = await setUp();
  await putFamily(run.log, SEATS);
  await run.sync.start();
  await run.until(() => run.sync.state() === 'in-sync');
  const other = new LogWriter({ device: 11, log: 9 });
  await run.seat(21).log.accept([other.write(PIN).bytes]);
  run.seat(20).lies = [{ device: deviceOf(11), log: other.log, seq: 99, hash: 'ab'.repeat(32) }];
  const pulled = await run.sync.pull(run.never);
  assert.equal(pulled.applied, 1);
  assert.equal(run.log.heads().find(({ log }) => log === other.log)?.seq, 1);
  run.sync.stop();
});

for (const honest of [true, false]) {
  test(`a seat that serves an older log than it acknowledged is ${honest ? 'convicted by its receipt while one holds the newest' : 'convicted also when all but one do it'}`, async () => {
    const run = await setUp();
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
    run.sync.stop();
  });
}

test('a seat that lost its log gets it again from the beginning', async () => {
  const run = await setUp({ seats: [20] });
  await putFamily(run.log, [20]);
  await run.sync.start();
  await run.sync.append([PIN, PIN]);
  await run.until(() => run.sync.holders(2) === 1);
  run.seat(20).log = await (await createLogHolder().open()).logs.of(OWNER);
  await run.sync.append([PIN]);
  await run.until(() => run.seat(20).log.heads()[0]?.seq === 3);
  await run.until(() => run.sync.state() === 'in-sync');
  run.sync.stop();
});

test('edits of documents are gathered and durable when the call returns', async () => {
  const run = await setUp({ seats: [20] });
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
  run.sync.stop();
});

test('what the seats hold is known again after a restart', async () => {
  const run = await setUp();
  await putFamily(run.log, SEATS);
  await run.sync.start();
  await run.sync.append([PIN]);
  await run.until(() => run.sync.holders(1) === 3 && run.sync.state() === 'in-sync');
  run.sync.stop();
  run.holder.stores.powerCut();
  run.records.powerCut();
  const again = await setUp({ holder: run.holder, records: run.records, fakes: run.fakes });
  await again.sync.start();
  assert.ok(again.sync.caughtUp(deviceOf(20)));
  assert.equal(await again.sync.isAtQuorum(1), true);
  again.sync.stop();
});

test('a machine restored from an image begins a new log and goes on, and both logs reach the seats', async () => {
  const run = await setUp();
  await putFamily(run.log, SEATS);
  await run.sync.start();
  await run.sync.append([PIN, PIN]);
  await run.until(() => run.sync.holders(2) === 3);
  run.sync.stop();
  const image = createLogHolder({ author: 10 });
  const old = await (await image.open()).logs.own();
  await putFamily(old, SEATS);
  image.stores.kill();
  const again = await setUp({ holder: image, fakes: run.fakes });
  const { log: before } = again.log.own;
  await again.sync.start();
  await again.until(() => again.sync.state() === 'in-sync');
  assert.notEqual(again.log.own.log, before);
  const [place] = await again.sync.append([PIN]);
  assert.equal(await again.sync.atQuorum(place!.seq, again.never), 'quorum');
  await again.until(() => again.seat(22).log.heads().length === 2);
  assert.equal((await entriesOf(again.seat(22).log)).length, 3);
  again.sync.stop();
});

test('a receipt of somebody else, or for another owner, is not taken', async () => {
  const run = await setUp({ seats: [20] });
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
  run.sync.stop();
});
