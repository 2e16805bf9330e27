import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type NicknameHolderPorts, nicknameHolderWith } from '../../../machines/identity/nickname-holder.machine.ts';
import { never, runMachine } from '../../support/run-machine.ts';

const HOUR_MS = 3_600_000;
const JOINED = { type: 'directory.joined', neighbours: 3 } as const;
const fails = async () => Promise.reject(new Error('x'));
const works: NicknameHolderPorts = {
  publishClaim: async () => undefined,
  readClaims: async () => ({ others: 0, ours: true }),
};

function run(ports: Partial<NicknameHolderPorts> = {}, joined = true) {
  return runMachine(nicknameHolderWith({ ...works, ...ports }), { input: { name: 'alice', seed: 500, joined } });
}

test('a claim is published, read back and held', async () => {
  const { trace, facts, settle } = run();
  await settle();
  assert.deepEqual(trace, ['claiming', 'reading', '! nickname.held', 'held']);
  assert.deepEqual(facts, [{ type: 'nickname.held', nickname: 'alice' }]);
});

test('without the directory nothing is claimed until it is joined', async () => {
  const ran = run({}, false);
  await ran.settle();
  assert.equal(ran.state(), 'unheld');
  await ran.send(JOINED);
  assert.equal(ran.state(), 'held');
});

test('claims of others are told, and ours stays', async () => {
  const ran = run({ readClaims: async () => ({ others: 2, ours: true }) });
  await ran.settle();
  assert.equal(ran.state(), 'contested');
  assert.deepEqual(ran.facts, [{ type: 'nickname.contested', nickname: 'alice', claims: 3 }]);
});

test('a claim is refreshed long before it expires, and a contest may end by then', async () => {
  let others = 1;
  let published = 0;
  const ran = run({
    publishClaim: async () => {
      published += 1;
    },
    readClaims: async () => ({ others, ours: true }),
  });
  await ran.settle();
  others = 0;
  await ran.advance(3 * HOUR_MS * 1.2);
  assert.equal(published, 2);
  assert.equal(ran.state(), 'held');
});

for (const [name, ports] of [
  ['publishing fails', { publishClaim: fails }],
  ['publishing hangs', { publishClaim: never }],
  ['reading fails', { readClaims: fails }],
  ['reading hangs', { readClaims: never }],
  ['the claim is not found again', { readClaims: async () => ({ others: 1, ours: false }) }],
] as const) {
  test(`when ${name} five times, the name is lost until the directory is joined again`, async () => {
    let calls = 0;
    const counted: Partial<NicknameHolderPorts> = {
      ...ports,
      publishClaim: async (input, signal) => {
        calls += 1;
        return ((ports as Partial<NicknameHolderPorts>).publishClaim ?? works.publishClaim)(input, signal);
      },
    };
    const ran = run(counted);
    await ran.advance(6 * HOUR_MS);
    assert.equal(calls, 5);
    assert.equal(ran.state(), 'unheld');
    assert.deepEqual(ran.facts, [{ type: 'nickname.lost', nickname: 'alice' }]);
    await ran.send(JOINED);
    assert.equal(calls, 6);
  });
}

test('a released name is not claimed again by a later join', async () => {
  const ran = run();
  await ran.settle();
  await ran.send({ type: 'release' });
  await ran.send(JOINED);
  assert.equal(ran.state(), 'stopped');
  assert.equal(ran.facts.length, 1);
});
