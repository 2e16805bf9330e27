import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type HandshakerPorts, handshakerWith } from '../../../machines/contacts/handshaker.machine.ts';
import { never, runMachine } from '../../support/run-machine.ts';

const BOB = 'bdd1bob' as const;
const PERSON = 'bd1bob' as const;
const fails = async () => Promise.reject(new Error('x'));
const works: HandshakerPorts = {
  fetchRecord: async () => ({ found: true }),
  connect: async () => undefined,
  greet: async () => ({ person: PERSON, revision: 2, refused: false }),
};

function run(ports: Partial<HandshakerPorts> = {}, revision = 2) {
  const ran = runMachine(handshakerWith({ ...works, ...ports }), { input: { peer: BOB, person: PERSON, revision } });
  return { ...ran, outcome: () => ran.actor.getSnapshot().output?.outcome };
}

test('a greeting finds, connects and exchanges identities', async () => {
  const { trace, actor, settle } = run();
  await settle();
  assert.deepEqual(trace, ['fetchingRecord', 'connecting', 'greeting', 'shaken']);
  assert.deepEqual(actor.getSnapshot().output, { outcome: 'shaken', person: PERSON, revision: 2 });
});

test('a newer identity is told', async () => {
  const { facts, settle } = run({}, 1);
  await settle();
  assert.deepEqual(facts, [{ type: 'contact.record-changed', person: PERSON, revision: 2 }]);
});

test('a second try follows a failed greeting, a third does not', async () => {
  const { trace, settle } = run({ greet: fails });
  await settle();
  assert.deepEqual(trace, ['fetchingRecord', 'connecting', 'greeting', 'connecting', 'greeting', 'unreachable']);
});

for (const [name, ports, after, outcome] of [
  ['nobody knows the peer', { fetchRecord: async () => ({ found: false }) }, 0, 'unknown'],
  ['the look-up fails', { fetchRecord: fails }, 0, 'unreachable'],
  ['the look-up hangs', { fetchRecord: never }, 10_000, 'unreachable'],
  ['no link comes about', { connect: fails }, 0, 'unreachable'],
  ['the dial hangs', { connect: never }, 15_000, 'unreachable'],
  ['two greetings hang', { greet: never }, 30_000, 'unreachable'],
  ['the peer says no', { greet: async () => ({ person: null, revision: 0, refused: true }) }, 0, 'refused'],
] as const) {
  test(`the greeting is ${outcome} when ${name}`, async () => {
    const ran = run(ports);
    await ran.advance(after);
    assert.equal(ran.outcome(), outcome);
  });
}

test('cancelling ends it', async () => {
  const ran = run({ connect: never });
  await ran.send({ type: 'cancel' });
  assert.equal(ran.outcome(), 'cancelled');
});
