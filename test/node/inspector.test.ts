import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createActor } from 'xstate';
import { serviceLifecycleWith } from '../../machines/system/service-lifecycle.machine.ts';
import { createInspector, createRuntime } from '../../node/inspector.ts';
import { VirtualClock } from '../../node/worlds/virtual-clock.ts';
import { ActorPool } from '../../services/kit/actor-pool.ts';
import { never, settle } from '../support/settle.ts';

function setUp() {
  const clock = new VirtualClock();
  let seq = 0;
  const inspector = createInspector({ now: () => clock.now(), nextSeq: () => ++seq });
  const failures: unknown[] = [];
  const pool = new ActorPool({
    machine: serviceLifecycleWith({ startService: async () => {}, stopService: async () => {} }),
    runtime: createRuntime({ clock, inspector }),
    actorsMax: 3,
    onEmit: () => {},
    onFailure: (_key, error) => failures.push(error),
  });
  const open = (service: string) => pool.open(service, { service, needs: [], needsOn: [], seed: 1 });
  return { clock, inspector, pool, open };
}

test('what runs is known without watching: state, since when, how many transitions', async () => {
  const { clock, inspector, open } = setUp();
  clock.advance(5);
  const actor = open('network');
  clock.advance(5);
  actor?.send({ type: 'start' });
  await settle();
  const [row] = inspector.automats();
  assert.deepEqual(
    { ...row },
    {
      id: 'service-lifecycle:network',
      machine: 'service-lifecycle',
      chapter: 'system',
      service: null,
      state: 'on',
      subject: { service: 'network' },
      since: 10,
      openedAt: 5,
      lastEvent: null,
      transitions: 2,
      status: 'active',
    },
  );
  assert.deepEqual(inspector.records(), []);
});

test('a watched chapter has every transition recorded, also of states that last no time', async () => {
  const { inspector, open } = setUp();
  const actor = open('network');
  const stop = inspector.watch(['system']);
  actor?.send({ type: 'start' });
  await settle();
  stop();
  actor?.send({ type: 'stop' });
  await settle();
  assert.deepEqual(
    inspector.records().map(({ seq, event, from, to }) => `${seq} ${event}: ${from} -> ${to}`),
    [
      '1 start: off -> waiting',
      '2 start: waiting -> starting',
      '3 xstate.done.actor.0.service-lifecycle.starting: starting -> on',
    ],
  );
  assert.equal(inspector.automat('service-lifecycle:network')?.state, 'off');
});

test('an automat that opens while its chapter is watched is recorded from its first state', () => {
  const { inspector, open } = setUp();
  inspector.watch();
  open('network');
  assert.deepEqual(
    inspector.records().map(({ from, to }) => ({ from, to })),
    [{ from: null, to: 'off' }],
  );
});

test('the detail tells what it would hear and which ports run', async () => {
  const clock = new VirtualClock();
  const inspector = createInspector({ now: () => 0, nextSeq: () => 1 });
  const machine = serviceLifecycleWith({ startService: never, stopService: never });
  const actor = createActor(machine, { clock, input: { service: 'x', needs: ['y'], needsOn: ['y'], seed: 1 } });
  inspector.opened('service-lifecycle', 'service-lifecycle:x', actor as never);
  actor.start();
  actor.send({ type: 'start' });
  await settle();
  const detail = inspector.automat('service-lifecycle:x');
  assert.deepEqual(detail?.next, ['countFromZero', 'service.started', 'service.stopped', 'stop']);
  assert.equal(detail?.children.length, 1);
  assert.equal(detail?.context['service'], 'x');
});

test('only the newest of the ended automats are kept', () => {
  const { inspector, pool, open } = setUp();
  for (let index = 0; index < 400; index++) {
    open(`s${index}`);
    pool.close(`s${index}`);
  }
  const rows = inspector.automats();
  assert.equal(rows.length, 256);
  assert.ok(rows.every((row) => row.status === 'stopped'));
});
