import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '../../ports/world.ts';

/** A clock under test and the hand that moves its time. `lateMs`: how late a timer may be after a sleep. */
export interface ClockUnderTest {
  readonly clock: Clock;
  readonly lateMs: number;
  advance(ms: number): void;
  sleep(ms: number): void;
  jump(ms: number): void;
  onWake(listener: () => void): () => void;
}

const DAY_MS = 86_400_000;
const YEAR_MS = 365 * DAY_MS;
const DELAYS = [1, 1_000, DAY_MS, 2 ** 31 - 1, 2 ** 31, YEAR_MS];

/** What every clock of the node must do: no timer fires early, none is missed, over sleep and jumps. */
export function testClock(name: string, make: () => ClockUnderTest): void {
  for (const delay of DELAYS) testOneTimer(name, make, delay);
  for (const jump of [YEAR_MS, -YEAR_MS, 11_000, -11_000]) testJump(name, make, jump);
  testSleep(name, make);
  testWake(name, make);
  testOrder(name, make);
}

function testOneTimer(name: string, make: () => ClockUnderTest, delay: number): void {
  test(`${name}: a timer of ${delay} ms fires at its time and once`, () => {
    const { clock, advance } = make();
    let fired = 0;
    clock.setTimeout(() => fired++, delay);
    advance(delay - 1);
    assert.equal(fired, 0);
    advance(1);
    assert.equal(fired, 1);
    advance(YEAR_MS);
    assert.equal(fired, 1);
  });

  test(`${name}: a timer of ${delay} ms that is cleared never fires`, () => {
    const { clock, advance } = make();
    const timer = clock.setTimeout(() => assert.fail('fired'), delay);
    clock.clearTimeout(timer);
    advance(delay + DAY_MS);
  });
}

function testSleep(name: string, make: () => ClockUnderTest): void {
  test(`${name}: sleep counts, and what became due meanwhile fires soon after waking`, () => {
    const { clock, advance, sleep, lateMs } = make();
    const fired: string[] = [];
    clock.setTimeout(() => fired.push('hour'), DAY_MS / 24);
    clock.setTimeout(() => fired.push('month'), 30 * DAY_MS);
    sleep(2 * DAY_MS);
    advance(lateMs);
    assert.deepEqual(fired, ['hour']);
    advance(28 * DAY_MS - lateMs - 1);
    assert.deepEqual(fired, ['hour']);
    advance(lateMs + 1);
    assert.deepEqual(fired, ['hour', 'month']);
  });
}

function testJump(name: string, make: () => ClockUnderTest, jump: number): void {
  test(`${name}: a jump of the wall clock by ${jump} ms makes no timer early or late`, () => {
    const { clock, advance, jump: jumpBy } = make();
    const before = clock.now();
    let fired = false;
    clock.setTimeout(() => {
      fired = true;
    }, DAY_MS);
    advance(1_000);
    jumpBy(jump);
    assert.equal(clock.now(), before + 1_000 + jump);
    advance(DAY_MS - 1_001);
    assert.equal(fired, false);
    advance(1);
    assert.equal(fired, true);
  });
}

function testWake(name: string, make: () => ClockUnderTest): void {
  test(`${name}: sleep and jumps are told, so that deadlines kept as dates are looked at again`, () => {
    const { advance, sleep, jump, onWake, lateMs } = make();
    let woke = 0;
    const end = onWake(() => woke++);
    sleep(DAY_MS);
    advance(lateMs);
    assert.equal(woke, 1);
    jump(-DAY_MS);
    advance(lateMs);
    assert.equal(woke, 2);
    advance(DAY_MS);
    assert.equal(woke, 2);
    end();
    sleep(DAY_MS);
    advance(lateMs);
    assert.equal(woke, 2);
  });
}

function testOrder(name: string, make: () => ClockUnderTest): void {
  test(`${name}: timers of one instant fire in the order they were set, and monotonic time never goes back`, () => {
    const { clock, advance, jump } = make();
    const fired: number[] = [];
    for (let index = 0; index < 5; index++) clock.setTimeout(() => fired.push(index), 10);
    const before = clock.monotonic();
    jump(-DAY_MS);
    advance(10);
    assert.deepEqual(fired, [0, 1, 2, 3, 4]);
    assert.ok(clock.monotonic() >= before);
  });
}
