import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import type { PeerRequest } from '../../../ports/messenger.ts';
import { encode } from '../../../protocol/cbor.ts';
import { BitDustError } from '../../../protocol/errors.ts';
import { makeProfile } from '../../../protocol/profile.ts';
import { createNetworkWorld, type NetworkNode } from '../../support/network-world.ts';

let world: ReturnType<typeof createNetworkWorld>;
let bob: NetworkNode;
const signal = new AbortController().signal;
type Raw = Awaited<ReturnType<ReturnType<typeof createNetworkWorld>['rawLink']>>;

beforeEach(async () => {
  world = createNetworkWorld();
  bob = await world.node('bob');
  await bob.heard('transport.listening');
});
afterEach(() => world.close());

const packet = (n: number, command: string, payload: object, more: object = {}): Uint8Array =>
  encode({ command, n, re: null, owner: null, payload, streams: [], ...more });

function greeting(raw: Raw, options: { readonly file?: boolean; readonly device?: Raw['self'] } = {}): object {
  const { self } = raw;
  const { file = true, device = self } = options;
  const profile = makeProfile(
    {
      person: self.personKey,
      device: device.deviceKey,
      revision: 1,
      nickname: null,
      avatar: null,
      services: [],
      addresses: [],
      issued: 1,
    },
    device.signer,
  );
  const bytes = file ? self.identityFile() : null;
  return {
    head: null,
    known: null,
    file: bytes,
    profile: profile.statement.bytes,
    observed: null,
    link: null,
    received: null,
  };
}

async function greeted(name: string, options: { readonly file?: boolean } = {}): Promise<Raw> {
  const raw = await world.rawLink(name, bob);
  await raw.link.send(packet(1, 'Identity', greeting(raw, options)));
  const answer = await raw.received();
  assert.deepEqual([answer.command, answer.re], ['Identity', 1]);
  return raw;
}

test('a listed device is served, and its request says who it is', { timeout: 20_000 }, async () => {
  let seen: PeerRequest | undefined;
  bob.messenger.handle('FindNickname', async (request) => {
    seen = request;
    return { payload: { claims: [] } };
  });
  const raw = await greeted('alice');
  await raw.link.send(packet(2, 'FindNickname', { name: 'bob' }));
  const answer = await raw.received();
  assert.deepEqual([answer.command, answer.re, answer.payload], ['Ack', 2, { claims: [] }]);
  assert.deepEqual(seen?.from, { device: raw.self.device, person: raw.self.person });
  assert.equal(seen?.owner, raw.self.person);
  assert.equal(seen?.exporter.length, 32);
});

test('an unlisted device may ask for identities, and anything else ends its link', { timeout: 20_000 }, async () => {
  const raw = await greeted('mallory', { file: false });
  await raw.link.send(packet(2, 'FindIdentity', { person: bob.self.personKey, known: null }));
  assert.equal((await raw.received()).command, 'Ack');
  await raw.link.send(packet(3, 'FindNickname', { name: 'bob' }));
  const refusal = await raw.received();
  assert.deepEqual(refusal.payload, { code: 'no', sentence: '', retryMs: null });
  await raw.link.closed;
});

test('a device cannot speak for another by its profile', { timeout: 20_000 }, async () => {
  const raw = await world.rawLink('mallory', bob);
  const alice = (await world.rawLink('alice', bob)).self;
  await raw.link.send(packet(1, 'Identity', greeting(raw, { device: alice })));
  assert.equal((await raw.received()).command, 'Fail');
  assert.equal(bob.network.identities.personOf(raw.self.device), undefined);
});

test('a packet out of order ends the link', { timeout: 20_000 }, async () => {
  const raw = await greeted('alice');
  await raw.link.send(packet(7, 'FindNickname', { name: 'bob' }));
  await raw.link.closed;
});

test('a packet that is no packet ends the link', { timeout: 20_000 }, async () => {
  const raw = await greeted('alice');
  await raw.link.send(new Uint8Array(100).fill(255));
  await raw.link.closed;
});

test('an unknown command and a wrong payload get a code, and the link lives on', { timeout: 20_000 }, async () => {
  const raw = await greeted('alice');
  await raw.link.send(packet(2, 'Conquer', {}));
  assert.equal((await raw.received()).payload['code'], 'COMMAND_UNKNOWN');
  await raw.link.send(packet(3, 'FindNickname', { name: 5 }));
  assert.equal((await raw.received()).payload['code'], 'ENCODING_INVALID');
  await raw.link.send(packet(4, 'FindIdentity', { person: bob.self.personKey, known: null }));
  assert.equal((await raw.received()).command, 'Ack');
});

test('too much nonsense ends the link', { timeout: 20_000 }, async () => {
  const raw = await greeted('alice');
  for (let n = 2; n < 40; n += 1) await raw.link.send(packet(n, 'Conquer', {})).catch(() => undefined);
  await raw.link.closed;
});

test('a command nobody handles and a handler that refuses answer with their codes', { timeout: 20_000 }, async () => {
  const raw = await greeted('alice');
  await raw.link.send(packet(2, 'FindNickname', { name: 'bob' }));
  assert.equal((await raw.received()).payload['code'], 'NOT_SERVED');
  bob.messenger.handle('FindNickname', async () => {
    throw new BitDustError('TOO_BUSY', undefined, { details: { retryMs: 5_000 } });
  });
  await raw.link.send(packet(3, 'FindNickname', { name: 'bob' }));
  const { code, retryMs } = (await raw.received()).payload;
  assert.deepEqual([code, retryMs], ['TOO_BUSY', 5_000]);
});

test('what only the owner may ask is refused to others before any handler sees it', { timeout: 20_000 }, async () => {
  let calls = 0;
  bob.messenger.handle('ListFiles', async () => {
    calls += 1;
    return { payload: {} };
  });
  const raw = await greeted('alice');
  const payload = { digest: null, from: null, before: null };
  await raw.link.send(packet(2, 'ListFiles', payload, { owner: bob.self.personKey }));
  const { code } = (await raw.received()).payload;
  assert.ok(code === 'NOT_ENTITLED' || code === 'ENCODING_INVALID', String(code));
  assert.equal(calls, 0);
});

test('streams arrive whole, and a silent handler runs into the asker’s deadline', { timeout: 20_000 }, async () => {
  const alice = await world.node('alice');
  await alice.heard('directory.joined');
  await bob.network.publisher.published('presence', signal);
  const bytes = new Uint8Array(3_000_000).map((_, at) => at % 251);
  bob.messenger.handle('GetDocument', async () => ({
    payload: { version: 1, hash: new Uint8Array(32) },
    streams: [{ length: 60_000, bytes: bytes.subarray(0, 60_000) }],
  }));
  const options = { signal, deadlineMs: 5_000 };
  const payload = { name: 'identity', known: null };
  const answer = await alice.messenger.request(bob.self.device, 'GetDocument', payload, options);
  assert.deepEqual(await answer.streams[0]?.collect(100_000), bytes.subarray(0, 60_000));
  const again = await alice.messenger.request(bob.self.device, 'GetDocument', payload, options);
  await assert.rejects(again.streams[0]?.collect(100) ?? Promise.resolve(), { code: 'TOO_LARGE' });

  bob.messenger.handle('FindNickname', () => new Promise(() => undefined));
  const asked = alice.messenger.request(bob.self.device, 'FindNickname', { name: 'bob' }, { signal, deadlineMs: 50 });
  await assert.rejects(asked, { code: 'PEER_SILENT' });
});
