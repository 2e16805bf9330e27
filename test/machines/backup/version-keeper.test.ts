import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type VersionKeeperPorts, versionKeeperWith } from '../../../machines/backup/version-keeper.machine.ts';
import { OWNER } from '../../support/log-writer.ts';
import { never, runMachine } from '../../support/run-machine.ts';

function run(ports: Partial<VersionKeeperPorts> = {}) {
  return runMachine(
    versionKeeperWith({
      chooseExpired: async () => ({ versions: ['v1', 'v2'], closed: false }),
      retire: async () => undefined,
      bringBack: async () => undefined,
      ...ports,
    }),
    { input: { owner: OWNER, seed: 5 } },
  );
}

test('a sweep retires what the rules let go, and says so for each version', async () => {
  const { trace, facts, send } = run();
  await send({ type: 'sweep' });
  assert.deepEqual(trace, ['resting', 'choosing', 'retiring', '! version.expired', '! version.expired', 'resting']);
  assert.deepEqual(facts, [
    { type: 'version.expired', version: 'v1' },
    { type: 'version.expired', version: 'v2' },
  ]);
});

test('it sweeps by itself every six hours', async () => {
  let sweeps = 0;
  const { advance } = run({
    chooseExpired: async () => {
      sweeps++;
      return { versions: [], closed: false };
    },
  });
  await advance(24 * 3_600_000);
  assert.equal(sweeps, 4);
});

test('while removal is closed nothing is retired, and a retired version can still be brought back', async () => {
  let closed = true;
  const retired: string[] = [];
  const { trace, state, send } = run({
    chooseExpired: async () => ({ versions: ['v1'], closed }),
    retire: async ({ versions }) => void retired.push(...versions),
  });
  await send({ type: 'sweep' });
  assert.equal(state(), 'held');
  await send({ type: 'undelete', versions: ['v0'] });
  assert.deepEqual(trace.slice(-4), ['held', 'bringingBack', '! version.undeleted', 'resting']);
  assert.deepEqual(retired, []);
  closed = false;
  await send({ type: 'sweep' });
  assert.deepEqual(retired, ['v1']);
});

test('a retirement that hangs or fails is tried again later and announces nothing', async () => {
  const hanging = run({ retire: never });
  await hanging.send({ type: 'sweep' });
  await hanging.advance(60_000);
  assert.equal(hanging.state(), 'coolingDown');
  assert.deepEqual(hanging.facts, []);
  const failing = run({ chooseExpired: () => Promise.reject(new Error('disk')) });
  await failing.send({ type: 'sweep' });
  assert.equal(failing.state(), 'coolingDown');
  await failing.advance(6 * 3_600_000);
  assert.ok(failing.trace.filter((state) => state === 'choosing').length > 1);
  assert.deepEqual(failing.failures, []);
});
