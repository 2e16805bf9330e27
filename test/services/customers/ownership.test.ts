import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import type { KnownIdentity } from '../../../ports/identity.ts';
import type { Messenger, PeerRequest } from '../../../ports/messenger.ts';
import { type Command, checkAnswer, checkPayload } from '../../../protocol/commands.ts';
import { signingKeyFromSeed } from '../../../protocol/ed25519.ts';
import { readIdentityFile } from '../../../protocol/identity-file.ts';
import { keyOfDevice } from '../../../protocol/ids.ts';
import { proveOwnership } from '../../../protocol/ownership-proof.ts';
import { createOwnership } from '../../../services/customers/ownership.ts';
import { deviceOf, NETWORK } from '../../support/log-writer.ts';
import { selfOf } from '../../support/self.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const OWNER_SELF = selfOf('carol');
const ROOT = signingKeyFromSeed(createHash('sha256').update('carol/root').digest());
const SUPPLIER = deviceOf(20);
const EXPORTER = new Uint8Array(32).fill(9);
const FAMILY = { version: 3, bytes: Uint8Array.of(1, 2, 3), seats: [], hash: '' };
const KEYCHAIN = { version: 7, bytes: Uint8Array.of(4, 5), hash: '' };

async function setUp(options: { readonly isCustomer?: boolean } = {}) {
  const clock = new VirtualClock();
  let handler: ((request: PeerRequest) => ReturnType<Parameters<Messenger['handle']>[1]>) | undefined;
  let address = 'tcp://10.1.2.3:4000';
  let drawn = 0;
  const admitted: string[] = [];
  const file = readIdentityFile(OWNER_SELF.identityFile());
  const service = createOwnership({
    self: { device: SUPPLIER, networkId: NETWORK },
    clock,
    random: { bytes: (length) => new Uint8Array(length).fill(++drawn), fraction: () => 0 },
    identities: {
      get: (person) => (person === OWNER_SELF.person ? ({ file: file.bytes } as KnownIdentity) : undefined),
    },
    messenger: {
      handle: (_, one) => {
        handler = one;
        return () => undefined;
      },
      links: () => [{ peer: deviceOf(60), inbound: true, transport: 'tcp', address, rttMs: null, since: 0 }],
      admitProver: (link, person) => void admitted.push(`${link} ${person}`),
    },
    logs: { of: async () => ({ family: () => FAMILY, heads: () => [] }) as never },
    pieces: {
      account: () => (options.isCustomer === false ? undefined : ({} as never)),
      document: async () => KEYCHAIN as never,
    },
  });
  await service.start();
  const ask = async (payload: Record<string, unknown>, { link = 'l1', exporter = EXPORTER } = {}) => {
    const command: Command = 'ProveOwnership';
    const answer = await handler!({
      command,
      from: { device: deviceOf(60), person: null },
      owner: null,
      payload: checkPayload(command, payload) as Record<string, unknown>,
      streams: [],
      exporter,
      link,
      signal: new AbortController().signal,
    });
    return { ...answer, payload: checkAnswer(command, 'Ack', answer.payload) as Record<string, unknown> };
  };
  const person = OWNER_SELF.personKey;
  const challenge = async (link?: string) => (await ask({ person }, link === undefined ? {} : { link })).payload;
  const proof = (nonce: Uint8Array, changes: Partial<Parameters<typeof proveOwnership>[0]> = {}, root = ROOT) => ({
    person,
    epoch: 0,
    nonce,
    signature: proveOwnership(
      {
        network: NETWORK,
        person,
        epoch: 0,
        supplier: keyOfDevice(SUPPLIER),
        device: keyOfDevice(deviceOf(60)),
        nonce,
        exporter: EXPORTER,
        ...changes,
      },
      root,
    ),
  });
  return { clock, ask, challenge, proof, admitted, person, move: (to: string) => void (address = to) };
}

test('the words open a customer’s documents for this session', async () => {
  const { ask, challenge, proof, admitted } = await setUp();
  const { epoch, nonce } = await challenge();
  assert.equal(epoch, 0);
  const { payload, streams } = await ask(proof(nonce as Uint8Array));
  const names = (payload['documents'] as { name: string; version: number }[]).map(({ name, version }) => [
    name,
    version,
  ]);
  assert.deepEqual(names, [
    ['identity', 1],
    ['family', 3],
    ['keychain', 7],
  ]);
  assert.deepEqual(
    streams?.map(({ bytes }) => bytes),
    [readIdentityFile(OWNER_SELF.identityFile()).bytes, FAMILY.bytes, KEYCHAIN.bytes],
  );
  assert.deepEqual(admitted, [`l1 ${OWNER_SELF.person}`]);
});

test('a proof that is replayed, late, of another session, device, network or key opens nothing', async () => {
  const { clock, ask, challenge, proof, admitted } = await setUp();
  const unproven = { code: 'OWNERSHIP_UNPROVEN' };
  const draw = async () => {
    clock.advance(3_600_000);
    return (await challenge())['nonce'] as Uint8Array;
  };
  const used = await draw();
  await ask(proof(used));
  assert.equal(admitted.length, 1);
  await assert.rejects(ask(proof(used)), unproven);
  await assert.rejects(ask(proof(new Uint8Array(32).fill(200))), unproven);
  await assert.rejects(ask(proof(await draw()), { link: 'l2' }), unproven);
  await assert.rejects(ask(proof(await draw()), { exporter: new Uint8Array(32) }), unproven);
  await assert.rejects(ask(proof(await draw(), { device: keyOfDevice(deviceOf(61)) })), unproven);
  await assert.rejects(ask(proof(await draw(), { supplier: keyOfDevice(deviceOf(21)) })), unproven);
  await assert.rejects(ask(proof(await draw(), { network: new Uint8Array(32) })), unproven);
  const other = signingKeyFromSeed(createHash('sha256').update('mallory/root').digest());
  await assert.rejects(ask(proof(await draw(), {}, other)), unproven);
  await assert.rejects(ask({ ...proof(await draw()), epoch: 1 }), unproven);
  await assert.rejects(ask({ ...proof(await draw()), person: selfOf('mallory').personKey }), unproven);
  const late = await draw();
  clock.advance(120_001);
  await assert.rejects(ask(proof(late)), unproven);
  assert.equal(admitted.length, 1);
});

test('one range of addresses gets five challenges an hour', async () => {
  const { clock, challenge, move } = await setUp();
  for (let i = 0; i < 5; i += 1) await challenge();
  await assert.rejects(challenge(), (error: { code: string; details: { retryMs: number } }) => {
    assert.equal(error.code, 'TOO_BUSY');
    assert.equal(error.details.retryMs, 3_600_000);
    return true;
  });
  move('tcp://10.1.2.99:1');
  await assert.rejects(challenge(), { code: 'TOO_BUSY' });
  move('tcp://10.1.3.3:1');
  await challenge();
  move('tcp://10.1.2.3:1');
  clock.advance(3_600_000);
  await challenge();
});

test('of people who are no customers nothing is told', async () => {
  const { challenge } = await setUp({ isCustomer: false });
  await assert.rejects(challenge(), { code: 'CUSTOMER_UNKNOWN' });
});
