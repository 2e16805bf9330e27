import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RealClock } from '../../../node/worlds/real-clock.ts';
import { VirtualClock } from '../../../node/worlds/virtual-clock.ts';
import { testClock } from '../../compliance/clock.ts';
import { FakeHost } from '../../support/fake-time.ts';

testClock('virtual clock', () => {
  const clock = new VirtualClock({ startAt: 1_700_000_000_000 });
  return {
    clock,
    lateMs: 0,
    advance: (ms) => clock.advance(ms),
    sleep: (ms) => clock.sleep(ms),
    jump: (ms) => clock.jump(ms),
    onWake: (listener) => clock.onWake(listener),
  };
});

testClock('real clock', () => {
  const host = new FakeHost();
  const clock = new RealClock(host);
  clock.start();
  return {
    clock,
    lateMs: 10_000,
    advance: (ms) => host.advance(ms),
    sleep: (ms) => host.sleep(ms),
    jump: (ms) => host.jump(ms),
    onWake: (listener) => clock.onWake(listener),
  };
});

test('the real clock never gives the host more than an hour', () => {
  const host = new FakeHost();
  const clock = new RealClock(host);
  clock.setTimeout(() => {}, 90 * 86_400_000);
  host.advance(90 * 86_400_000);
  assert.ok(host.delays.length >= 90 * 24);
  assert.ok(host.delays.every((delay) => delay <= 3_600_000));
});

test('a virtual timer set by a timer counts from its own instant', () => {
  const clock = new VirtualClock();
  const fired: number[] = [];
  clock.setTimeout(() => clock.setTimeout(() => fired.push(clock.now()), 5), 10);
  clock.advance(100);
  assert.deepEqual(fired, [15]);
});

test('virtual timers fire in order of deadline whatever the order they were set in', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ delay: fc.nat(1_000), cancel: fc.boolean() }), { maxLength: 200 }), (rows) => {
      const clock = new VirtualClock();
      const fired: { due: number; index: number }[] = [];
      const timers = rows.map(({ delay }, index) => clock.setTimeout(() => fired.push({ due: delay, index }), delay));
      for (const [index, { cancel }] of rows.entries()) if (cancel) clock.clearTimeout(timers[index]);
      clock.advance(1_000);
      const expected = rows
        .map(({ delay, cancel }, index) => ({ due: delay, index, cancel }))
        .filter((row) => !row.cancel)
        .sort((one, other) => one.due - other.due || one.index - other.index)
        .map(({ due, index }) => ({ due, index }));
      assert.deepEqual(fired, expected);
      assert.equal(clock.pending, 0);
    }),
  );
});
