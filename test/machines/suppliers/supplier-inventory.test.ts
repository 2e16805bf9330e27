import assert from 'node:assert/strict';
import { test } from 'node:test';
import { supplierInventoryWith } from '../../../machines/suppliers/supplier-inventory.machine.ts';
import type {
  SupplierInventoryInput,
  SupplierInventoryPorts,
} from '../../../machines/suppliers/supplier-inventory.ports.ts';
import { deviceOf, OWNER } from '../../support/log-writer.ts';
import { never, runMachine } from '../../support/run-machine.ts';

const supplier = deviceOf(20);

function run(ports: Partial<SupplierInventoryPorts> = {}, input: Partial<SupplierInventoryInput> = {}) {
  return runMachine(
    supplierInventoryWith({
      fetchDigest: async () => ({ equal: true }),
      reconcile: async () => ({ cursor: null, missing: 0, strange: 0 }),
      sample: async () => 'passed',
      condemn: async () => undefined,
      saveInventory: async () => undefined,
      ...ports,
    }),
    { input: { supplier, wasAway: false, online: true, seed: 9, ...input } },
  );
}

test('when his digest equals ours nothing more is asked', async () => {
  const { trace, settle } = run({ reconcile: () => assert.fail('asked for ranges') });
  await settle();
  assert.deepEqual(trace, ['comparing', 'saving', '! inventory.known', 'known']);
});

test('when it differs the ranges are read to the end and the differences are told once', async () => {
  const cursors: (string | null)[] = [];
  const { facts, settle } = run({
    fetchDigest: async () => ({ equal: false }),
    reconcile: async ({ cursor }) => {
      cursors.push(cursor);
      return { cursor: cursors.length === 2 ? null : 'half', missing: 1, strange: 2 };
    },
  });
  await settle();
  assert.deepEqual(cursors, [null, 'half']);
  assert.deepEqual(facts, [
    { type: 'inventory.differed', supplier, missing: 2, strange: 4 },
    { type: 'inventory.known', supplier },
  ]);
});

test('who was away proves a piece before what he says counts', async () => {
  const { trace, settle } = run({}, { wasAway: true });
  await settle();
  assert.deepEqual(trace, ['comparing', 'sampling', 'saving', '! inventory.known', 'known']);
});

test('who fails three challenges is condemned, and nothing he said is saved', async () => {
  let condemned = 0;
  const { facts, state, settle } = run(
    {
      sample: async () => 'failed',
      condemn: async () => void condemned++,
      saveInventory: () => assert.fail('saved'),
    },
    { wasAway: true },
  );
  await settle();
  assert.equal(condemned, 1);
  assert.equal(state(), 'stale');
  assert.deepEqual(facts, [{ type: 'inventory.unavailable', supplier, reason: 'unproven' }]);
});

test('while he is offline nothing is asked; when he comes it is compared at once', async () => {
  let asked = 0;
  const { state, send, settle, advance } = run(
    {
      fetchDigest: async () => {
        asked++;
        return { equal: true };
      },
    },
    { online: false },
  );
  await settle();
  await advance(86_400_000);
  assert.equal(asked, 0);
  await send({ type: 'supplier.connected', owner: OWNER, supplier, bytes: 1 });
  assert.equal(state(), 'known');
  await send({ type: 'contact.went-offline', peer: supplier });
  assert.equal(state(), 'stale');
});

test('a confession leads to another comparison, and it is refreshed within hours', async () => {
  let asked = 0;
  const { settle, send, advance } = run({
    fetchDigest: async () => {
      asked++;
      return { equal: true };
    },
  });
  await settle();
  await send({ type: 'take' });
  assert.equal(asked, 2);
  await advance(8 * 3_600_000);
  assert.ok(asked > 2);
});

test('silence and errors make it stale with a reason, and it asks again', async () => {
  for (const fetchDigest of [never, () => Promise.reject(new Error('reset'))]) {
    const { trace, facts, failures, advance } = run({ fetchDigest });
    await advance(3_600_000);
    assert.equal(facts[0]?.type, 'inventory.unavailable');
    assert.ok(trace.filter((each) => each === 'comparing').length > 2);
    assert.deepEqual(failures, []);
  }
});
