import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAuditAnswer } from '../../../protocol/audit.ts';
import { bytesOfBlock } from '../../../protocol/ids.ts';
import { createInventoryHasher } from '../../../protocol/inventory.ts';
import { placePiece } from '../../../services/rebuild/place-piece.ts';
import { allLeaves, leavesFor, retrievePiece } from '../../../services/restore/retrieve.ts';
import { challengePiece } from '../../../services/suppliers/challenge.ts';
import {
  blockOf,
  type CustomerWorld,
  customerWorld,
  type SampleBlock,
  SIGNAL,
  SUPPLIER,
} from '../../support/customer-world.ts';
import { deviceOf, OWNER } from '../../support/log-writer.ts';
import { MIB } from '../../support/piece-store.ts';

async function served(blocks: readonly SampleBlock[], bytes = 32 * MIB): Promise<CustomerWorld> {
  const world = await customerWorld();
  await world.hire(bytes);
  await world.seat();
  if (blocks.length > 0) await world.open(blocks);
  return world;
}

const place = (world: CustomerWorld, { row, payload }: SampleBlock, index = 0, bytes = payload) =>
  placePiece(
    { self: world.owner, messenger: world.ownerMessenger },
    { row, index, supplier: SUPPLIER, bytes, signal: SIGNAL },
  );

const SPEEDS = { note: () => undefined, rank: (seats: readonly number[]) => seats, p95Ms: () => 1 };

const fetched = (
  world: CustomerWorld,
  { row }: SampleBlock,
  span: { readonly leaf: number; readonly leaves: number },
) =>
  retrievePiece(
    { self: world.owner, messenger: world.ownerMessenger, clock: world.clock, speeds: SPEEDS },
    { row, index: 0, supplier: SUPPLIER, span, signal: SIGNAL },
  );

const challenge = (world: CustomerWorld, { row, block }: SampleBlock) =>
  challengePiece(
    {
      self: world.owner,
      messenger: world.ownerMessenger,
      random: { bytes: (length) => new Uint8Array(length).fill(7), fraction: () => 0 },
      log: { block: async () => row },
    },
    { supplier: SUPPLIER, seat: 0, block, signal: SIGNAL },
  );

/** Damages what is on the disk of the supplier in every file of pieces. */
async function damage(world: CustomerWorld): Promise<void> {
  const disk = world.machine.volume.disk();
  const walk = async (folder: string): Promise<void> => {
    for (const { name, kind } of await disk.list(folder)) {
      const path = `${folder}/${name}`;
      if (kind === 'folder') await walk(path);
      else if (name.endsWith('.piece') || path.includes('/pieces/')) {
        const file = await disk.open(path, 'update');
        const size = await file.size();
        await file.write(Uint8Array.of(0xde, 0xad), size - 100);
        await file.close();
      }
    }
  };
  await walk('/home/store');
}

test('a piece that the log names is stored, given back byte for byte, by range too, and proven', async () => {
  const block = blockOf(1, { k: 4, n: 8 });
  const world = await served([block]);
  assert.equal(await place(world, block), 'stored');
  assert.equal(await place(world, block), 'have');
  const whole = await fetched(world, block, allLeaves(block.payload.length));
  assert.deepEqual('data' in whole && whole.data, block.payload);
  const span = leavesFor({ offset: 100_000, length: 10, pieceLength: block.payload.length });
  const part = await fetched(world, block, span);
  assert.deepEqual(
    'data' in part && part.data,
    block.payload.subarray(span.leaf * 16384, (span.leaf + span.leaves) * 16384),
  );
  assert.equal(await challenge(world, block), true);
  assert.equal(world.pieces.account(OWNER)?.usedBytes, block.payload.length);
  assert.deepEqual(world.failures, []);
  await world.stop();
});

