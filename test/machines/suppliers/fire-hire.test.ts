import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fireHireWith } from '../../../machines/suppliers/fire-hire.machine.ts';
import type { FireHireHeard, FireHirePorts } from '../../../machines/suppliers/fire-hire.ports.ts';
import { judgeSuppliers, type SeatHealth } from '../../../machines/suppliers/judge-suppliers.ts';
import type { DeviceId } from '../../../protocol/ids.ts';
import { never, runMachine } from '../../support/run-machine.ts';

const device = (number: number): DeviceId => `bdd1${number}`;

function seatOf(seat: number, change: Partial<SeatHealth> = {}): SeatHealth {
  const healthy = { supplier: device(seat), online: true, absentMs: 0, graceMs: 1_000, leaving: null } as const;
  return { seat, ...healthy, away: false, proven: true, filling: false, ...change };
}

function run(ports: Partial<FireHirePorts>, health: () => readonly SeatHealth[] = () => [seatOf(0)]) {
  let surveys = 0;
  const machine = fireHireWith({
    surveySuppliers: async () => {
      surveys += 1;
      return { health: health(), done: [] };
    },
    hire: never,
    saveFamily: never,
    dismiss: never,
    ...ports,
  });
  return { ...runMachine(machine, { input: { seatsWanted: 1, networkUp: true, seed: 1 } }), surveys: () => surveys };
}

const DURABLE: readonly FireHireHeard[] = [
  { type: 'block.weakened', block: 'b'.repeat(64), held: 4, urgent: true },
  { type: 'supplier.refused', owner: 'bdp1' as never, supplier: device(0), reason: 'no' },
  { type: 'supplier.ended', owner: 'bdp1' as never, supplier: device(0) },
  { type: 'supplier.gave-notice', owner: 'bdp1' as never, supplier: device(0), until: 1 },
  { type: 'supplier.disconnected', owner: 'bdp1' as never, supplier: device(0) },
  { type: 'inventory.known', supplier: device(0) },
];

const empty = [seatOf(0, { supplier: null })];
const hired = { hired: [{ seat: 0, supplier: device(9), former: null }], failed: [], reason: null };
/** For every state a run that rests in it, and what ends that rest. */
const IN_STATE: Readonly<Record<string, () => ReturnType<typeof run>>> = {
  surveying: () =>
    run({ surveySuppliers: () => new Promise((resolve) => setImmediate(resolve, { health: [], done: [] })) }),
  hiring: () => run({}, () => empty),
  saving: () => run({ hire: async () => hired }, () => empty),
  dismissing: () =>
    run({
      surveySuppliers: async () => ({ health: [seatOf(0)], done: [{ seat: 0, supplier: device(7) }] }),
    }),
  coolingDown: () => run({ surveySuppliers: async () => Promise.reject(new Error('no')) }),
  settled: () => run({}),
  suspended: () => {
    const started = run({});
    started.actor.send({ type: 'network.disconnected' });
    return started;
  },
};

test('a fact about durability in any state leads to another survey', async () => {
  for (const [state, start] of Object.entries(IN_STATE)) {
    for (const fact of DURABLE) {
      const started = start();
      if (state !== 'surveying') await started.settle();
      assert.equal(started.state(), state);
      const before = started.trace.length;
      await started.send(fact);
      await started.send({ type: 'network.connected' });
      for (let minute = 0; minute < 30; minute += 1) await started.advance(60_000);
      assert.ok(started.trace.slice(before).includes('surveying'), `${fact.type} in ${state}`);
    }
  }
});

test('an empty seat is filled, the family saved, and everything looked at again', async () => {
  let health: readonly SeatHealth[] = empty;
  const { trace, settle } = run(
    {
      hire: async () => hired,
      saveFamily: async () => {
        health = [seatOf(0, { supplier: device(9) })];
        return { version: 1, seats: 1 };
      },
    },
    () => health,
  );
  await settle();
  assert.deepEqual(trace, ['surveying', 'hiring', 'saving', '! suppliers.changed', 'surveying', 'settled']);
});

test('a network that goes down while the family is saved does not undo what is saved', async () => {
  const saved = Promise.withResolvers<{ version: number; seats: number }>();
  const started = run({ hire: async () => hired, saveFamily: () => saved.promise }, () => empty);
  await started.settle();
  await started.send({ type: 'network.disconnected' });
  saved.resolve({ version: 1, seats: 1 });
  await started.settle();
  assert.deepEqual(started.trace.slice(-2), ['! suppliers.changed', 'suspended']);
});

test('lost suppliers are replaced all together, living ones one by one', () => {
  const plan = { seatsWanted: 4, rescue: false, replace: [2, 3] };
  const lost = { online: false, absentMs: 2_000 };
  const health = [seatOf(0, lost), seatOf(1, lost), seatOf(2), seatOf(3)];
  assert.deepEqual(judgeSuppliers(health, plan).hire, [0, 1, 2]);
  assert.deepEqual(judgeSuppliers(health, plan).voluntary, [2]);
  const filling = [...health.slice(0, 2), seatOf(2, { filling: true }), seatOf(3)];
  assert.deepEqual(judgeSuppliers(filling, plan).hire, [0, 1]);
});

test('past his grace he is away, and replaced at once only in a rescue', () => {
  const health = [seatOf(0, { online: false, absentMs: 1_200 })];
  const plan = { seatsWanted: 1, rescue: false, replace: [] };
  const judged = judgeSuppliers(health, plan);
  assert.deepEqual([judged.becameAway, judged.hire, judged.nextDueMs], [[0], [], 800]);
  assert.deepEqual(judgeSuppliers(health, { ...plan, rescue: true }).hire, [0]);
});
