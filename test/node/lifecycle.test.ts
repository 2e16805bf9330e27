import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBus } from '../../bus/bus.ts';
import type { Fact } from '../../bus/facts/index.ts';
import { createInspector, createRuntime } from '../../node/inspector.ts';
import { createLifecycle } from '../../node/lifecycle.ts';
import { seededRandom } from '../../node/worlds/random.ts';
import { VirtualClock } from '../../node/worlds/virtual-clock.ts';
import { BitDustError, isBitDustError } from '../../protocol/errors.ts';
import type { ManagedService } from '../../services/system/service-lifecycle.service.ts';
import { advanceSettled, never, settle } from '../support/settle.ts';

interface Options {
  readonly hasIdentity?: boolean;
  readonly openHome?: () => Promise<{ hasIdentity: boolean }>;
  readonly override?: Partial<Record<string, Partial<ManagedService>>>;
}

function setUp({ hasIdentity = true, openHome, override = {} }: Options = {}) {
  const clock = new VirtualClock();
  const log: string[] = [];
  const facts: Fact[] = [];
  const bus = createBus((error) => assert.fail(String(error)));
  bus.tap((fact) => facts.push(fact));
  const inspector = createInspector({ now: () => clock.now(), nextSeq: () => 1 });
  const service = (name: string, needs: readonly string[]): ManagedService => ({
    name,
    needs,
    start: async () => void log.push(`+${name}`),
    stop: async () => void log.push(`-${name}`),
    ...override[name],
  });
  const lifecycle = createLifecycle({
    bus,
    clock,
    runtime: createRuntime({ clock, inspector }),
    random: seededRandom(1),
    inspector,
    services: [
      service('network', []),
      service('directory', ['network']),
      service('identity', []),
      service('contacts', ['network', 'directory', 'identity']),
    ],
    withoutIdentity: ['identity'],
    home: {
      open: openHome ?? (async () => ({ hasIdentity })),
      close: async () => void log.push('closed'),
    },
    onFailure: (key, error) => assert.fail(`${key}: ${String(error)}`),
  });
  const state = (name: string) => lifecycle.services().find((row) => row.name === name)?.state;
  return { clock, log, facts, lifecycle, state };
}

test('services start in order of construction and stop in reverse, then the home is closed', async () => {
  const { lifecycle, log } = setUp();
  await lifecycle.start();
  assert.deepEqual(await lifecycle.stop(), { late: [] });
  assert.deepEqual(log, [
    '+network',
    '+identity',
    '+directory',
    '+contacts',
    '-contacts',
    '-identity',
    '-directory',
    '-network',
    'closed',
  ]);
});

test('every service of the registry has a row; one that is not built is off', async () => {
  const { lifecycle } = setUp();
  await lifecycle.start();
  assert.deepEqual(
    lifecycle.services().map(({ name, state, enabled }) => `${name} ${state} ${enabled}`),
    [
      'network on true',
      'directory on true',
      'identity on true',
      'contacts on true',
      'customer off false',
      'supplier off false',
    ],
  );
  await assert.rejects(lifecycle.switchOn('customer'), (error) => isBitDustError(error, 'SERVICE_UNKNOWN'));
});

test('a service that cannot start leaves the node up, degraded, and those that need it waiting', async () => {
  let broken = true;
  const start = async (): Promise<void> => {
    if (broken) throw new BitDustError('INTERNAL');
  };
  const { lifecycle, facts, clock, state } = setUp({ override: { directory: { start } } });
  await lifecycle.start();
  assert.equal(state('directory'), 'coolingDown');
  const contacts = lifecycle.services().find((row) => row.name === 'contacts');
  assert.equal(contacts?.state, 'waiting');
  assert.equal(contacts?.reason, 'It needs directory.');
  broken = false;
  await advanceSettled(clock, 2_000);
  assert.equal(state('contacts'), 'on');
  const node = facts.filter((fact) => fact.type.startsWith('node.')).map((fact) => fact.type);
  assert.deepEqual(node, ['node.started', 'node.degraded', 'node.recovered']);
});

test('switching a service off takes those that need it down, and on brings them back', async () => {
  const { lifecycle, state } = setUp();
  await lifecycle.start();
  assert.equal((await lifecycle.switchOff('network')).state, 'off');
  await settle();
  assert.deepEqual([state('directory'), state('contacts'), state('identity')], ['waiting', 'waiting', 'on']);
  await lifecycle.switchOn('network');
  await settle();
  assert.deepEqual([state('directory'), state('contacts')], ['on', 'on']);
});

test('before there is an identity only what needs none is on', async () => {
  const { lifecycle, log } = setUp({ hasIdentity: false });
  await lifecycle.start();
  assert.deepEqual(log, ['+identity']);
  await lifecycle.stop();
});

test('a home that another node uses fails the start with its code', async () => {
  const { lifecycle } = setUp({ openHome: () => Promise.reject(new BitDustError('HOME_LOCKED')) });
  await assert.rejects(lifecycle.start(), (error) => isBitDustError(error, 'HOME_LOCKED'));
});

test('a service that does not stop within the grace is named', async () => {
  const { lifecycle, clock } = setUp({ override: { identity: { stop: (_signal) => new Promise(() => {}) } } });
  await lifecycle.start();
  const stopping = lifecycle.stop();
  await advanceSettled(clock, 10_000);
  assert.ok((await stopping).late.includes('identity'));
});

test('a second stop does not wait for the grace', async () => {
  const { lifecycle, clock, log } = setUp({ override: { identity: { stop: (signal) => never({}, signal) } } });
  await lifecycle.start();
  const stopping = lifecycle.stop();
  await advanceSettled(clock, 1);
  const again = lifecycle.stop();
  await advanceSettled(clock, 0);
  assert.deepEqual(await stopping, await again);
  assert.ok((await again).late.includes('identity'));
  assert.deepEqual(log.slice(-1), ['closed']);
});
