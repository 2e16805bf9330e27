import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { BlockId } from '../../../protocol/ids.ts';
import { createBackupRebuilder } from '../../../services/rebuild/backup-rebuilder.service.ts';
import { folder, MIB } from '../../storage/pipeline/folders.ts';
import { random } from '../../storage/pipeline/round-trip.ts';
import { settle } from '../../support/settle.ts';
import { storedBackup } from '../../support/stored-backup.ts';

async function backup({ k = 2, n = 4, files = 1 } = {}) {
  const root = folder();
  for (let file = 0; file < files; file += 1) writeFileSync(join(root, `f${file}`), random(MIB));
  const kept = await storedBackup({ root, k, n });
  const [block] = kept.stored.blocks;
  const lose = async (id: BlockId, seat: number) => {
    kept.seats[seat]!.pieces.delete(`${id}:${seat}`);
    await kept.health.pieceLost(seat, [id]);
  };
  const stateOf = async (id: BlockId) => (await kept.health.block(id))?.pieces.map(({ state }) => state);
  return { ...kept, block: block!, lose, stateOf };
}

test('only the missing pieces are computed, placed and proven, and count as held before the fact', async () => {
  const { block, lose, stateOf, rebuilders, run, seats, signal, facts, bus, health } = await backup();
  await lose(block.block, 1);
  await lose(block.block, 3);
  const seen: unknown[] = [];
  bus.subscribe(['block.repaired'], () => {
    void health.block(block.block).then((row) => seen.push(row?.safety));
  });
  assert.equal((await run(rebuilders.rebuild({ block: block.block, seats: [1, 3], signal }))).end, 'repaired');
  await settle();
  assert.deepEqual(await stateOf(block.block), ['held', 'held', 'held', 'held']);
  assert.deepEqual(seen, ['safe']);
  assert.ok(Buffer.from(seats[3]!.pieces.get(`${block.block}:3`)!).equals(block.pieces[3]!));
  assert.deepEqual(facts.at(-1), { type: 'block.repaired', block: block.block, seats: [1, 3] });
  const stored = seats.map(({ asked }) => asked.filter((command) => command === 'Data').length);
  assert.deepEqual(stored, [0, 1, 0, 1]);
  assert.deepEqual(rebuilders.counters(), { running: 0, repaired: 1, recomputed: 1, sentBytes: 2 * block.pieceBytes });
});

test('a supplier who acknowledges and cannot prove it has nothing', async () => {
  const { block, lose, stateOf, rebuilders, run, seats, signal } = await backup();
  await lose(block.block, 2);
  seats[2]!.lies = true;
  assert.equal((await run(rebuilders.rebuild({ block: block.block, seats: [2], signal }))).end, 'short');
  assert.deepEqual(await stateOf(block.block), ['held', 'held', 'lost', 'held']);
});

test('a block that is not wanted any more is not repaired, and leaves the table', async () => {
  const { block, lose, rebuilders, run, seats, signal, log, health } = await backup();
  await lose(block.block, 2);
  log.stand(block.block, 'buried');
  assert.equal((await run(rebuilders.rebuild({ block: block.block, seats: [2], signal }))).end, 'obsolete');
  assert.ok(seats.every(({ asked }) => asked.length === 0));
  assert.deepEqual(await health.weakest('refill', 10), []);
});

test('with fewer than k it stays as it is', async () => {
  const { block, lose, rebuilders, run, seats, signal, pipeline } = await backup();
  await lose(block.block, 2);
  for (const seat of [0, 1]) seats[seat]!.online = false;
  assert.equal((await run(rebuilders.rebuild({ block: block.block, seats: [2], signal }))).end, 'short');
  assert.equal(pipeline.memory().usedBytes, 0);
});

test('a refill waits its grace, or for a second loss; rescue goes first', async () => {
  const kept = await backup({ k: 2, n: 6, files: 3 });
  const { block, lose, stateOf, clock, run, bus } = kept;
  const rebuilder = createBackupRebuilder({ ...kept, refillWaitMs: () => 60_000 });
  await rebuilder.start();
  await lose(block.block, 5);
  rebuilder.rebuild();
  await run(settle());
  assert.equal((await stateOf(block.block))?.[5], 'lost');
  clock.advance(60_000);
  bus.publish({ type: 'refill.became-due', blocks: 1 });
  await run(until(async () => (await stateOf(block.block))?.[5] === 'held'));
  await lose(block.block, 4);
  await lose(block.block, 5);
  rebuilder.rebuild();
  await run(until(async () => (await stateOf(block.block))?.every((state) => state === 'held') === true));
  await rebuilder.stop();
});

test('a block that cannot be repaired does not keep the others waiting', async () => {
  const kept = await backup({ k: 1, n: 3, files: 6 });
  const { stored, lose, stateOf, run, health, seats, types } = {
    ...kept,
    types: () => kept.facts.map(({ type }) => type),
  };
  const blocks = stored.blocks.map(({ block }) => block).sort();
  assert.ok(blocks.length >= 2);
  const hopeless = blocks[0]!;
  for (const seat of [1, 2]) await lose(hopeless, seat);
  seats[0]!.pieces.delete(`${hopeless}:0`);
  for (const block of blocks.slice(1)) await lose(block, 2);
  const rebuilder = createBackupRebuilder({ ...kept, refillWaitMs: () => 0 });
  await rebuilder.start();
  await run(until(async () => types().includes('rebuild.stuck') || types().includes('rebuild.finished')));
  for (const block of blocks.slice(1)) assert.deepEqual(await stateOf(block), ['held', 'held', 'held']);
  assert.equal((await health.block(hopeless))?.safety, 'unreadable');
  await rebuilder.stop();
});

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await settle();
}
