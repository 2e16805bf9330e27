import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { folder, MIB } from '../../storage/pipeline/folders.ts';
import { random } from '../../storage/pipeline/round-trip.ts';
import { storedBackup } from '../../support/stored-backup.ts';

const PLACES = [0, 1, 2, 3, 4, 5];

async function backup({ k = 2, n = 4, bytes = MIB } = {}) {
  const root = folder();
  writeFileSync(join(root, 'a'), random(bytes));
  const kept = await storedBackup({ root, k, n });
  const block = kept.stored.blocks[0]!;
  const whole = Buffer.concat(block.pieces.slice(0, k)).subarray(0, block.size);
  const readAll = () => kept.source.readBlock({ block: block.block, signal: kept.signal });
  return { ...kept, block, whole, readAll };
}

function subsets(n: number, size: number): number[][] {
  const all = Array.from({ length: 2 ** n }, (_, mask) => PLACES.slice(0, n).filter((place) => mask & (1 << place)));
  return all.filter((subset) => subset.length === size);
}

test('any n - k suppliers may vanish, and every byte comes back', async () => {
  const { seats, whole, readAll, run } = await backup({ k: 3, n: 6 });
  for (const gone of subsets(6, 3)) {
    for (const [seat, supplier] of seats.entries()) supplier.online = !gone.includes(seat);
    const read = await run(readAll());
    assert.ok(whole.equals(read.bytes), `without ${gone}`);
    assert.equal(
      read.decoded,
      gone.some((seat) => seat < 3),
    );
    read.release();
  }
});

test('one more, and the error names the block, what there is, and who is missed since when', async () => {
  const { seats, block, readAll, run } = await backup();
  for (const seat of [0, 1, 2]) seats[seat]!.online = false;
  const details = {
    blocks: [{ block: block.block, have: 1, k: 2 }],
    suppliers: [0, 1, 2].map((seat) => ({ seat, device: seats[seat]!.device, since: 7 })),
  };
  await assert.rejects(run(readAll()), { code: 'TOO_FEW_PIECES', details });
});

test('a seat that does not answer is hedged after twice its usual time, and asked last from then on', async () => {
  const { seats, readAll, timed, speeds } = await backup({ k: 4, n: 6 });
  for (const supplier of seats) supplier.delayMs = 1_000;
  for (const seat of PLACES) for (let turn = 0; turn < 32; turn += 1) speeds.note(seat, 1_000, MIB);
  const read = () => timed(async () => (await readAll()).release());
  const healthy = await read();
  seats[4]!.delayMs = 900;
  seats[1]!.silent = true;
  assert.ok((await read()) <= 3.1 * healthy);
  const after = await read();
  assert.ok(after <= 1.5 * healthy, `${after} ms against ${healthy} ms`);
});

test('a range of a file comes from its own seat, and from k others when that one is slow or gone', async () => {
  const { seats, block, whole, source, run, signal, timed, speeds } = await backup({ k: 2, n: 4, bytes: 4 * MIB });
  for (const seat of PLACES) speeds.note(seat, 100, MIB);
  const range = { block: block.block, offset: 100_000, length: 50_000, signal };
  const expected = whole.subarray(100_000, 150_000);
  assert.ok(expected.equals(await run(source.readRange(range))));
  assert.deepEqual(
    seats.map(({ asked }) => asked.length),
    [1, 0, 0, 0],
  );
  assert.ok(source.counters().fetchedBytes < 200_000);
  seats[0]!.silent = true;
  assert.ok((await timed(async () => assert.ok(expected.equals(await source.readRange(range))))) < 1_000);
  seats[0]!.online = false;
  assert.ok(expected.equals(await run(source.readRange(range))));
  assert.equal(source.counters().decodedBlocks, 2);
});

test('a range over two pieces is put together', async () => {
  const { block, whole, source, run, signal } = await backup({ k: 2, n: 4, bytes: 4 * MIB });
  const middle = block.pieceBytes;
  const read = await run(source.readRange({ block: block.block, offset: middle - 77, length: 200, signal }));
  assert.ok(whole.subarray(middle - 77, middle + 123).equals(read));
});

test('wrong bytes are found in flight: the piece is lost in the table before the fact, and others serve', async () => {
  const { seats, block, whole, readAll, run, health, bus, facts } = await backup();
  seats[0]!.lies = true;
  const states: (string | undefined)[] = [];
  bus.subscribe(['piece.found-bad'], () => {
    void health.block(block.block).then((row) => states.push(row?.pieces[0]?.state));
  });
  const read = await run(readAll());
  assert.ok(whole.equals(read.bytes));
  read.release();
  await run(health.pieceHeld(3, []));
  assert.deepEqual(facts, [{ type: 'piece.found-bad', supplier: seats[0]!.device, seat: 0, block: block.block }]);
  assert.deepEqual(states, ['lost']);
});

test('a piece that is denied is lost; a supplier who is away or slow loses nothing', async () => {
  const { seats, block, readAll, run, health, facts } = await backup();
  seats[0]!.pieces.clear();
  seats[1]!.online = false;
  (await run(readAll())).release();
  await run(health.pieceHeld(3, []));
  assert.deepEqual(
    facts.map(({ type }) => type),
    ['piece.found-missing'],
  );
  assert.deepEqual(
    (await health.block(block.block))?.pieces.map(({ state }) => state),
    ['lost', 'held', 'held', 'held'],
  );
});

test('what lies in the own cache is not asked for, also when only a range of another piece is wanted', async () => {
  const { seats, block, whole, source, readAll, run, signal, cache } = await backup({ k: 2, n: 4, bytes: 4 * MIB });
  cache.set(`${block.block}:0`, block.pieces[0]!);
  const offset = block.pieceBytes + 10;
  const read = await run(source.readRange({ block: block.block, offset, length: 100, signal }));
  assert.ok(whole.subarray(offset, offset + 100).equals(read));
  cache.set(`${block.block}:1`, block.pieces[1]!);
  for (const supplier of seats) supplier.online = false;
  const all = await run(readAll());
  assert.ok(whole.equals(all.bytes));
  all.release();
});

test('a former holder gives the pieces of a moved seat until his successor has them', async () => {
  const { seats, formers, block, whole, readAll, run, health, add } = await backup({ k: 1, n: 1 });
  const former = seats[0]!;
  seats[0] = add('successor');
  await health.seatReplaced(0, 'serves');
  assert.equal((await health.block(block.block))?.safety, 'endangered');
  formers.set(0, former.device);
  const read = await run(readAll());
  assert.ok(whole.equals(read.bytes));
  read.release();
});

test('an aborted read ends, and leaves nothing of the budget taken', async () => {
  const { seats, source, block, run, pipeline } = await backup();
  for (const supplier of seats) supplier.silent = true;
  const life = new AbortController();
  const read = source.readBlock({ block: block.block, signal: life.signal });
  read.catch(() => undefined);
  await run(new Promise((resolve) => setImmediate(resolve)));
  life.abort(new Error('enough'));
  await assert.rejects(run(read), /enough/);
  assert.equal(pipeline.memory().usedBytes, 0);
});
