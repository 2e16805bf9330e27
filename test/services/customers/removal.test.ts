import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesOfBlock, bytesOfLog, keyOfDevice } from '../../../protocol/ids.ts';
import type { LogPlace } from '../../../protocol/log-place.ts';
import { placePiece } from '../../../services/rebuild/place-piece.ts';
import {
  blockOf,
  type CustomerWorld,
  customerWorld,
  type SampleBlock,
  SIGNAL,
  SUPPLIER,
} from '../../support/customer-world.ts';
import { deviceOf, LogWriter, OWNER } from '../../support/log-writer.ts';
import { DAY_MS, pieceOf, streamOf } from '../../support/piece-store.ts';

async function stored(count: number) {
  const world = await customerWorld();
  await world.hire();
  await world.seat();
  const blocks = Array.from({ length: count }, (_, seed) => blockOf(seed + 1, { k: 32, n: 33 }));
  await world.open(blocks);
  for (const { row, payload } of blocks) {
    const options = { row, index: 0, supplier: SUPPLIER, bytes: payload, signal: SIGNAL };
    assert.equal(await placePiece({ self: world.owner, messenger: world.ownerMessenger }, options), 'stored');
  }
  await world.write({ kind: 'commit', body: { blocks: blocks.map(({ block }) => block) } });
  return { world, blocks };
}

const idsOf = (blocks: readonly SampleBlock[]) => blocks.map(({ block }) => block);

async function remove(world: CustomerWorld, blocks: readonly { readonly block: string }[], order: LogPlace) {
  const { payload } = await world.ownerMessenger.request(
    SUPPLIER,
    'Delete',
    {
      pieces: blocks.map(({ block }) => ({ block: bytesOfBlock(block), seat: 0 })),
      order: { device: keyOfDevice(order.device), log: bytesOfLog(order.log), seq: order.seq },
      second: null,
    },
    { signal: SIGNAL, deadlineMs: 1000 },
  );
  return payload['results'] as readonly string[];
}

test('thirty days by the supplier’s own clock pass between burial and trash, and thirty more until nothing is left', async () => {
  const { world, blocks } = await stored(1);
  const order = await world.write({ kind: 'bury', body: { blocks: idsOf(blocks) } });
  assert.deepEqual(await remove(world, blocks, order), ['too-soon']);
  await world.pass(30 * DAY_MS - 1);
  assert.deepEqual(await remove(world, blocks, order), ['too-soon']);
  await world.pass(1);
  assert.deepEqual(await remove(world, blocks, order), ['trash']);
  assert.deepEqual(await remove(world, blocks, order), ['trash']);
  const account = () => world.pieces.account(OWNER);
  assert.equal(account()?.trashBytes, blocks[0]?.payload.length);
  await world.pass(29 * DAY_MS);
  assert.equal(account()?.trashBytes, blocks[0]?.payload.length);
  await world.pass(2 * DAY_MS);
  assert.equal(account()?.trashBytes, 0);
  assert.deepEqual(world.failures, []);
  await world.stop();
});

test('a keep that arrives later takes the order its power, and takes the pieces back out of the trash', async () => {
  const { world, blocks } = await stored(2);
  const order = await world.write({ kind: 'bury', body: { blocks: idsOf(blocks) } });
  await world.pass(30 * DAY_MS);
  assert.deepEqual(await remove(world, blocks.slice(0, 1), order), ['trash']);
  await world.write({ kind: 'keep', body: { blocks: idsOf(blocks) } });
  assert.deepEqual(await remove(world, blocks.slice(1), order), ['kept']);
  await world.pass(40 * DAY_MS);
  const account = world.pieces.account(OWNER);
  assert.equal(account?.pieces, 2);
  assert.equal(account?.trashBytes, 0);
  await world.stop();
});

