import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FamilyMemberPorts, familyMemberWith } from '../../../machines/customers/family-member.machine.ts';
import { deviceOf, OWNER } from '../../support/log-writer.ts';
import { never, runMachine } from '../../support/run-machine.ts';

const NOTICED = { type: 'log.noticed', owner: OWNER, from: deviceOf(20) } as const;

function run(ports: Partial<FamilyMemberPorts> = {}, { joined = true } = {}) {
  return runMachine(
    familyMemberWith({
      readFamily: async () => 'signed',
      askSiblings: async () => ({ family: null, forked: false, newer: 0 }),
      pullLog: async () => ({ applied: 1, left: 0 }),
      putRecords: async () => ({ holders: 3 }),
      ...ports,
    }),
    { input: { customer: OWNER, joined, seed: 3 } },
  );
}

test('it puts the records, compares with the siblings and rests', async () => {
  const { trace, settle } = run();
  await settle();
  assert.deepEqual(trace, ['reading', 'spreading', 'behind', 'agreed']);
});

test('the records are put again every three hours, more or less, for as long as it runs', async () => {
  const { trace, advance } = run();
  await advance(30 * 24 * 3_600_000);
  const puts = trace.filter((state) => state === 'spreading').length;
  assert.ok(puts > 190 && puts < 310, `${puts} in 30 days`);
});

test('newer heads of a sibling are read until nothing is left, a newer family is announced', async () => {
  let left = 3;
  const { trace, settle } = run({
    askSiblings: async () => ({ family: 4, forked: false, newer: 2 }),
    pullLog: async () => ({ applied: 1, left: --left }),
  });
  await settle();
  assert.deepEqual(trace, ['reading', 'spreading', 'behind', '! family.updated', 'catchingUp', 'agreed']);
  assert.equal(left, 0);
});

test('two documents of one version raise the alarm', async () => {
  const { trace, settle } = run({ askSiblings: async () => ({ family: null, forked: true, newer: 0 }) });
  await settle();
  assert.ok(trace.includes('! family.forked'));
});

test('without the directory it sleeps, but a notice is still followed', async () => {
  const { trace, settle, send } = run({}, { joined: false });
  await settle();
  await send(NOTICED);
  assert.deepEqual(trace, ['reading', 'asleep', 'behind', 'asleep']);
  await send({ type: 'directory.joined', neighbours: 3 });
  await send({ type: 'directory.left' });
  assert.deepEqual(trace.slice(4), ['spreading', 'behind', 'agreed', 'asleep']);
});

test('every port has its deadline and a failure comes back sooner than the refresh', async () => {
  for (const [name, ms] of [
    ['readFamily', 10_000],
    ['putRecords', 20_000],
    ['askSiblings', 30_000],
  ] as const) {
    const hanging = run({ [name]: never });
    await hanging.advance(ms);
    assert.notEqual(
      hanging.trace.at(-1),
      { readFamily: 'reading', putRecords: 'spreading', askSiblings: 'behind' }[name],
    );
  }
  const pull = run({ askSiblings: async () => ({ family: null, forked: false, newer: 1 }), pullLog: never });
  await pull.settle();
  assert.equal(pull.state(), 'catchingUp');
  await pull.advance(60_000);
  assert.equal(pull.state(), 'agreed');
  let fails = true;
  const spread = run({ putRecords: async () => (fails ? Promise.reject(new Error('nobody')) : { holders: 1 }) });
  await spread.settle();
  fails = false;
  await spread.advance(10 * 60_000);
  assert.ok(spread.trace.filter((state) => state === 'spreading').length >= 2);
});

test('an offered document of each sort is announced or put, also while it is busy', async () => {
  const { trace, state, settle, send } = run();
  await settle();
  trace.length = 0;
  await send({ type: 'offerRecord', what: 'family', version: 2 });
  await send({ type: 'offerRecord', what: 'family-fork', version: 2 });
  await send({ type: 'offerRecord', what: 'log', version: 0 });
  await send({ type: 'offerRecord', what: 'records', version: 3 });
  assert.deepEqual(trace, ['! family.updated', '! family.forked', 'spreading', 'behind', 'agreed']);
  assert.equal(state(), 'agreed');
});

test('a notice that comes while a port runs is followed after it', async () => {
  for (const hang of ['readFamily', 'putRecords', 'askSiblings', 'pullLog'] as const) {
    const { promise, resolve } = Promise.withResolvers<void>();
    let asked = 0;
    const hold = async <T>(name: string, value: T) => {
      if (name === hang && asked <= 1) await promise;
      return value;
    };
    const machine = run({
      readFamily: () => hold('readFamily', 'signed' as const),
      putRecords: () => hold('putRecords', { holders: 1 }),
      askSiblings: () => {
        asked += 1;
        return hold('askSiblings', { family: null, forked: false, newer: hang === 'pullLog' ? 1 : 0 });
      },
      pullLog: () => hold('pullLog', { applied: 0, left: 0 }),
    });
    await machine.settle();
    const before = asked;
    await machine.send(NOTICED);
    resolve();
    await machine.settle();
    await machine.settle();
    assert.ok(asked > before, hang);
  }
});

test('it ends with the customer', async () => {
  const { state, settle, send } = run();
  await settle();
  await send({ type: 'customer.ended', customer: OWNER });
  assert.equal(state(), 'stopped');
});
