import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type RecordPublisherPorts, recordPublisherWith } from '../../../machines/network/record-publisher.machine.ts';
import { never, runMachine } from '../../support/run-machine.ts';

const HOUR_MS = 3_600_000;

function run(ports: Partial<RecordPublisherPorts> = {}) {
  let version = 100;
  const works: RecordPublisherPorts = {
    signRecord: async () => ({ version: ++version }),
    storeRecord: async () => undefined,
    readBack: async () => ({ version, holders: 20, holdersPossible: 20 }),
  };
  const ran = runMachine(recordPublisherWith({ ...works, ...ports }), { input: { record: 'presence', seed: 1 } });
  return { ...ran, said: () => ran.trace.filter((line) => line.startsWith('!')) };
}

test('a record is signed, stored, read back and told with its holders', async () => {
  const { trace, facts, settle } = run();
  await settle();
  assert.deepEqual(trace, ['publishing.signing', 'publishing.storing', 'checking', '! record.published', 'fresh']);
  assert.deepEqual(facts, [{ type: 'record.published', record: 'presence', version: 101, holders: 20 }]);
});

test('it is refreshed every three hours, give or take a fifth', async () => {
  const { said, advance } = run();
  await advance(24 * HOUR_MS);
  assert.ok(said().length >= 7 && said().length <= 11, `${said().length} in a day`);
});

test('too few holders are made more, and in a small network few are enough', async () => {
  let holders = 3;
  const { state, facts, advance, settle } = run({
    readBack: async () => ({ version: 101, holders, holdersPossible: 20 }),
    signRecord: async () => ({ version: 101 }),
  });
  await settle();
  assert.equal(state(), 'spreading');
  holders = 8;
  await advance(60_000);
  assert.equal(facts.at(-1)?.type, 'record.published');

  const small = run({ readBack: async () => ({ version: 101, holders: 3, holdersPossible: 3 }) });
  await small.settle();
  assert.equal(small.state(), 'fresh');
});

test('what stays thin after three spreads is left until the next refresh', async () => {
  const { state, advance } = run({
    signRecord: async () => ({ version: 101 }),
    readBack: async () => ({ version: 101, holders: 1, holdersPossible: 20 }),
  });
  await advance(120_000);
  assert.equal(state(), 'fresh');
});

test('a higher version than ours means a twin', async () => {
  const { facts, settle } = run({ readBack: async () => ({ version: 999, holders: 5, holdersPossible: 20 }) });
  await settle();
  assert.deepEqual(facts, [{ type: 'record.superseded', record: 'presence', version: 999 }]);
});

test('a directory that does not take it stalls it, and joining tries at once', async () => {
  let isJoined = false;
  const { state, facts, send, settle } = run({
    storeRecord: async () => {
      if (!isJoined) throw new Error('not joined');
    },
  });
  await settle();
  assert.equal(state(), 'stalled');
  assert.deepEqual(facts, [{ type: 'record.stalled', record: 'presence', reason: 'not-stored' }]);
  isJoined = true;
  await send({ type: 'directory.joined', neighbours: 3 });
  assert.equal(state(), 'fresh');
});

test('an update in any state publishes anew', async () => {
  const { trace, send, settle } = run();
  await settle();
  trace.length = 0;
  await send({ type: 'update' });
  await send({ type: 'transport.listening', transport: 'tcp', addresses: [] });
  assert.equal(trace.filter((line) => line === 'publishing.signing').length, 2);
});

test('hanging ports end by their deadlines', async () => {
  for (const [ports, after, state] of [
    [{ signRecord: never }, 10_000, 'stalled'],
    [{ storeRecord: never }, 20_000, 'stalled'],
    [{ readBack: never }, 15_000, 'spreading'],
  ] as const) {
    const ran = run(ports);
    await ran.advance(after);
    assert.equal(ran.state(), state);
  }
});

test('a withdrawn record ends', async () => {
  const { state, send, settle } = run();
  await settle();
  await send({ type: 'withdraw' });
  assert.equal(state(), 'withdrawn');
});
