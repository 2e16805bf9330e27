import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type TransportListenerPorts,
  transportListenerWith,
} from '../../../machines/network/transport-listener.machine.ts';
import { never, runMachine } from '../../support/run-machine.ts';

const works: TransportListenerPorts = {
  listen: async ({ port }) => ({ addresses: [`tcp://127.0.0.1:${port}`], port }),
  closeListener: async () => undefined,
};

function run(ports: Partial<TransportListenerPorts> = {}) {
  const input = { transport: 'tcp', port: 7771, seed: 1 };
  return runMachine(transportListenerWith({ ...works, ...ports }), { input });
}

test('it listens when told to, and tells the addresses', async () => {
  const { trace, facts, send } = run();
  await send({ type: 'start' });
  assert.deepEqual(trace, ['off', 'starting', '! transport.listening', 'listening']);
  assert.deepEqual(facts, [{ type: 'transport.listening', transport: 'tcp', addresses: ['tcp://127.0.0.1:7771'] }]);
});

test('a failed listen cools down and tries again', async () => {
  let tries = 0;
  const { trace, advance, send } = run({
    listen: async ({ port }) => {
      tries += 1;
      if (tries === 1) throw new Error('busy');
      return { addresses: [], port };
    },
  });
  await send({ type: 'start' });
  await advance(2_000);
  assert.deepEqual(trace, [
    'off',
    'starting',
    '! transport.failed',
    'coolingDown',
    'starting',
    '! transport.listening',
    'listening',
  ]);
});

test('after ten failures only a change of interfaces starts it again', async () => {
  let tries = 0;
  const { state, advance, send } = run({
    listen: async () => {
      tries += 1;
      throw new Error('busy');
    },
  });
  await send({ type: 'start' });
  await advance(86_400_000);
  assert.deepEqual([tries, state()], [10, 'off']);
  await send({ type: 'interfaces.changed' });
  assert.equal(tries, 11);
});

test('a close during the start is obeyed, and a closed transport ignores changes of interfaces', async () => {
  const { state, trace, send } = run({ listen: never });
  await send({ type: 'start' });
  await send({ type: 'close' });
  assert.equal(state(), 'off');
  await send({ type: 'interfaces.changed' });
  assert.equal(state(), 'off');
  assert.ok(trace.includes('! transport.closed'));
});

test('a restart closes, then listens again', async () => {
  const { trace, send } = run();
  await send({ type: 'start' });
  trace.length = 0;
  await send({ type: 'restart' });
  assert.deepEqual(trace, ['closing', '! transport.closed', 'starting', '! transport.listening', 'listening']);
});

test('a hanging start and a hanging close end by their deadlines', async () => {
  const { state, advance, send } = run({ listen: never, closeListener: never });
  await send({ type: 'start' });
  await advance(10_000);
  assert.equal(state(), 'coolingDown');
  await send({ type: 'stop' });
  assert.equal(state(), 'closing');
  await advance(5_000);
  assert.equal(state(), 'stopped');
});