test('one device orders at most a tenth of the bytes away in seven days, over restarts too', async () => {
  const { world, blocks } = await stored(40);
  const order = await world.write({ kind: 'bury', body: { blocks: idsOf(blocks) } });
  await world.pass(30 * DAY_MS);
  const first = await remove(world, blocks.slice(0, 36), order);
  assert.deepEqual(first, [...Array(4).fill('trash'), ...Array(32).fill('over-limit')]);
  await world.restart();
  assert.deepEqual(new Set(await remove(world, blocks.slice(4), order)), new Set(['over-limit']));
  await world.pass(7 * DAY_MS - 1);
  assert.deepEqual(new Set(await remove(world, blocks.slice(4), order)), new Set(['over-limit']));
  await world.pass(2);
  const later = await remove(world, blocks.slice(4), order);
  assert.equal(later.filter((result) => result === 'trash').length, 4);
  await world.write({ kind: 'keep', body: { blocks: idsOf(blocks) } });
  await world.pass(31 * DAY_MS);
  assert.equal(world.pieces.account(OWNER)?.pieces, 40);
  await world.stop();
});

test('many orders at the same time do not pass the limit together', async () => {
  const { world, blocks } = await stored(20);
  const order = await world.write({ kind: 'bury', body: { blocks: idsOf(blocks) } });
  await world.pass(30 * DAY_MS);
  const results = (await Promise.all(blocks.map((block) => remove(world, [block], order)))).flat();
  assert.equal(results.filter((result) => result === 'trash').length, 2);
  await world.stop();
});

test('the same piece named twice in one order counts once', async () => {
  const { world, blocks } = await stored(20);
  const order = await world.write({ kind: 'bury', body: { blocks: idsOf(blocks) } });
  await world.pass(30 * DAY_MS);
  const [first, second] = blocks as [SampleBlock, SampleBlock];
  assert.deepEqual(await remove(world, [first, first, second], order), ['trash', 'trash', 'trash']);
  await world.stop();
});

test('the pieces of an upload that was given up go at once', async () => {
  const world = await customerWorld();
  await world.hire();
  await world.seat();
  const block = blockOf(1);
  await world.open([block]);
  const options = { row: block.row, index: 0, supplier: SUPPLIER, bytes: block.payload, signal: SIGNAL };
  await placePiece({ self: world.owner, messenger: world.ownerMessenger }, options);
  const order = await world.write({ kind: 'abandon', body: { blocks: [block.block] } });
  assert.deepEqual(await remove(world, [block], order), ['trash']);
  await world.stop();
});

test('an order that the log does not hold, and one for a block that lives, remove nothing', async () => {
  const { world, blocks } = await stored(2);
  const [first, second] = blocks as [SampleBlock, SampleBlock];
  const order = await world.write({ kind: 'bury', body: { blocks: [first.block] } });
  await world.pass(30 * DAY_MS);
  assert.deepEqual(await remove(world, [first], { ...order, seq: 1 }), ['ORDER_UNKNOWN']);
  assert.deepEqual(await remove(world, [second], order), ['kept']);
  assert.deepEqual(await remove(world, [blockOf(99)], order), ['PIECE_UNKNOWN']);
  await assert.rejects(remove(world, [first], { ...order, device: deviceOf(77) }), { code: 'LOG_REVOKED_DEVICE' });
  assert.equal(world.pieces.account(OWNER)?.pieces, 2);
  await world.stop();
});

test('while the log is forked nothing is removed, and due trash stays', async () => {
  const { world, blocks } = await stored(2);
  const order = await world.write({ kind: 'bury', body: { blocks: idsOf(blocks) } });
  await world.pass(30 * DAY_MS);
  assert.deepEqual(await remove(world, blocks.slice(0, 1), order), ['trash']);
  const twin = new LogWriter();
  const other = twin.write({ kind: 'unpin', body: { task: 'other' } });
  await (await world.logs.of(OWNER)).accept([other.bytes]);
  assert.equal((await world.logs.of(OWNER)).forked(), true);
  assert.deepEqual(await remove(world, blocks.slice(1), order), ['LOG_FORKED']);
  await world.pass(40 * DAY_MS);
  assert.equal(world.pieces.account(OWNER)?.trashBytes, blocks[0]?.payload.length);
  await world.stop();
});

test('a piece whose block no record names is never taken by a burial of others', async () => {
  const { world, blocks } = await stored(1);
  const strange = pieceOf(5, 1000, OWNER);
  await world.pieces.store({ ...strange.offer, seat: 0 }, streamOf(strange.payload));
  const order = await world.write({ kind: 'bury', body: { blocks: idsOf(blocks) } });
  await world.pass(31 * DAY_MS);
  assert.deepEqual(await remove(world, [strange.offer], order), ['ORDER_UNKNOWN']);
  await world.stop();
});
