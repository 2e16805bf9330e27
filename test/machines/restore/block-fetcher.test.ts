import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type BlockFetcherPorts,
  blockFetcherWith,
  type SeatFault,
} from '../../../machines/restore/block-fetcher.machine.ts';
import { deviceOf } from '../../support/log-writer.ts';
import { never, runMachine } from '../../support/run-machine.ts';

const SEATS = [0, 1, 2, 3, 4, 5, 6, 7];

function run(ports: Partial<BlockFetcherPorts> = {}) {
  return runMachine(
    blockFetcherWith({
      askPieces: async ({ seats }) => ({ got: seats.length, faults: [] }),
      checkBlock: async () => ({ ok: true, faults: [] }),
      ...ports,
    }),
    { input: { fetch: 'f1', block: 'b1', need: 3, seats: SEATS, hedgeAfterMs: 300 } },
  );
}

test('the fastest seats are asked, no more than needed, and the block is checked', async () => {
  const asked: (readonly number[])[] = [];
  const { trace, settle } = run({
    askPieces: async ({ seats }) => {
      asked.push(seats);
      return { got: seats.length, faults: [] };
    },
  });
  await settle();
  assert.deepEqual(asked, [[0, 1, 2]]);
  assert.deepEqual(trace, ['gathering.asking', 'checking', 'fetched']);
});

test('a slow seat is hedged with another, then with more, never beyond those there are', async () => {
  const asked: number[] = [];
  const { advance } = run({
    askPieces: (input, signal) => {
      asked.push(input.seats.length);
      return never(input, signal);
    },
  });
  await advance(300);
  assert.deepEqual(asked, [3, 4]);
  await advance(3_000);
  assert.deepEqual(asked, [3, 4, 8]);
});

test('a seat that lacks its piece or sends wrong bytes is named, and others are asked', async () => {
  const faults: readonly SeatFault[] = [
    { seat: 0, supplier: deviceOf(20), fault: 'missing' },
    { seat: 1, supplier: deviceOf(21), fault: 'bad' },
  ];
  let round = 0;
  const { facts, state, settle } = run({
    askPieces: async () => (round++ === 0 ? { got: 1, faults } : { got: 3, faults: [] }),
  });
  await settle();
  assert.equal(state(), 'fetched');
  assert.deepEqual(facts, [
    { type: 'piece.found-missing', supplier: deviceOf(20), seat: 0, block: 'b1' },
    { type: 'piece.found-bad', supplier: deviceOf(21), seat: 1, block: 'b1' },
  ]);
});

test('with every seat asked and too few pieces it is short', async () => {
  const { state, settle, actor } = run({ askPieces: async () => ({ got: 2, faults: [] }) });
  await settle();
  assert.equal(state(), 'short');
  assert.deepEqual(actor.getSnapshot().output, { got: 2, need: 3 });
});

test('a block that does not hold against its record is damaged, however the check ends', async () => {
  const wrong = run({
    checkBlock: async () => ({ ok: false, faults: [{ seat: 2, supplier: deviceOf(22), fault: 'bad' }] }),
  });
  await wrong.settle();
  assert.deepEqual(wrong.trace.slice(-3), ['checking', '! piece.found-bad', 'damaged']);
  const broken = run({ checkBlock: () => Promise.reject(new Error('worker')) });
  await broken.settle();
  assert.equal(broken.state(), 'damaged');
  const hanging = run({ checkBlock: never });
  await hanging.advance(30_000);
  assert.equal(hanging.state(), 'damaged');
});

test('asking has a deadline, and cancelling ends it', async () => {
  const hanging = run({ askPieces: never });
  await hanging.advance(180_000);
  assert.equal(hanging.state(), 'short');
  const cancelled = run({ askPieces: never });
  await cancelled.send({ type: 'cancel' });
  assert.equal(cancelled.state(), 'short');
});
