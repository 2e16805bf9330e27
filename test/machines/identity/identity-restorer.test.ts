import assert from 'node:assert/strict';
import { test } from 'node:test';
import { identityRestorerWith } from '../../../machines/identity/identity-restorer.machine.ts';
import type { IdentityRestorerPorts } from '../../../machines/identity/identity-restorer.ports.ts';
import { BitDustError } from '../../../protocol/errors.ts';
import { never, runMachine } from '../../support/run-machine.ts';

const PERSON = 'bd1alice' as const;
const DEVICE = 'bdd1new' as const;
const ANCHORS = ['bdd1one', 'bdd1two'] as const;
const HOUR_MS = 3_600_000;
const works: IdentityRestorerPorts = {
  deriveKeys: async () => ({ person: PERSON }),
  joinDirectory: async () => undefined,
  findRecovery: async () => ({ anchors: ANCHORS, identityFound: true }),
  proveOwnership: async () => ({ proven: 2, asked: 2, quorum: true }),
  openKeychain: async () => ({ epoch: 1 }),
  fetchLogs: async () => ({ applied: 5, complete: true }),
  attestDevice: async () => ({ revision: 2, device: DEVICE }),
  fetchCatalogue: async () => ({ missing: [] }),
};

function run(ports: Partial<IdentityRestorerPorts> = {}) {
  return runMachine(identityRestorerWith({ ...works, ...ports }), { input: { seed: 7 } });
}

/** Fails so many times, then does as it should. */
function failsFirst<Input, Output>(times: number, then: (input: Input, signal: AbortSignal) => Promise<Output>) {
  let calls = 0;
  return async (input: Input, signal: AbortSignal): Promise<Output> => {
    calls += 1;
    if (calls <= times) throw new BitDustError('PEER_UNREACHABLE');
    return then(input, signal);
  };
}

test('words, directory, suppliers, keychain, logs, device, catalogue: in this order', async () => {
  const { actor, trace, facts, settle } = run();
  await settle();
  assert.deepEqual(trace, [
    'deriving',
    'joining',
    'findingSuppliers',
    'provingOwnership',
    'openingKeychain',
    'fetchingLogs',
    'attestingDevice',
    'fetchingCatalogue',
    '! identity.restored',
    'restored',
  ]);
  assert.deepEqual(facts, [{ type: 'identity.restored', person: PERSON, device: DEVICE, complete: true }]);
  assert.deepEqual(actor.getSnapshot().output, { person: PERSON, device: DEVICE, missing: [], reason: '' });
});

test('the device is attested only after the logs are here', async () => {
  let attested = 0;
  const ran = run({
    fetchLogs: never,
    attestDevice: async () => {
      attested += 1;
      return { revision: 2, device: DEVICE };
    },
  });
  await ran.advance(HOUR_MS);
  assert.equal(attested, 0);
  assert.equal(ran.state(), 'failed');
});

test('seventeen epochs are looked for, and the suppliers that were found are asked', async () => {
  const asked: unknown[] = [];
  const { settle } = run({
    findRecovery: async (input) => {
      asked.push(input);
      return works.findRecovery(input, new AbortController().signal);
    },
    proveOwnership: async (input) => {
      asked.push(input);
      return { proven: 2, asked: 2, quorum: true };
    },
  });
  await settle();
  assert.deepEqual(asked, [{ epochs: 17 }, { suppliers: ANCHORS }]);
});

