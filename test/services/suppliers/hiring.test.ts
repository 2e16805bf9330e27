import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hiringCustomer } from '../../support/supplier-hiring.ts';

const HOUR_MS = 3_600_000;

async function hired(options: Parameters<typeof hiringCustomer>[0] = {}) {
  const customer = await hiringCustomer(options);
  const { suppliers, health } = await customer.open();
  await suppliers.start();
  const tookMs = await customer.until(() => suppliers.table.all().length === (options.n ?? 8));
  return { ...customer, suppliers, health, tookMs };
}

test('eight of twelve are hired in one round: a look-up for all, nobody asked twice, in a second', async () => {
  const { suppliers, list, lookUps, tookMs, log, failures } = await hired();
  const rows = suppliers.table.all();
  assert.equal(new Set(rows.map(({ device }) => device)).size, 8);
  assert.deepEqual(
    list.map(({ asked }) => asked.filter((command) => command === 'RequestService').length).sort(),
    [0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1],
  );
  assert.equal(lookUps.length, 1);
  assert.ok(tookMs <= 1_000);
  assert.deepEqual(
    log.family()?.seats.map(({ device }) => device),
    rows.map(({ device }) => device),
  );
  assert.ok(suppliers.seats().every(({ state }) => state === 'connected'));
  assert.deepEqual(failures, []);
});

test('refusals are remembered for a day, and silent ones are hedged', async () => {
  const customer = await hiringCustomer({ willing: 12 });
  const [first, second, third] = customer.list;
  first!.refuses = 'no-space';
  second!.refuses = 'no-space';
  third!.silent = true;
  const { suppliers } = await customer.open();
  await suppliers.start();
  const tookMs = await customer.until(() => suppliers.table.all().length === 8);
  assert.ok(tookMs < 7_000, `took ${tookMs}`);
  const refused = () => first!.asked.length + second!.asked.length;
  assert.equal(refused(), 2);
  suppliers.hire.setSeats(9);
  await customer.until(() => suppliers.table.all().length === 9);
  assert.equal(refused(), 2);
});

test('with too few willing ones the seats stay empty, and one that is sighted is asked at once', async () => {
  const customer = await hiringCustomer({ willing: 5 });
  const { suppliers } = await customer.open();
  await suppliers.start();
  await customer.until(() => customer.types().includes('seats.left-empty'));
  assert.equal(suppliers.table.all().length, 5);
  const late = customer.add('late');
  customer.list.push(late);
  customer.bus.publish({ type: 'peer.sighted', peer: late.device });
  assert.ok((await customer.until(() => suppliers.table.all().length === 6)) < 1_000);
});

test('absence counts only while our own network is up, from when he was found to be away', async () => {
  const { suppliers, goOffline, bus, state, advance } = await hired({ patienceMs: 60_000 });
  const { device } = suppliers.table.get(3)!;
  await advance(10 * 60_000);
  await goOffline(device);
  assert.equal(suppliers.table.get(3)?.absentMs, 0);
  await advance(30_000);
  state.networkUp = false;
  bus.publish({ type: 'network.disconnected' });
  await advance(HOUR_MS);
  state.networkUp = true;
  bus.publish({ type: 'network.connected' });
  await advance(20_000);
  assert.equal(suppliers.table.get(3)?.away, false);
  assert.ok((suppliers.table.get(3)?.absentMs ?? 0) <= 60_000);
});

test('past his grace a seat is away, health first; past twice the grace it is filled and the family signed', async () => {
  const { suppliers, health, goOffline, advance, facts, until, log } = await hired({ patienceMs: 5_000 });
  const { device } = suppliers.table.get(2)!;
  await goOffline(device);
  await advance(4_900);
  assert.equal(suppliers.table.get(2)?.away, false);
  await advance(300);
  assert.equal(suppliers.table.get(2)?.away, true);
  assert.deepEqual(
    facts.filter(({ type }) => type === 'seat.became-away'),
    [{ type: 'seat.became-away', seat: 2, supplier: device }],
  );
  await until(() => suppliers.table.get(2)?.device !== device, 6_500);
  assert.notEqual(log.family()?.seats.find(({ seat }) => seat === 2)?.device, device);
  assert.equal(suppliers.table.get(2)?.away, false);
  assert.ok(health.summary().known);
});

test('in a rescue an away seat is filled at once', async () => {
  const { suppliers, goOffline, advance, bus, until } = await hired({ patienceMs: 60_000 });
  const { device } = suppliers.table.get(2)!;
  await goOffline(device);
  await advance(61_000);
  bus.publish({ type: 'block.weakened', block: 'b'.repeat(64), held: 4, urgent: true });
  assert.ok((await until(() => suppliers.table.get(2)?.device !== device)) <= 1_000);
});