test('what the log does not name, what is buried, another seat and other bytes are refused before a byte is kept', async () => {
  const named = blockOf(1);
  const buried = blockOf(2);
  const world = await served([named, buried]);
  await world.write({ kind: 'bury', body: { blocks: [buried.block] } });
  assert.equal(await place(world, blockOf(3)), 'BLOCK_UNKNOWN');
  assert.equal(await place(world, buried), 'BLOCK_BURIED');
  assert.equal(await place(world, named, 1), 'SEAT_WRONG');
  const otherRoots = { ...named, row: { ...named.row, roots: new Uint8Array(named.row.roots.length) } };
  assert.equal(await place(world, otherRoots), 'PIECE_ROOT_WRONG');
  assert.equal(await place(world, named, 0, named.payload.subarray(1)), 'PIECE_LENGTH_WRONG');
  const changed = Uint8Array.from(named.payload);
  changed[5] = (changed[5] ?? 0) ^ 1;
  assert.equal(await place(world, named, 0, changed), 'PIECE_ROOT_WRONG');
  assert.equal(world.pieces.account(OWNER)?.usedBytes, 0);
  assert.equal(world.pieces.account(OWNER)?.reservedBytes, 0);
  await world.stop();
});

test('a supplier that has no seat in the family takes no pieces', async () => {
  const block = blockOf(1);
  const world = await customerWorld();
  await world.hire();
  await world.open([block]);
  assert.equal(await place(world, block), 'SEAT_WRONG');
  await world.seat(deviceOf(21));
  assert.equal(await place(world, block), 'SEAT_WRONG');
  await world.stop();
});

test('eight uploads race one contract: never a byte over, and the customer is told that it is full', async () => {
  const blocks = Array.from({ length: 8 }, (_, seed) => blockOf(seed + 1));
  const pieceLength = blocks[0]!.payload.length;
  const world = await served(blocks, 5 * pieceLength);
  const results = await Promise.all(blocks.map((block) => place(world, block)));
  assert.deepEqual(results.toSorted(), [...Array(3).fill('QUOTA_EXCEEDED'), ...Array(5).fill('stored')]);
  const account = world.pieces.account(OWNER)!;
  assert.equal(account.usedBytes, 5 * pieceLength);
  assert.equal(account.reservedBytes, 0);
  assert.equal(world.stateOf(), 'full');
  assert.equal(world.factTypes().filter((type) => type === 'customer.became-full').length, 1);
  await world.hire(6 * pieceLength);
  await world.rest();
  assert.equal(world.stateOf(), 'active');
  assert.equal(await place(world, blocks[results.indexOf('QUOTA_EXCEEDED')]!), 'stored');
  await world.stop();
});

test('strangers and people without a contract get nothing', async () => {
  const block = blockOf(1);
  const world = await served([block]);
  await place(world, block);
  const stranger = world.network.join(deviceOf(66), 'bd1stranger');
  const piece = { block: bytesOfBlock(block.block), seat: 0 };
  const options = { signal: SIGNAL, deadlineMs: 1000, owner: OWNER };
  const order = { device: new Uint8Array(32), log: new Uint8Array(16), seq: 1 };
  const refused = { code: 'NOT_ENTITLED' };
  await assert.rejects(
    stranger.request(SUPPLIER, 'Delete', { pieces: [piece], order, second: null }, options),
    refused,
  );
  await assert.rejects(
    stranger.request(SUPPLIER, 'AuditPiece', { ...piece, nonce: new Uint8Array(32), count: 1 }, options),
    refused,
  );
  const data = { pieces: [{ ...piece, root: new Uint8Array(32), length: 1, order }] };
  await assert.rejects(stranger.request(SUPPLIER, 'Data', data, options), refused);
  const own = { signal: SIGNAL, deadlineMs: 1000 };
  await assert.rejects(stranger.request(SUPPLIER, 'ListFiles', { ask: 'have', pieces: [piece] }, own), {
    code: 'CUSTOMER_UNKNOWN',
  });
  await world.stop();
});

