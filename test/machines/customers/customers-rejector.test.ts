import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type CustomerRoom, chooseReleased } from '../../../machines/customers/choose-released.ts';
import {
  type CustomersRejectorPorts,
  customersRejectorWith,
  type SpaceMeasure,
} from '../../../machines/customers/customers-rejector.machine.ts';
import type { PersonId } from '../../../protocol/ids.ts';
import { never, runMachine } from '../../support/run-machine.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const room = (name: string, promised: number, more: Partial<CustomerRoom> = {}): CustomerRoom => ({
  customer: `bd1${name}` as PersonId,
  promised,
  used: 0,
  onNotice: false,
  absentMs: 0,
  ...more,
});
const SPACE: SpaceMeasure = { donated: 100, promised: 100, used: 50, trash: 10, short: 0, customers: [] };

function run(space: () => SpaceMeasure, ports: Partial<CustomersRejectorPorts> = {}) {
  return runMachine(
    customersRejectorWith({
      measureSpace: async () => space(),
      freeTrash: async () => ({ freed: 10 }),
      recordNotice: async () => ({ until: 42 }),
      ...ports,
    }),
    { input: { seed: 3 } },
  );
}

test('in balance it only looks, each hour', async () => {
  let looks = 0;
  const { facts, advance } = run(() => {
    looks += 1;
    return SPACE;
  });
  await advance(5 * HOUR_MS);
  assert.equal(looks, 6);
  assert.deepEqual(facts, []);
});

test('more promised than given: notice to those it takes, said once, and again said when it is balanced', async () => {
  let customers = [room('a', 40), room('b', 70)];
  const { trace, facts, settle, send, advance } = run(
    () => ({ ...SPACE, promised: customers.reduce((sum, row) => sum + row.promised, 0), customers }),
    {
      recordNotice: async ({ customer }) => {
        customers = customers.map((row) => (row.customer === customer ? { ...row, onNotice: true } : row));
        return { until: 42 };
      },
    },
  );
  await settle();
  assert.deepEqual(trace, ['measuring', '! space.overcommitted', 'givingNotice', '! space.notice-given', 'watching']);
  assert.deepEqual(facts[1], { type: 'space.notice-given', customer: 'bd1a', bytes: 40, until: 42 });
  await advance(10 * HOUR_MS);
  assert.equal(facts.length, 2);
  customers = customers.filter(({ onNotice }) => !onNotice);
  await send({ type: 'customer.ended', customer: 'bd1a' });
  assert.deepEqual(facts[2], { type: 'space.balanced' });
});

test('a disk that is short frees trash first, once, and gives no notice for it', async () => {
  let short = 30;
  let freed = 0;
  const { trace, settle } = run(() => ({ ...SPACE, short }), {
    freeTrash: async ({ bytes }) => {
      freed += bytes;
      short = 20;
      return { freed: 10 };
    },
  });
  await settle();
  assert.equal(freed, 30);
  assert.deepEqual(trace, ['measuring', 'freeing', 'measuring', 'watching']);
});

test('a fact that comes while it works makes another pass', async () => {
  let looks = 0;
  const { promise, resolve } = Promise.withResolvers<SpaceMeasure>();
  const { settle, send } = run(() => SPACE, {
    measureSpace: () => {
      looks += 1;
      return looks === 1 ? promise : Promise.resolve(SPACE);
    },
  });
  await settle();
  await send({ type: 'space.donation-changed', bytes: 5 });
  resolve(SPACE);
  await settle();
  assert.equal(looks, 2);
});

test('every port has its deadline, and a failure is tried again later', async () => {
  const measuring = run(() => SPACE, { measureSpace: never });
  await measuring.advance(60_000);
  assert.equal(measuring.state(), 'coolingDown');
  const over = { ...SPACE, promised: 200, customers: [room('a', 200)] };
  for (const recordNotice of [never, () => Promise.reject(new Error('disk'))]) {
    const noticing = run(() => over, { recordNotice });
    await noticing.advance(10_000);
    await noticing.advance(HOUR_MS);
    assert.ok(noticing.trace.filter((state) => state === 'measuring').length > 1);
    assert.ok(!noticing.trace.includes('! space.notice-given'));
  }
  const freeing = run(() => ({ ...SPACE, short: 5 }), { freeTrash: never });
  await freeing.advance(60_000);
  assert.equal(freeing.state(), 'watching');
});

test('the long absent go before others, and of each the one whose room just suffices', () => {
  const old = { absentMs: 181 * DAY_MS };
  const rows = [room('a', 50), room('b', 10), room('c', 30, old), room('d', 100, old)];
  const names = (over: number) => chooseReleased(rows, over).map(({ customer }) => customer);
  assert.deepEqual(names(20), ['bd1c']);
  assert.deepEqual(names(31), ['bd1d']);
  assert.deepEqual(names(135), ['bd1d', 'bd1c', 'bd1b']);
  assert.deepEqual(names(0), []);
  assert.deepEqual(chooseReleased([room('e', 40, { onNotice: true }), ...rows], 40), []);
});

test('what is chosen suffices, holds nobody twice and nobody in vain', () => {
  const rows = fc.array(fc.record({ promised: fc.nat(1000), absent: fc.boolean(), onNotice: fc.boolean() }), {
    maxLength: 20,
  });
  fc.assert(
    fc.property(rows, fc.nat(8000), (list, over) => {
      const customers = list.map(({ promised, absent, onNotice }, at) =>
        room(String(at), promised, { onNotice, absentMs: absent ? 200 * DAY_MS : 0 }),
      );
      const chosen = chooseReleased(customers, over);
      const sum = (all: readonly { readonly bytes: number }[]) => all.reduce((total, { bytes }) => total + bytes, 0);
      const given = customers.filter(({ onNotice }) => onNotice).reduce((total, { promised }) => total + promised, 0);
      const open = customers.filter(({ onNotice }) => !onNotice).reduce((total, { promised }) => total + promised, 0);
      assert.ok(sum(chosen) + given >= Math.min(over, open + given));
      assert.equal(new Set(chosen.map(({ customer }) => customer)).size, chosen.length);
      assert.ok(chosen.length === 0 || sum(chosen.slice(0, -1)) + given < over);
    }),
  );
});
