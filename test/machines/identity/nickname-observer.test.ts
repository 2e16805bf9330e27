import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type NicknameObserverPorts,
  nicknameObserverWith,
  type SightedClaim,
} from '../../../machines/identity/nickname-observer.machine.ts';
import { rankClaims } from '../../../machines/identity/rank-claims.ts';
import { never, runMachine } from '../../support/run-machine.ts';

const claim = (person: string, fields: Partial<SightedClaim> = {}): SightedClaim => ({
  person: `bd1${person}`,
  contactsInCommon: 0,
  claimedAt: 100,
  lookAlike: false,
  ...fields,
});
const young = claim('young', { claimedAt: 200 });
const old = claim('old');
const works: NicknameObserverPorts = {
  lookUpClaims: async () => ({ claims: [young, old], flooded: false }),
  rankClaims: async ({ claims }) => rankClaims(claims),
};

function run(ports: Partial<NicknameObserverPorts> = {}) {
  return runMachine(nicknameObserverWith({ ...works, ...ports }), { input: { name: 'alice' } });
}

test('claims are fetched, ranked, and each is sighted with its rank', async () => {
  const { trace, facts, actor, settle } = run();
  await settle();
  assert.deepEqual(trace, ['asking', 'ranking', '! nickname.sighted', '! nickname.sighted', 'found']);
  assert.deepEqual(facts, [
    { type: 'nickname.sighted', nickname: 'alice', person: 'bd1old', rank: 0 },
    { type: 'nickname.sighted', nickname: 'alice', person: 'bd1young', rank: 1 },
  ]);
  assert.deepEqual(actor.getSnapshot().output, { claims: [old, young], flooded: false });
});

for (const [name, ports, after] of [
  ['nobody claims it', { lookUpClaims: async () => ({ claims: [], flooded: false }) }, 0],
  ['the look-up fails', { lookUpClaims: async () => Promise.reject(new Error('x')) }, 0],
  ['the look-up hangs', { lookUpClaims: never }, 10_000],
] as const) {
  test(`a name is not found when ${name}`, async () => {
    const ran = run(ports);
    await ran.advance(after);
    assert.equal(ran.state(), 'notFound');
    assert.deepEqual(ran.facts, []);
  });
}

for (const [name, rank] of [
  ['fails', async () => Promise.reject(new Error('x'))],
  ['hangs', never],
] as const) {
  test(`claims are shown as they came when ranking ${name}`, async () => {
    const ran = run({ rankClaims: rank });
    await ran.advance(10_000);
    assert.deepEqual(ran.actor.getSnapshot().output?.claims, [young, old]);
  });
}

test('a flooded answer is said to be one, also when it held no claim', async () => {
  const ran = run({ lookUpClaims: async () => ({ claims: [], flooded: true }) });
  await ran.settle();
  assert.deepEqual(ran.actor.getSnapshot().output, { claims: [], flooded: true });
});

test('a search ends when it is cancelled', async () => {
  const ran = run({ lookUpClaims: never });
  await ran.send({ type: 'cancel' });
  assert.equal(ran.state(), 'notFound');
});

test('contacts in common come before looks, and looks before age', () => {
  const known = claim('known', { contactsInCommon: 1, lookAlike: true, claimedAt: 900 });
  const mimic = claim('mimic', { lookAlike: true, claimedAt: 1 });
  assert.deepEqual(rankClaims([mimic, young, old, known]), [known, old, young, mimic]);
});
