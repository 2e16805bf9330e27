import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBus } from '../../../bus/bus.ts';
import { VirtualClock } from '../../../node/worlds/virtual-clock.ts';
import type { FamilySeat } from '../../../ports/order-logs.ts';
import type { DeviceId } from '../../../protocol/ids.ts';
import type { IdentityState, RecoveryState } from '../../../services/identity/identity-store.ts';
import { createRemovalGate } from '../../../services/identity/removal-gate.ts';
import { settle } from '../../support/settle.ts';

const DAY_MS = 86_400_000;
const [ONE, TWO, THREE] = ['bdd1one', 'bdd1two', 'bdd1three'] as const;

function gate(answered: readonly DeviceId[], seats: readonly DeviceId[], recovered = true) {
  const clock = new VirtualClock({ startAt: 1_000 });
  const recovery: RecoveryState = {
    recoveredAt: 1_000,
    readOnlyUntil: 1_000 + 14 * DAY_MS,
    answered,
    newest: { at: null, from: answered.length, of: seats.length },
  };
  let state = { recovery: recovered ? recovery : null } as IdentityState;
  let changes = 0;
  const bus = createBus((error) => assert.fail(String(error)));
  const family = { seats: seats.map((device, seat): FamilySeat => ({ seat, person: 'bd1someone', device })) };
  const service = createRemovalGate({
    bus,
    clock,
    self: {
      state: () => state,
      async change(alter) {
        changes += 1;
        state = alter(state);
      },
    },
    log: { family: () => family as never },
    onFailure: (_, error) => assert.fail(String(error)),
  });
  void service.start();
  async function hear(supplier: DeviceId): Promise<void> {
    bus.publish({ type: 'seat.caught-up', seat: seats.indexOf(supplier), supplier });
    await settle();
  }
  const isPaused = (): boolean => (state.recovery?.readOnlyUntil ?? 0) > clock.now();
  return { clock, hear, isPaused, state: () => state, changes: () => changes, stop: () => service.stop() };
}

test('removal opens when the last seat of the family answered', async () => {
  const { hear, isPaused, state } = gate([ONE], [ONE, TWO, THREE]);
  await hear(TWO);
  assert.equal(isPaused(), true);
  assert.deepEqual(state().recovery?.answered, [ONE, TWO]);
  await hear(THREE);
  assert.equal(isPaused(), false);
});

test('one seat that answers often is one seat', async () => {
  const { hear, isPaused } = gate([], [ONE, TWO]);
  await hear(ONE);
  await hear(ONE);
  assert.equal(isPaused(), true);
});

test('without an answer it opens after 14 days and not before', async () => {
  const { clock, isPaused } = gate([ONE], [ONE, TWO]);
  clock.advance(14 * DAY_MS - 1);
  assert.equal(isPaused(), true);
  clock.advance(1);
  assert.equal(isPaused(), false);
});

test('an identity that was never recovered is left alone', async () => {
  const { hear, changes } = gate([], [ONE], false);
  await hear(ONE);
  assert.equal(changes(), 0);
});

test('a family without seats opens nothing', async () => {
  const { hear, isPaused } = gate([], []);
  await hear(ONE);
  assert.equal(isPaused(), true);
});
