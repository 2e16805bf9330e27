import assert from 'node:assert/strict';
import { test } from 'node:test';
import { customerAgreementWith } from '../../../machines/customers/customer-agreement.machine.ts';
import type {
  CustomerAgreementInput,
  CustomerAgreementPorts,
} from '../../../machines/customers/customer-agreement.ports.ts';
import { deviceOf, OWNER } from '../../support/log-writer.ts';
import { never, runMachine } from '../../support/run-machine.ts';

const ONLINE = { type: 'contact.came-online', peer: deviceOf(10) } as const;
const ROTTEN = { type: 'piece.found-rotten', customer: OWNER, count: 1 } as const;
const NOTICE = { type: 'space.notice-given', customer: OWNER, bytes: 5, until: 9 } as const;

function run(ports: Partial<CustomerAgreementPorts> = {}, standing: CustomerAgreementInput['standing'] = 'active') {
  const recorded: string[] = [];
  const machine = runMachine(
    customerAgreementWith({
      checkStanding: async () => ({ welcome: true }),
      reserve: async () => ({ reserved: true }),
      sendNotices: async () => undefined,
      recordStanding: async ({ standing: now }) => void recorded.push(now),
      isDue: async () => 'yes',
      emptyToTrash: async () => ({ cursor: null, done: true }),
      ...ports,
    }),
    { input: { customer: OWNER, bytes: 100, standing, seed: 3 } },
  );
  return { ...machine, recorded };
}

test('a welcome customer gets his room and is admitted', async () => {
  const { trace, settle } = run({}, 'new');
  await settle();
  assert.deepEqual(trace, [
    'admitting.checking',
    'admitting.reserving',
    '! customer.admitted',
    'active.telling',
    'active.told',
  ]);
});

test('every denial says why and when to ask again', async () => {
  const cases: readonly (readonly [Partial<CustomerAgreementPorts>, string, number | null])[] = [
    [{ checkStanding: async () => ({ welcome: false, why: 'not-friends', retryMs: null }) }, 'not-friends', null],
    [{ checkStanding: () => Promise.reject(new Error('broken')) }, 'busy', 60_000],
    [{ reserve: async () => ({ reserved: false, why: 'no-space' }) }, 'no-space', 86_400_000],
    [{ reserve: () => Promise.reject(new Error('disk')) }, 'busy', 60_000],
    [{ checkStanding: never }, 'busy', 60_000],
    [{ reserve: never }, 'busy', 60_000],
  ];
  for (const [ports, reason, retryMs] of cases) {
    const { state, facts, settle, advance } = run(ports, 'new');
    await settle();
    await advance(10_000);
    assert.equal(state(), 'rejected');
    assert.deepEqual(facts, [{ type: 'customer.rejected', customer: OWNER, reason, retryMs }]);
  }
});

test('what was pending over a restart is told at once, and again until he has it', async () => {
  let reachable = false;
  let tries = 0;
  const { state, settle, send, advance } = run({
    sendNotices: () => {
      tries += 1;
      return reachable ? Promise.resolve() : Promise.reject(new Error('away'));
    },
  });
  await settle();
  assert.equal(state(), 'active.waitingToTell');
  await advance(24 * 3_600_000);
  assert.ok(tries > 3 && tries < 60, `${tries} tries in a day`);
  reachable = true;
  await send(ONLINE);
  assert.equal(state(), 'active.told');
});

test('a loss that is found in any state is confessed as soon as he is served', async () => {
  for (const standing of ['active', 'absent', 'onNotice'] as const) {
    let told = 0;
    const { settle, send } = run({ sendNotices: async () => void (told += 1) }, standing);
    await settle();
    const before = told;
    await send(ROTTEN);
    await send(ONLINE);
    assert.ok(told > before, standing);
  }
});

test('silence makes him absent when the record agrees, and his return ends it', async () => {
  const { trace, recorded, settle, send } = run();
  await settle();
  trace.length = 0;
  await send({ type: 'due', name: 'absentAfter' });
  await send(ONLINE);
  assert.deepEqual(trace, [
    'checkingDue',
    'becomingAbsent',
    '! customer.became-absent',
    'absent',
    'returning',
    '! customer.returned',
    'active.telling',
    'active.told',
  ]);
  assert.deepEqual(recorded, ['absent', 'active']);
});

test('a deadline that is not due changes nothing, in every state it can come', async () => {
  for (const [standing, name, rest] of [
    ['active', 'absentAfter', 'active.told'],
    ['absent', 'idleLimit', 'absent'],
    ['onNotice', 'noticeEnds', 'onNotice.told'],
  ] as const) {
    for (const isDue of [async () => 'no' as const, () => Promise.reject(new Error('disk')), never]) {
      const { state, settle, send, advance } = run({ isDue }, standing);
      await settle();
      await send({ type: 'due', name });
      await advance(10_000);
      assert.equal(state(), rest);
    }
  }
});

test('a year of silence gives notice, and only when the notice is over his pieces go', async () => {
  const { trace, recorded, settle, send } = run({}, 'absent');
  await settle();
  await send({ type: 'due', name: 'idleLimit' });
  assert.deepEqual(recorded, ['onNotice']);
  await send({ type: 'due', name: 'noticeEnds' });
  assert.deepEqual(trace.slice(-5), ['onNotice.told', 'checkingDue', 'releasing', '! customer.ended', 'ended']);
});

test('a notice given while a port runs is not lost, and one that cannot be recorded is tried again', async () => {
  const { promise, resolve } = Promise.withResolvers<'no'>();
  const asking = run({ isDue: () => promise });
  await asking.settle();
  await asking.send({ type: 'due', name: 'absentAfter' });
  await asking.send(NOTICE);
  resolve('no');
  await asking.settle();
  assert.equal(asking.state(), 'onNotice.told');

  let fails = true;
  const failing = run({ recordStanding: () => (fails ? Promise.reject(new Error('disk')) : Promise.resolve()) });
  await failing.settle();
  await failing.send(NOTICE);
  assert.equal(failing.state(), 'noticingLater');
  fails = false;
  await failing.advance(6 * 3_600_000);
  assert.equal(failing.state(), 'onNotice.told');
});

test('a full contract is said once, and room ends it', async () => {
  const { state, facts, settle, send, advance } = run();
  await settle();
  await send({ type: 'fill' });
  await send({ type: 'fill' });
  assert.equal(state(), 'full.told');
  assert.equal(facts.length, 1);
  await send({ type: 'due', name: 'noticeEnds' });
  await send({ type: 'resize', bytes: 200 });
  await send({ type: 'fill' });
  await advance(3_600_000);
  assert.equal(state(), 'active.told');
});

test('his order releases him step by step, through failures and again and again', async () => {
  let steps = 0;
  const cursors: (string | null)[] = [];
  const { state, facts, settle, send, advance } = run({
    emptyToTrash: async ({ cursor }) => {
      steps += 1;
      cursors.push(cursor);
      if (steps === 2) throw new Error('disk');
      return { cursor: `at ${steps}`, done: steps === 4 };
    },
  });
  await settle();
  await send({ type: 'end' });
  assert.equal(state(), 'releaseWaiting');
  await send({ type: 'end' });
  await send(NOTICE);
  assert.equal(state(), 'releaseWaiting');
  await advance(3_600_000);
  assert.equal(state(), 'ended');
  assert.deepEqual(cursors, [null, 'at 1', 'at 1', 'at 3']);
  assert.deepEqual(
    facts.map(({ type }) => type),
    ['customer.ended'],
  );
});
