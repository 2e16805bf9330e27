import assert from 'node:assert/strict';
import { test } from 'node:test';
import { supplierConnectorWith } from '../../../machines/suppliers/supplier-connector.machine.ts';
import type {
  SupplierConnectorInput,
  SupplierConnectorPorts,
} from '../../../machines/suppliers/supplier-connector.ports.ts';
import { deviceOf, OWNER } from '../../support/log-writer.ts';
import { never, runMachine } from '../../support/run-machine.ts';

const supplier = deviceOf(20);
const INPUT: SupplierConnectorInput = {
  owner: OWNER,
  supplier,
  seat: 3,
  bytes: 100,
  agreed: false,
  online: true,
  seed: 8,
};

function run(ports: Partial<SupplierConnectorPorts> = {}, input: Partial<SupplierConnectorInput> = {}) {
  return runMachine(
    supplierConnectorWith({
      requestAgreement: async ({ bytes }) => ({ kind: 'agreed', bytes }),
      endAgreement: async () => undefined,
      ...ports,
    }),
    { input: { ...INPUT, ...input } },
  );
}

test('an agreement is asked for, and its size is told with the connection', async () => {
  const { trace, facts, settle } = run();
  await settle();
  assert.deepEqual(trace, ['requesting', '! supplier.connected', 'connected']);
  assert.deepEqual(facts, [{ type: 'supplier.connected', owner: OWNER, supplier, bytes: 100 }]);
});

test('with an agreement in the record nothing is asked', async () => {
  const { trace, settle } = run({ requestAgreement: () => assert.fail('asked') }, { agreed: true });
  await settle();
  assert.deepEqual(trace, ['! supplier.connected', 'connected']);
});

test('offline is not refused: it waits, and is connected again when he comes', async () => {
  const { trace, facts, settle, send, advance } = run({}, { agreed: true });
  await settle();
  await send({ type: 'contact.went-offline', peer: supplier });
  await advance(30 * 86_400_000);
  assert.equal(trace.at(-1), 'disconnected');
  assert.ok(!facts.some((fact) => fact.type === 'supplier.refused'));
  await send({ type: 'contact.came-online', peer: supplier });
  assert.deepEqual(trace.slice(-2), ['! supplier.connected', 'connected']);
});

test('three refusals in a row are for good, with the last reason', async () => {
  let asked = 0;
  const { facts, state, settle, advance } = run({
    requestAgreement: async () => ({ kind: 'refused', why: `no ${++asked}` }),
  });
  await settle();
  assert.equal(state(), 'disconnected');
  await advance(3_600_000);
  assert.equal(asked, 3);
  assert.deepEqual(facts, [{ type: 'supplier.refused', owner: OWNER, supplier, reason: 'no 3' }]);
});

test('a refused growth keeps the agreement as it is; without room twice as much is asked for', async () => {
  const wanted: number[] = [];
  const { state, facts, settle, send } = run(
    {
      requestAgreement: async ({ bytes }) => {
        wanted.push(bytes);
        return { kind: 'refused', why: 'full' };
      },
    },
    { agreed: true },
  );
  await settle();
  await send({ type: 'delivery.refused', supplier, seat: 3, reason: 'no-room' });
  assert.deepEqual(wanted, [200]);
  assert.equal(state(), 'connected');
  assert.equal(facts.length, 1);
});

test('leaving ends the agreement, told or not', async () => {
  const { state, facts, settle, send, advance } = run({ endAgreement: never }, { agreed: true });
  await settle();
  await send({ type: 'leave' });
  await advance(10_000);
  assert.equal(state(), 'ended');
  assert.deepEqual(facts.at(-1), { type: 'supplier.ended', owner: OWNER, supplier });
});

test('an answer that never comes is asked for again later', async () => {
  const { state, trace, failures, advance } = run({ requestAgreement: never });
  await advance(30_000);
  assert.equal(state(), 'disconnected');
  await advance(3_600_000);
  assert.ok(trace.filter((each) => each === 'requesting').length > 2);
  assert.deepEqual(failures, []);
});
