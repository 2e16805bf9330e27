import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type ServiceLifecycleInput,
  type ServiceLifecyclePorts,
  serviceLifecycleWith,
} from '../../../machines/system/service-lifecycle.machine.ts';
import { never, runMachine } from '../../support/run-machine.ts';

function run(ports: Partial<ServiceLifecyclePorts> = {}, input: Partial<ServiceLifecycleInput> = {}) {
  return runMachine(serviceLifecycleWith({ startService: async () => {}, stopService: async () => {}, ...ports }), {
    input: { service: 'contacts', needs: [], needsOn: [], seed: 7, ...input },
  });
}

/** Rejects the first `times` calls. */
function failing(times: number): ServiceLifecyclePorts['startService'] {
  let calls = 0;
  return () => (++calls <= times ? Promise.reject(new Error('port taken')) : Promise.resolve());
}

test('a service is started and stopped', async () => {
  const { trace, send } = run();
  await send({ type: 'start' });
  await send({ type: 'stop' });
  assert.deepEqual(trace, ['off', 'starting', '! service.started', 'on', '! service.stopped', 'stopping', 'off']);
});

test('it waits for its needs, goes down with them, and rises with them', async () => {
  const { trace, send } = run({}, { needs: ['network', 'directory'], needsOn: ['network'] });
  await send({ type: 'start' });
  await send({ type: 'service.started', service: 'supplier' });
  assert.deepEqual(trace, ['off', 'waiting']);
  await send({ type: 'service.started', service: 'directory' });
  await send({ type: 'service.stopped', service: 'network' });
  await send({ type: 'service.started', service: 'network' });
  assert.deepEqual(trace.slice(2), [
    'starting',
    '! service.started',
    'on',
    '! service.stopped',
    'stopping',
    'waiting',
    'starting',
    '! service.started',
    'on',
  ]);
});

test('a failed start is tried again with back-off, and recovery is said once', async () => {
  const { trace, facts, send, advance } = run({ startService: failing(2) });
  await send({ type: 'start' });
  await advance(5_000);
  assert.deepEqual(trace, [
    'off',
    'starting',
    '! service.failed',
    'coolingDown',
    'starting',
    '! service.failed',
    'coolingDown',
    'starting',
    '! service.started',
    '! service.recovered',
    'on',
  ]);
  assert.deepEqual(facts[0], { type: 'service.failed', service: 'contacts', reason: 'port taken' });
});

test('after 8 restarts within an hour it stays off until somebody starts it', async () => {
  const { trace, state, send, advance } = run({ startService: failing(8) });
  await send({ type: 'start' });
  await advance(3_000_000);
  assert.equal(state(), 'off');
  assert.equal(trace.filter((line) => line === '! service.failed').length, 8);
  await send({ type: 'start' });
  assert.equal(state(), 'on');
});

test('restarts are counted by the hour', async () => {
  const { actor, send, advance } = run();
  await send({ type: 'start' });
  for (let round = 0; round < 12; round++) {
    await send({ type: 'giveUp', reason: 'broken' });
    await advance(900_000);
  }
  assert.equal(actor.getSnapshot().value, 'on');
});

test('a start that hangs is aborted after 30 s and tried again', async () => {
  let aborted = false;
  const { trace, send, advance } = run({
    startService: (_input, signal) => {
      signal.addEventListener('abort', () => (aborted = true));
      return never({}, signal);
    },
  });
  await send({ type: 'start' });
  await advance(30_000);
  assert.ok(aborted);
  assert.deepEqual(trace, ['off', 'starting', 'stopping', '! service.failed', 'coolingDown']);
});

test('a stop while starting aborts the start', async () => {
  const { trace, send } = run({ startService: never });
  await send({ type: 'start' });
  await send({ type: 'stop' });
  assert.deepEqual(trace, ['off', 'starting', 'stopping', 'off']);
});

test('a stop that hangs ends after 10 s', async () => {
  const { state, send, advance } = run({ stopService: never });
  await send({ type: 'start' });
  await send({ type: 'stop' });
  assert.equal(state(), 'stopping');
  await advance(10_000);
  assert.equal(state(), 'off');
});

test('a service that gives up is stopped, cools down and comes back; ten steady minutes forget it', async () => {
  const { actor, trace, send, advance } = run();
  await send({ type: 'start' });
  await send({ type: 'giveUp', reason: 'socket closed' });
  await advance(1_000);
  assert.deepEqual(trace.slice(4), [
    '! service.stopped',
    'stopping',
    '! service.failed',
    'coolingDown',
    'starting',
    '! service.started',
    '! service.recovered',
    'on',
  ]);
  assert.equal(actor.getSnapshot().context.attempts, 1);
  await advance(600_000);
  assert.equal(actor.getSnapshot().context.attempts, 0);
});
