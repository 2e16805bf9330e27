import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { BlockStanding } from '../../protocol/block-marks.ts';
import {
  checkOrder,
  comesBack,
  ERASE_AFTER_MS,
  isRemovalOrder,
  mayErase,
  mayEraseStrange,
  TRASH_WINDOW_MS,
  type TrashedBytes,
  trashAllowance,
} from '../../protocol/order-rules.ts';
import { deviceOf, logOf } from '../support/log-writer.ts';

const ORDER = { device: deviceOf(10), log: logOf(1), seq: 4 };
const FAMILY = { seats: [0, 1, 2].map((seat) => ({ seat, person: 'bd1x' as const, device: deviceOf(20 + seat) })) };

function row(standing: BlockStanding) {
  return { block: 'ab'.repeat(32), seats: [0, 1], standing, order: ORDER, buriedAt: standing === 'buried' ? 0 : null };
}

test('a piece is stored only for an open or committed block, on a seat of the block where this device sits', () => {
  const ask = (standing: BlockStanding | null, seat: number, device: number) =>
    checkOrder({ row: standing === null ? undefined : row(standing), family: FAMILY, seat, device: deviceOf(device) });
  assert.deepEqual(ask('open', 1, 21), { verdict: 'store', order: ORDER });
  assert.deepEqual(ask('committed', 0, 20), { verdict: 'store', order: ORDER });
  assert.deepEqual(ask(null, 1, 21), { verdict: 'refuse', code: 'BLOCK_UNKNOWN' });
  for (const standing of ['buried', 'erased', 'abandoned'] as const) {
    assert.deepEqual(ask(standing, 1, 21), { verdict: 'refuse', code: 'BLOCK_BURIED' });
  }
  assert.deepEqual(ask('open', 1, 20), { verdict: 'refuse', code: 'SEAT_WRONG' });
  assert.deepEqual(ask('open', 2, 22), { verdict: 'refuse', code: 'SEAT_WRONG' });
  assert.deepEqual(checkOrder({ row: row('open'), family: undefined, seat: 1, device: deviceOf(21) }), {
    verdict: 'refuse',
    code: 'SEAT_WRONG',
  });
});

test('a burial is followed after thirty days, an abandoning at once, and nothing while the log is forked', () => {
  const at = (standing: BlockStanding, now: number, forked = false) => mayErase(row(standing), { now, forked });
  assert.equal(at('buried', ERASE_AFTER_MS - 1), 'too-soon');
  assert.equal(at('buried', ERASE_AFTER_MS), 'trash');
  assert.equal(at('buried', ERASE_AFTER_MS, true), 'refuse');
  assert.equal(at('abandoned', 0), 'trash');
  assert.equal(at('abandoned', 0, true), 'refuse');
  assert.equal(at('committed', 1e15), 'kept');
  assert.equal(at('open', 1e15), 'kept');
  assert.equal(mayErase(undefined, { now: 1e15, forked: false }), 'refuse');
  assert.equal(mayEraseStrange({ receivedAt: 0, now: ERASE_AFTER_MS - 1 }), 'too-soon');
  assert.equal(mayEraseStrange({ receivedAt: 0, now: ERASE_AFTER_MS }), 'trash');
  assert.ok(comesBack(row('committed')) && !comesBack(row('buried')) && !comesBack(undefined));
});

test('an order must quote an entry that removes this block and stands', () => {
  const place = { device: deviceOf(10), log: logOf(1), seq: 9 };
  assert.ok(isRemovalOrder({ removedBy: [place] }, place));
  for (const other of [
    { ...place, seq: 8 },
    { ...place, device: deviceOf(11) },
    { ...place, log: logOf(2) },
  ]) {
    assert.ok(!isRemovalOrder({ removedBy: [place] }, other));
  }
});

test('one device never puts more than a tenth, or one piece, into the trash in any seven days', () => {
  const orders = fc.array(
    fc.record({ wait: fc.nat(3 * 86_400_000), bytes: fc.integer({ min: 1, max: 900 }), device: fc.nat(1) }),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(orders, (plan) => {
      const heldBytes = 3000;
      const trashed: TrashedBytes[] = [];
      let now = 0;
      for (const { wait, bytes, device: number } of plan) {
        now += wait;
        const device = deviceOf(10 + number);
        const { bytes: left, onePieceFree } = trashAllowance({ heldBytes, trashed, device, now });
        if (bytes <= left || onePieceFree) trashed.push({ at: now, device, bytes });
      }
      for (const first of trashed) {
        const window = trashed.filter(
          (one) => one.device === first.device && one.at >= first.at && one.at < first.at + TRASH_WINDOW_MS,
        );
        const sum = window.reduce((all, one) => all + one.bytes, 0);
        assert.ok(sum <= heldBytes / 10 || window.length === 1, `${sum} bytes in seven days`);
      }
    }),
    { numRuns: 500 },
  );
});

test('a clock that jumps back opens no new window', () => {
  const trashed = [{ at: 10 * TRASH_WINDOW_MS, device: deviceOf(10), bytes: 300 }];
  const options = { heldBytes: 3000, trashed, device: deviceOf(10) };
  assert.deepEqual(trashAllowance({ ...options, now: 0 }), { bytes: 0, onePieceFree: false });
});
