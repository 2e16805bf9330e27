import assert from 'node:assert/strict';
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { after, before, test } from 'node:test';
import { connectNode } from '../../cli/client.ts';
import type { Directory } from '../../ports/directory.ts';
import { fromHex } from '../../protocol/hash.ts';
import { createHyperdhtDirectory } from '../../transports/hyperdht/hyperdht-directory.ts';
import { errorLines, openSmallNetwork, type SmallNetwork, until } from '../support/small-network.ts';
import { memoryDisk } from '../transports/hyperdht/memory-disk.ts';

let small: SmallNetwork;
before(async () => {
  small = await openSmallNetwork({ suppliers: 4 });
});
after(() => small.close());

test('a node finds another by nickname, once and by the right identity, and reaches it', async () => {
  const wanted = small.suppliers[0]!;
  const { claims } = await small.client.call('find', { nickname: wanted.name });
  assert.deepEqual(
    claims.map(({ person }) => person),
    [wanted.status.person],
  );
  const back = await connectNode(wanted.home);
  const seen = await back.call('find', { nickname: 'customer' });
  assert.deepEqual(
    seen.claims.map(({ person }) => person),
    [small.customer.status.person],
  );
  for (const who of [wanted.name, wanted.status.device]) {
    const answer = await small.client.call('ping', { who });
    assert.deepEqual([answer.reached, answer.device], [true, wanted.status.device]);
  }
});

test('a nickname that nobody claims is not found', async () => {
  const nickname = `nobody-${randomBytes(4).toString('hex')}`;
  await assert.rejects(small.client.call('find', { nickname }), { code: 'NICKNAME_NOT_FOUND' });
});

test('what one member of the directory writes the others read, the highest number wins, many may write', async () => {
  const { id } = small.customer.status.network;
  assert.ok(id !== null);
  const members = await Promise.all(
    Array.from({ length: 3 }, () => joinDirectory(small.network.bootstrap, fromHex(id))),
  );
  const signal = AbortSignal.timeout(30_000);
  try {
    const [first, second, third] = members as [Directory, Directory, Directory];
    const key = writer();
    assert.equal(await first.get(key.publicKey, signal), undefined);
    await first.put(key.record(first, 1, 'one'), signal);
    assert.equal(await key.read(first, signal), 'one');
    assert.equal(await key.read(second, signal), 'one');
    await second.put(key.record(second, 2, 'two'), signal);
    for (const member of members) assert.equal(await key.read(member, signal), 'two');
    await third.put(key.record(third, 1, 'old'), signal).catch(() => undefined);
    assert.equal(await key.read(first, signal), 'two');
    const many = members.map((member) => ({ member, key: writer() }));
    await Promise.all(many.map(({ member, key: own }) => member.put(own.record(member, 1, 'mine'), signal)));
    for (const { key: own } of many)
      assert.deepEqual(await Promise.all(members.map((member) => own.read(member, signal))), ['mine', 'mine', 'mine']);
  } finally {
    await Promise.all(members.map((member) => member.leave()));
  }
});

test('the node is whole and its services are on soon after its start', async () => {
  await until('the node runs', async () => (await small.client.call('status', {})).state === 'running', 15_000);
  const { services } = await small.client.call('services.list', {});
  for (const { name, state, enabled } of services) if (enabled) assert.equal(state, 'on', name);
});

test('no node wrote an error into its log', () => {
  assert.deepEqual(errorLines(small.network), []);
});

/** One more member of the network's directory, in this process. */
async function joinDirectory(bootstrap: readonly string[], networkId: Uint8Array): Promise<Directory> {
  const clock = {
    now: () => Date.now(),
    setTimeout,
    clearTimeout: (timer: unknown) => clearTimeout(timer as never),
  };
  const random = { bytes: (length: number) => Uint8Array.from(randomBytes(length)), fraction: Math.random };
  const port = 20_000 + Math.floor(Math.random() * 20_000);
  const options = { networkId, port, host: '127.0.0.1', folder: null, bootstrap };
  const directory = createHyperdhtDirectory(options, { clock, random, disk: memoryDisk() });
  await directory.join(AbortSignal.timeout(30_000));
  return directory;
}

/** A key pair whose records hold a text. */
function writer() {
  const { privateKey, publicKey: pair } = generateKeyPairSync('ed25519');
  const publicKey = Uint8Array.from(Buffer.from(pair.export({ format: 'jwk' }).x!, 'base64url'));
  return {
    publicKey,
    record: (directory: Directory, sequence: number, text: string) =>
      directory.makeRecord({
        publicKey,
        sign: (message) => Uint8Array.from(sign(null, message, privateKey)),
        sequence,
        value: new TextEncoder().encode(text),
      }),
    async read(directory: Directory, signal: AbortSignal): Promise<string | null> {
      const found = await directory.get(publicKey, signal);
      return found ? new TextDecoder().decode(found.record.value) : null;
    },
  };
}