for (const [name, ports, missing] of [
  [
    'fewer suppliers than a quorum answered',
    { proveOwnership: async () => ({ proven: 1, asked: 5, quorum: false }) },
    ['suppliers'],
  ],
  ['the catalogue could not be fetched', { fetchCatalogue: async () => Promise.reject(new Error('x')) }, ['catalogue']],
  [
    'parts of the catalogue are missing',
    { fetchCatalogue: async () => ({ missing: ['catalogue'] as const }) },
    ['catalogue'],
  ],
  ['fetching the catalogue hangs', { fetchCatalogue: never }, ['catalogue']],
  ['the logs stay behind', { fetchLogs: async () => ({ applied: 1, complete: false }) }, ['suppliers']],
] as const) {
  test(`it is restored in part when ${name}`, async () => {
    const ran = run(ports);
    await ran.advance(HOUR_MS);
    assert.equal(ran.state(), 'partlyRestored');
    assert.deepEqual(ran.actor.getSnapshot().output?.missing, missing);
    assert.deepEqual(ran.facts, [{ type: 'identity.restored', person: PERSON, device: DEVICE, complete: false }]);
  });
}

const refuses = async () => Promise.reject(new BitDustError('DIRECTORY_UNREACHABLE'));
for (const [name, ports, reason] of [
  ['the keys cannot be derived', { deriveKeys: refuses }, 'DIRECTORY_UNREACHABLE'],
  ['deriving hangs', { deriveKeys: never }, 'DEADLINE_PASSED'],
  ['the directory cannot be joined', { joinDirectory: refuses }, 'DIRECTORY_UNREACHABLE'],
  ['joining hangs', { joinDirectory: never }, 'DIRECTORY_UNREACHABLE'],
  ['nothing is found', { findRecovery: async () => ({ anchors: [], identityFound: false }) }, 'IDENTITY_NOT_FOUND'],
  [
    'an identity has no suppliers',
    { findRecovery: async () => ({ anchors: [], identityFound: true }) },
    'SUPPLIERS_UNREACHABLE',
  ],
  ['the look-up goes on failing', { findRecovery: refuses }, 'DIRECTORY_UNREACHABLE'],
  ['the look-up hangs', { findRecovery: never }, 'DIRECTORY_UNREACHABLE'],
  [
    'nobody proves to be there',
    { proveOwnership: async () => ({ proven: 0, asked: 2, quorum: false }) },
    'SUPPLIERS_UNREACHABLE',
  ],
  ['proving hangs', { proveOwnership: never }, 'SUPPLIERS_UNREACHABLE'],
  ['no keychain opens', { openKeychain: async () => Promise.reject(new BitDustError('SEAL_BROKEN')) }, 'SEAL_BROKEN'],
  ['opening hangs', { openKeychain: never }, 'DEADLINE_PASSED'],
  ['the disk takes no logs', { fetchLogs: async () => Promise.reject(new BitDustError('DISK_FULL')) }, 'DISK_FULL'],
  ['attesting fails', { attestDevice: async () => Promise.reject(new BitDustError('DISK_FULL')) }, 'DISK_FULL'],
  ['attesting hangs', { attestDevice: never }, 'DEADLINE_PASSED'],
] as const) {
  test(`it fails with ${reason} when ${name}`, async () => {
    const ran = run(ports);
    await ran.advance(HOUR_MS);
    assert.equal(ran.state(), 'failed');
    assert.deepEqual(ran.facts, [{ type: 'identity.restore-failed', reason }]);
  });
}

for (const [name, ports] of [
  ['the look-up', { findRecovery: failsFirst(5, works.findRecovery) }],
  ['proving', { proveOwnership: failsFirst(5, works.proveOwnership) }],
  ['reading the logs', { fetchLogs: failsFirst(5, works.fetchLogs) }],
] as const) {
  test(`${name} is tried again until it works`, async () => {
    const ran = run(ports);
    await ran.advance(HOUR_MS);
    assert.equal(ran.state(), 'restored');
  });
}

test('a word from the person ends it at any moment', async () => {
  for (const port of Object.keys(works)) {
    const ran = run({ [port]: never });
    await ran.settle();
    await ran.send({ type: 'cancel' });
    assert.deepEqual(ran.facts, [{ type: 'identity.restore-failed', reason: 'CANCELLED' }], port);
  }
});
