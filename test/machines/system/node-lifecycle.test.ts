import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type NodeLifecyclePorts, nodeLifecycleWith } from '../../../machines/system/node-lifecycle.machine.ts';
import { BitDustError } from '../../../protocol/errors.ts';
import { never, runMachine } from '../../support/run-machine.ts';

function run(ports: Partial<NodeLifecyclePorts> = {}) {
  return runMachine(
    nodeLifecycleWith({
      openHome: async () => ({ hasIdentity: true }),
      startServices: async () => ({ on: 6 }),
      stopServices: async () => ({ late: [] }),
      ...ports,
    }),
    { input: undefined },
  );
}

test('a node with an identity starts its services, and stops in order', async () => {
  const { trace, settle, send, facts } = run();
  await settle();
  await send({ type: 'stop' });
  assert.deepEqual(trace, [
    'checking',
    'startingServices',
    '! node.started',
    'running',
    '! node.stopping',
    'stopping.inOrder',
    '! node.stopped',
    'stopped',
  ]);
  assert.deepEqual(facts[0], { type: 'node.started', services: 6 });
});

test('a node without an identity starts only what needs none, until one is registered', async () => {
  const sets: string[] = [];
  const { trace, settle, send } = run({
    openHome: async () => ({ hasIdentity: false }),
    startServices: async ({ set }) => {
      sets.push(set);
      return { on: 1 };
    },
  });
  await settle();
  await send({ type: 'identity.registered', person: 'bd1x', device: 'bdd1x' });
  assert.deepEqual(sets, ['withoutIdentity', 'all']);
  assert.deepEqual(trace, ['checking', 'unregistered', 'startingServices', '! node.started', 'running']);
});

test('a home that cannot be opened ends the node with the code of the error', async () => {
  const { actor, trace, settle } = run({ openHome: () => Promise.reject(new BitDustError('HOME_LOCKED')) });
  await settle();
  assert.deepEqual(trace, ['checking', 'failed']);
  assert.deepEqual(actor.getSnapshot().output, { late: [], failure: 'HOME_LOCKED' });
});

test('a home that does not answer is given up after 30 s', async () => {
  const { actor, advance } = run({ openHome: never });
  await advance(30_000);
  assert.equal(actor.getSnapshot().output?.failure, 'DEADLINE_PASSED');
});

test('a failed service makes the node degraded, and the last recovery makes it whole', async () => {
  const { trace, settle, send } = run();
  await settle();
  await send({ type: 'service.failed', service: 'directory', reason: 'x' });
  assert.deepEqual(trace.slice(3), ['running', '! node.degraded', 'degraded', '! node.recovered', 'running']);
});

test('while services stay down the node names each of them once and asks again every minute', async () => {
  let asked = 0;
  const { trace, settle, send, advance, facts } = run({
    startServices: () => {
      asked++;
      return asked === 1 ? Promise.resolve({ on: 2 }) : Promise.reject(new BitDustError('SERVICE_OFF'));
    },
  });
  await settle();
  await send({ type: 'service.failed', service: 'directory', reason: 'x' });
  await send({ type: 'service.failed', service: 'directory', reason: 'again' });
  await send({ type: 'service.failed', service: 'contacts', reason: 'y' });
  await advance(60_000);
  assert.equal(asked, 3);
  await send({ type: 'service.recovered', service: 'directory' });
  await send({ type: 'service.recovered', service: 'contacts' });
  assert.deepEqual(
    facts.map((fact) => ('services' in fact ? `${fact.type} ${String(fact.services)}` : fact.type)),
    ['node.started 2', 'node.degraded directory', 'node.degraded directory,contacts', 'node.recovered'],
  );
  assert.equal(trace.at(-1), 'running');
});

test('services that are slow make it degraded after a minute, never failed', async () => {
  const { trace, advance } = run({ startServices: never });
  await advance(60_000);
  assert.deepEqual(trace, ['checking', 'startingServices', '! node.started', '! node.degraded', 'degraded']);
});

test('stop is legal while the home is being opened', async () => {
  const { trace, settle, send } = run({ openHome: never });
  await settle();
  await send({ type: 'stop' });
  assert.deepEqual(trace, ['checking', '! node.stopping', 'stopping.inOrder', '! node.stopped', 'stopped']);
});

test('the late service is named, and a second stop cuts the grace', async () => {
  const graces: number[] = [];
  const { facts, settle, send } = run({
    stopServices: ({ graceMs }, signal) => {
      graces.push(graceMs);
      return graceMs > 0 ? never({}, signal) : Promise.resolve({ late: ['supplier'] });
    },
  });
  await settle();
  await send({ type: 'stop' });
  await send({ type: 'stop' });
  assert.deepEqual(graces, [10_000, 0]);
  assert.deepEqual(facts.at(-1), { type: 'node.stopped', late: ['supplier'] });
});

test('a stop that hangs ends with the grace', async () => {
  const { facts, settle, send, advance } = run({ stopServices: never });
  await settle();
  await send({ type: 'stop' });
  await advance(11_000);
  assert.deepEqual(facts.at(-1), { type: 'node.stopped', late: ['services'] });
});
