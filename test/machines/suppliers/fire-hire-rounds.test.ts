import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fireHireWith } from '../../../machines/suppliers/fire-hire.machine.ts';
import type { FireHirePorts, Hired } from '../../../machines/suppliers/fire-hire.ports.ts';
import type { SeatHealth } from '../../../machines/suppliers/judge-suppliers.ts';
import { deviceOf } from '../../support/log-writer.ts';
import { never, runMachine } from '../../support/run-machine.ts';

function seatOf(seat: number, change: Partial<SeatHealth> = {}): SeatHealth {
  return {
    seat,
    supplier: deviceOf(20 + seat),
    online: true,
    absentMs: 0,
    graceMs: 1_000_000,
    leaving: null,
    away: false,
    proven: true,
    filling: false,
    ...change,
  };
}
const EMPTY = { supplier: null, online: false, proven: false } as const;

/** Seats as they are, with a finder that finds somebody for every one. */
function run(health: SeatHealth[], ports: Partial<FireHirePorts> = {}, networkUp = true) {
  const seats = [...health];
  const steps: string[] = [];
  const machine = runMachine(
    fireHireWith({
      surveySuppliers: async () => ({ health: seats, done: [] }),
      hire: async ({ seats: open }) => {
        steps.push(`hire ${open.join()}`);
        const hired = open.map((seat): Hired => {
          return { seat, supplier: deviceOf(40 + seat), former: seats[seat]?.supplier ?? null };
        });
        return { hired, failed: [], reason: null };
      },
      saveFamily: async ({ hired }) => {
        steps.push(`save ${hired.map((row) => row.seat).join()}`);
        for (const { seat, supplier } of hired) seats[seat] = seatOf(seat, { supplier });
        return { version: 1, seats: seats.length };
      },
      dismiss: async ({ suppliers }) => void steps.push(`dismiss ${suppliers.map((row) => row.seat).join()}`),
      ...ports,
    }),
    { input: { seatsWanted: seats.length, networkUp, seed: 1 } },
  );
  return { ...machine, steps, seats };
}

test('all empty seats are filled in one round, and the family is saved once', async () => {
  const { steps, facts, state, settle } = run([seatOf(0, EMPTY), seatOf(1), seatOf(2, EMPTY)]);
  await settle();
  assert.deepEqual(steps, ['hire 0,2', 'save 0,2']);
  assert.deepEqual(facts, [{ type: 'suppliers.changed', version: 1, seats: 3 }]);
  assert.equal(state(), 'settled');
});

test('while our network is down nobody is surveyed or hired', async () => {
  const { steps, state, send, settle, advance } = run([seatOf(0, EMPTY)], {}, false);
  await settle();
  await send({ type: 'review' });
  await advance(86_400_000);
  assert.equal(state(), 'suspended');
  assert.deepEqual(steps, []);
  await send({ type: 'network.connected' });
  assert.deepEqual(steps, ['hire 0', 'save 0']);
});

test('past the grace a supplier is away, and past twice the grace his seat is filled', async () => {
  const away = run([seatOf(0, { online: false, absentMs: 1_000_000 })]);
  await away.settle();
  assert.deepEqual(away.facts, [{ type: 'seat.became-away', seat: 0, supplier: deviceOf(20) }]);
  assert.deepEqual(away.steps, []);
  const lost = run([seatOf(0, { online: false, absentMs: 2_000_000, away: true })]);
  await lost.settle();
  assert.deepEqual(lost.steps, ['hire 0', 'save 0']);
  assert.deepEqual(lost.facts.at(-1), {
    type: 'supplier.dismissed',
    seat: 0,
    supplier: deviceOf(20),
    reason: 'lost',
  });
});

test('a former holder is dismissed only when his successor has the pieces', async () => {
  let done = [{ seat: 0, supplier: deviceOf(30) }];
  const { steps, facts, settle } = run([seatOf(0)], {
    surveySuppliers: async () => {
      const answer = { health: [seatOf(0)], done };
      done = [];
      return answer;
    },
  });
  await settle();
  assert.deepEqual(steps, ['dismiss 0']);
  assert.deepEqual(facts, [{ type: 'supplier.dismissed', seat: 0, supplier: deviceOf(30), reason: 'replaced' }]);
});

test('when nobody can be hired it says so and tries again by itself', async () => {
  let asked = 0;
  const { facts, settle, advance } = run([seatOf(0, EMPTY)], {
    hire: async ({ seats }) => {
      asked++;
      return { hired: [], failed: seats, reason: 'exhausted' };
    },
  });
  await settle();
  assert.deepEqual(facts, [{ type: 'seats.left-empty', seats: [0], reason: 'exhausted' }]);
  await advance(3_600_000);
  assert.ok(asked > 3);
});

test('every step has a deadline, and what fails or hangs is tried again', async () => {
  for (const port of ['surveySuppliers', 'hire', 'saveFamily'] as const) {
    for (const bad of [never, () => Promise.reject(new Error('gone'))]) {
      const { trace, failures, facts, settle, advance } = run([seatOf(0, EMPTY)], { [port]: bad });
      await settle();
      await advance(20 * 60_000);
      assert.ok(trace.filter((each) => each === 'coolingDown').length > 1, port);
      assert.ok(!facts.some((fact) => fact.type === 'suppliers.changed'));
      assert.deepEqual(failures, []);
    }
  }
});
