import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type IdentityRegistrarPorts,
  identityRegistrarWith,
} from '../../../machines/identity/identity-registrar.machine.ts';
import { BitDustError } from '../../../protocol/errors.ts';
import { never, runMachine } from '../../support/run-machine.ts';

const MADE = { person: 'bd1alice', device: 'bdd1alice' } as const;
const HALF_HOUR_MS = 30 * 60_000;
const works: IdentityRegistrarPorts = {
  makeIdentity: async () => MADE,
  saveIdentity: async () => undefined,
  publishRecord: async () => undefined,
};

function run(ports: Partial<IdentityRegistrarPorts> = {}, asksWords = true) {
  return runMachine(identityRegistrarWith({ ...works, ...ports }), { input: { nickname: 'alice', asksWords } });
}

test('keys are made, words confirmed, then the identity is saved and published', async () => {
  const { actor, trace, facts, send } = run();
  await send({ type: 'register' });
  assert.equal(trace.at(-1), 'confirmingWords');
  await send({ type: 'confirmWords' });
  assert.deepEqual(trace, [
    'idle',
    'makingKeys',
    'confirmingWords',
    'saving',
    'publishing',
    '! identity.registered',
    'registered',
  ]);
  assert.deepEqual(facts, [{ type: 'identity.registered', ...MADE }]);
  assert.deepEqual(actor.getSnapshot().output, { made: MADE, confirmed: true, reason: '' });
});

test('words that nobody asks for now are not waited for', async () => {
  const { actor, trace, send } = run({}, false);
  await send({ type: 'register' });
  assert.ok(!trace.includes('confirmingWords'));
  assert.deepEqual(actor.getSnapshot().output, { made: MADE, confirmed: false, reason: '' });
});

test('skipped words are not confirmed', async () => {
  const { actor, send } = run();
  await send({ type: 'register' });
  await send({ type: 'skipWords' });
  assert.equal(actor.getSnapshot().output?.confirmed, false);
});

test('words that are never confirmed do not hold the identity back for longer than half an hour', async () => {
  const ran = run();
  await ran.send({ type: 'register' });
  await ran.advance(HALF_HOUR_MS - 1);
  assert.equal(ran.state(), 'confirmingWords');
  await ran.advance(1);
  assert.equal(ran.state(), 'registered');
  assert.equal(ran.actor.getSnapshot().output?.confirmed, false);
});

for (const [name, publishRecord, after] of [
  ['fails', async () => Promise.reject(new Error('offline')), 0],
  ['hangs', never, 30_000],
] as const) {
  test(`the identity is there when publishing ${name}`, async () => {
    const ran = run({ publishRecord }, false);
    await ran.send({ type: 'register' });
    await ran.advance(after);
    assert.equal(ran.state(), 'registered');
  });
}

const full = async () => Promise.reject(new BitDustError('DISK_FULL'));
for (const [name, ports, after, reason] of [
  ['making the keys fails', { makeIdentity: full }, 0, 'DISK_FULL'],
  ['making the keys hangs', { makeIdentity: never }, 30_000, 'DEADLINE_PASSED'],
  ['saving fails', { saveIdentity: full }, 0, 'DISK_FULL'],
  ['saving hangs', { saveIdentity: never }, 10_000, 'DEADLINE_PASSED'],
] as const) {
  test(`nothing is registered when ${name}`, async () => {
    const ran = run(ports, false);
    await ran.send({ type: 'register' });
    await ran.advance(after);
    assert.deepEqual(ran.facts, [{ type: 'identity.registration-failed', reason }]);
    assert.deepEqual(ran.actor.getSnapshot().output, { made: null, confirmed: false, reason });
  });
}

test('a registration that is not begun ends by itself, and one that is cancelled at once', async () => {
  const idle = run();
  await idle.advance(HALF_HOUR_MS);
  assert.equal(idle.state(), 'failed');
  const cancelled = run({ makeIdentity: never });
  await cancelled.send({ type: 'register' });
  await cancelled.send({ type: 'cancel' });
  assert.deepEqual(cancelled.facts, [{ type: 'identity.registration-failed', reason: 'CANCELLED' }]);
});