test('after a restart nobody is absent before he was tried, and who answers has his count cleared', async () => {
  const { suppliers, open, goOffline, advance, comeOnline } = await hired({ patienceMs: 60_000 });
  const { device } = suppliers.table.get(1)!;
  await goOffline(device);
  await advance(110_000);
  await suppliers.stop();
  assert.ok(suppliers.table.get(1)!.absentMs >= 100_000);
  const again = (await open()).suppliers;
  await again.start();
  await advance(15_000);
  assert.equal(again.table.get(1)?.device, device);
  await comeOnline(device);
  assert.equal(again.table.get(1)?.absentMs, 0);
});

test('a supplier who comes back is counted again after one passed challenge', async () => {
  const { suppliers, goOffline, comeOnline, advance, until, facts, of, types } = await hired({ patienceMs: 60_000 });
  const { device } = suppliers.table.get(4)!;
  await goOffline(device);
  await advance(61_000);
  assert.equal(suppliers.seat(4)?.state, 'away');
  await comeOnline(device);
  await until(() => types().includes('seat.came-back'), 5_000);
  assert.deepEqual(facts.at(-1), { type: 'seat.came-back', seat: 4, supplier: device });
  assert.equal(suppliers.seat(4)?.state, 'connected');
  assert.ok(of(device).asked.includes('ListFiles'));
});

test('a switch hires the named one first; the former serves until the new one has the pieces, then his contract ends', async () => {
  const { suppliers, health, list, log, until, of, advance } = await hired({ n: 8 });
  const former = suppliers.table.get(0)!.device;
  const roots = new Uint8Array(8 * 32);
  const block = 'ab'.repeat(32);
  await health.addBlock({ block, k: 4, n: 8, size: 1024 * 1024, seats: [0, 1, 2, 3, 4, 5, 6, 7] });
  for (let seat = 0; seat < 8; seat += 1) await health.pieceHeld(seat, [block]);
  assert.ok(roots.length > 0 && log);
  await health.addBlock({ block: 'cd'.repeat(32), k: 4, n: 8, size: 1024, seats: [0, 1, 2, 3, 4, 5, 6, 7] });
  const free = list.find(({ device }) => !suppliers.table.ofDevice(device))!;
  const signal = new AbortController().signal;
  const switched = suppliers.hire.replace({ seat: 0, device: free.device, signal });
  await until(() => suppliers.table.get(0)?.device === free.device, 5_000);
  assert.equal(await switched, free.device);
  assert.equal(suppliers.former?.(0), former);
  await advance(60_000);
  assert.deepEqual(of(former).ended, []);
  await health.pieceHeld(0, [block, 'cd'.repeat(32)]);
  suppliers.hire.review();
  await until(() => of(former).ended.length === 1, 5_000);
  assert.equal(suppliers.former?.(0), null);
});

test('a growth that was refused is not asked for again at once, and the seat takes no new blocks', async () => {
  const { suppliers, of, advance } = await hired();
  const row = suppliers.table.get(5)!;
  of(row.device).roomBytes = row.contractBytes;
  const asked = () => of(row.device).asked.filter((command) => command === 'RequestService').length;
  const before = asked();
  for (let turn = 0; turn < 5; turn += 1) {
    suppliers.wantRoom(5, row.contractBytes + 1);
    await advance(200);
  }
  assert.equal(asked() - before, 1);
  assert.equal(suppliers.seat(5)?.state, 'connected');
  assert.ok(!suppliers.seatsForBlock(row.contractBytes + 1).some(({ seat }) => seat === 5));
  suppliers.wantRoom(6, row.contractBytes + 1);
  await advance(200);
  assert.equal(suppliers.table.get(6)?.contractBytes, row.contractBytes * 2);
});

test('after a recovery the seats are those of the family: nobody is hired in their place', async () => {
  const customer = await hired();
  const { suppliers, open, log, until, advance } = customer;
  const before = suppliers.table.all().map(({ device }) => device);
  await suppliers.stop();
  await suppliers.table.remove(before.map((_, seat) => seat));
  const again = (await open()).suppliers;
  await again.start();
  await until(() => again.table.all().every(({ contract }) => contract !== null) && again.table.all().length === 8);
  await advance(5_000);
  assert.deepEqual(
    again.table.all().map(({ device }) => device),
    before,
  );
  assert.equal(log.family()?.version, 1);
});