test('ranges that are short or crooked are refused, each for itself', async () => {
  const block = blockOf(1, { k: 4, n: 8 });
  const world = await served([block]);
  await place(world, block);
  const ask = (spans: readonly { leaf: number; leaves: number }[]) =>
    world.ownerMessenger.request(
      SUPPLIER,
      'Retrieve',
      { pieces: spans.map((span) => ({ block: bytesOfBlock(block.block), seat: 0, ...span })), grant: null },
      { signal: SIGNAL, deadlineMs: 1000, owner: OWNER },
    );
  const { payload, streams } = await ask([
    { leaf: 0, leaves: 4 },
    { leaf: 1, leaves: 4 },
    { leaf: 4, leaves: 1 },
    { leaf: 12, leaves: 512 },
    { leaf: 100, leaves: 4 },
  ]);
  const results = (payload['results'] as { result: string }[]).map(({ result }) => result);
  assert.deepEqual(results, ['sent', 'BAD_INPUT', 'BAD_INPUT', 'sent', 'BAD_INPUT']);
  assert.equal(streams.length, 2);
  await world.stop();
});

test('a broken piece is never served: it is refused in writing, and confessed to its owner', async () => {
  const block = blockOf(1);
  const world = await served([block]);
  await place(world, block);
  await damage(world);
  assert.deepEqual(await fetched(world, block, allLeaves(block.payload.length)), {
    fault: 'missing',
    code: 'PIECE_ROTTEN',
  });
  await world.rest();
  const confessions = world.told.filter(({ command }) => command === 'Confess');
  assert.equal(confessions.length, 1);
  assert.equal(await challenge(world, block), false);
  const { payload } = await world.ownerMessenger.request(
    SUPPLIER,
    'AuditPiece',
    { block: bytesOfBlock(block.block), seat: 0, nonce: new Uint8Array(32), count: 1 },
    { signal: SIGNAL, deadlineMs: 1000 },
  );
  const refusal = parseAuditAnswer(payload['statement'] as Uint8Array);
  assert.equal(refusal.type === 'refusal' && refusal.reason, 'PIECE_ROTTEN');
  assert.equal(await place(world, block), 'stored');
  assert.equal(await challenge(world, block), true);
  await world.stop();
});

test('a disk that is away answers unavailable, never lost', async () => {
  const block = blockOf(1);
  const world = await served([block]);
  await place(world, block);
  world.machine.volume.unmount('/home/store');
  const answer = await fetched(world, block, allLeaves(block.payload.length)).catch((error) => ({
    fault: 'unable',
    code: error.code,
  }));
  assert.equal('fault' in answer && answer.fault, 'unable');
  await assert.rejects(challenge(world, block), { code: 'DISK_GONE' });
  assert.deepEqual(world.told, []);
  world.machine.volume.remount('/home/store');
  await world.pieces.probe();
  const again = await fetched(world, block, allLeaves(block.payload.length));
  assert.ok('data' in again);
  await world.stop();
});

test('inventories are compared by digest, and differences are named', async () => {
  const blocks = Array.from({ length: 5 }, (_, seed) => blockOf(seed + 1));
  const world = await served(blocks);
  for (const block of blocks) await place(world, block);
  const ids = blocks.map(({ block }) => block).sort();
  const ask = async (expected: readonly string[]) => {
    const hasher = createInventoryHasher();
    for (const block of expected) hasher.add(block, 0);
    const answer = await world.ownerMessenger.request(
      SUPPLIER,
      'ListFiles',
      { ask: 'span', from: null, before: null, ...hasher.finish() },
      { signal: SIGNAL, deadlineMs: 1000 },
    );
    return answer.payload;
  };
  assert.equal((await ask(ids))['kind'], 'equal');
  const other = await ask(ids.slice(1));
  assert.equal(other['kind'], 'pieces');
  assert.equal((other['pieces'] as Uint8Array).length, 5 * 33);
  assert.equal(other['next'], null);
  await world.stop();
});
