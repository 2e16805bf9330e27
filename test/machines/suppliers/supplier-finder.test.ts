import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type SupplierFinderPorts, supplierFinderWith } from '../../../machines/suppliers/supplier-finder.machine.ts';
import { deviceOf, OWNER } from '../../support/log-writer.ts';
import { never, runMachine } from '../../support/run-machine.ts';

const PEERS = [20, 21, 22, 23].map((number) => ({ device: deviceOf(number), person: OWNER }));
const [first, second] = PEERS as [(typeof PEERS)[0], (typeof PEERS)[0]];

function run(ports: Partial<SupplierFinderPorts> = {}) {
  return runMachine(
    supplierFinderWith({
      lookUpCandidates: async ({ except }) => PEERS.filter(({ device }) => !except.includes(device)),
      askToServe: async ({ peers }) => ({ accepted: peers[0] ?? null, refused: [], skipped: [] }),
      ...ports,
    }),
    { input: { seat: 1, bytes: 100, except: [deviceOf(23)], avoidGroups: [] } },
  );
}

test('the first who accepts is hired', async () => {
  const { trace, facts, settle } = run();
  await settle();
  assert.deepEqual(trace, ['lookingUp', 'asking', '! supplier.hired', 'hired']);
  assert.deepEqual(facts, [{ type: 'supplier.hired', seat: 1, supplier: first.device, person: OWNER }]);
});

test('who refuses is not asked again, and when all refused it says so', async () => {
  const asked: string[] = [];
  const { facts, state, settle } = run({
    askToServe: async ({ peers }) => {
      asked.push(...peers.map(({ device }) => device));
      return { accepted: null, refused: peers.map(({ device }) => device), skipped: [] };
    },
  });
  await settle();
  assert.equal(state(), 'failed');
  assert.deepEqual(asked, [20, 21, 22].map(deviceOf));
  assert.deepEqual(facts, [{ type: 'supplier.search-failed', seat: 1, reason: 'refused-by-all' }]);
});

test('a slow candidate is hedged with others after five seconds', async () => {
  const atOnce: number[] = [];
  const { facts, settle, advance } = run({
    askToServe: (input, signal) => {
      atOnce.push(input.atOnce);
      return input.atOnce === 1
        ? never(input, signal)
        : Promise.resolve({ accepted: second, refused: [], skipped: [] });
    },
  });
  await settle();
  await advance(5_000);
  assert.deepEqual(atOnce, [1, 3]);
  assert.deepEqual(facts, [{ type: 'supplier.hired', seat: 1, supplier: second.device, person: OWNER }]);
});

test('a candidate who goes offline while asked is passed over', async () => {
  const asked: string[] = [];
  const { state, settle, send } = run({
    askToServe: (input, signal) => {
      asked.push(input.peers[0]!.device);
      return asked.length === 1
        ? never(input, signal)
        : Promise.resolve({ accepted: input.peers[0]!, refused: [], skipped: [] });
    },
  });
  await settle();
  await send({ type: 'contact.went-offline', peer: first.device });
  assert.equal(state(), 'hired');
  assert.deepEqual(asked, [first.device, second.device]);
});

test('nobody found, a look-up that fails and one that hangs all end as exhausted', async () => {
  for (const lookUpCandidates of [async () => [], () => Promise.reject(new Error('offline')), never]) {
    const { facts, failures, advance } = run({ lookUpCandidates });
    await advance(15_000);
    assert.deepEqual(facts, [{ type: 'supplier.search-failed', seat: 1, reason: 'exhausted' }]);
    assert.deepEqual(failures, []);
  }
});

test('candidates who never answer do not hold the search for ever, and cancelling ends it', async () => {
  const silent = run({ askToServe: never });
  await silent.advance(20 * 60_000);
  assert.equal(silent.state(), 'failed');
  const cancelled = run({ askToServe: never });
  await cancelled.settle();
  await cancelled.send({ type: 'cancel' });
  assert.equal(cancelled.state(), 'cancelled');
  assert.deepEqual(cancelled.facts, []);
});
