import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Directory } from '../../ports/directory.ts';
import type { DirectoryOptions } from '../../ports/world.ts';
import { signingKeyFromSeed } from '../../protocol/ed25519.ts';
import { isBitDustError } from '../../protocol/errors.ts';
import { sha256 } from '../../protocol/hash.ts';

/** What a suite needs of the adapter under test. */
export interface DirectorySubject {
  readonly name: string;
  /** Makes a node of one shared network. `port` is free on the first call with it. */
  make(options: Pick<DirectoryOptions, 'networkId' | 'bootstrap' | 'port'> & { readonly keeps?: boolean }): Directory;
  /** A free port, never given before. */
  nextPort(): number;
  host: string;
  nowSeconds(): number;
  close(): Promise<void>;
}

const NODES = 8;
const signal = (): AbortSignal => AbortSignal.timeout(20_000);
const key = (name: string) => signingKeyFromSeed(sha256(Buffer.from(name)));
const text = (value: Uint8Array): string => Buffer.from(value).toString('utf8');

/** The promises of the directory port, on any adapter. */
export function directoryCompliance(subject: () => DirectorySubject): void {
  const networkId = sha256(Buffer.from('network one'));
  let made: DirectorySubject;
  let seed: Directory;
  let seedAddress: string;
  const members: Directory[] = [];

  function newNode(
    options: { readonly networkId?: Uint8Array | null; readonly keeps?: boolean; readonly port?: number } = {},
  ) {
    const { keeps = false, port = made.nextPort() } = options;
    const id = options.networkId === undefined ? networkId : options.networkId;
    const node = made.make({ networkId: id, bootstrap: [seedAddress], port, keeps });
    members.push(node);
    return node;
  }

  function record(directory: Directory, options: { owner: string; sequence: number; value: string }) {
    const owner = key(options.owner);
    return directory.makeRecord({
      publicKey: owner.publicKey,
      sign: (message) => owner.sign(message),
      sequence: options.sequence,
      value: Buffer.from(options.value),
    });
  }

  describe('directory', () => {
    before(async () => {
      made = subject();
      const port = made.nextPort();
      seedAddress = `${made.host}:${port}`;
      seed = made.make({ networkId, bootstrap: [], port });
      await seed.join(signal());
      for (let count = 0; count < NODES; count++) await newNode().join(signal());
    });

    after(async () => {
      await Promise.all([...members, seed].map((directory) => directory.leave()));
      await made.close();
    });

    test('a founder tells his address, and those who join by it learn the network id', async () => {
      assert.equal(seed.address(), seedAddress);
      const stranger = newNode({ networkId: null });
      const { networkId: learnt, neighbours } = await stranger.join(signal());
      assert.deepEqual(Buffer.from(learnt), Buffer.from(networkId));
      assert.ok(neighbours > 0);
      assert.ok(Math.abs(stranger.clockOffsetMs() ?? Number.NaN) < 1000);
    });

    test('a node pinned to another network is refused', async () => {
      const lost = newNode({ networkId: sha256(Buffer.from('network two')) });
      await assert.rejects(lost.join(signal()), (error) => isBitDustError(error, 'NETWORK_ID_DIFFERS'));
    });

    test('nobody at the bootstrap address means the directory is unreachable', async () => {
      const bootstrap = [`${made.host}:${made.nextPort()}`];
      const lonely = made.make({ networkId, bootstrap, port: made.nextPort() });
      await assert.rejects(lonely.join(signal()), (error) => isBitDustError(error, 'DIRECTORY_UNREACHABLE'));
      await lonely.leave();
    });

    test('what is asked before joining is refused', async () => {
      const outside = made.make({ networkId, bootstrap: [seedAddress], port: made.nextPort() });
      await assert.rejects(outside.get(key('alice').publicKey, signal()), (error) =>
        isBitDustError(error, 'DIRECTORY_UNREACHABLE'),
      );
    });

    test('a record put by one node is read by another, with the count of its holders', async () => {
      const [alice, bob] = members as [Directory, Directory];
      const sequence = made.nowSeconds();
      await alice.put(record(alice, { owner: 'alice', sequence, value: 'here I am' }), signal());
      const found = await bob.get(key('alice').publicKey, signal());
      assert.equal(text(found?.record.value ?? new Uint8Array()), 'here I am');
      assert.equal(found?.record.sequence, sequence);
      assert.ok((found?.holders ?? 0) >= 3, `only ${found?.holders} holders`);
    });

    test('a key nobody wrote gives nothing', async () => {
      assert.equal(await (members[0] as Directory).get(key('nobody').publicKey, signal()), undefined);
    });

    test('the higher sequence wins, whoever puts it, and a lower one changes nothing', async () => {
      const [alice, bob, carol] = members as [Directory, Directory, Directory];
      const sequence = made.nowSeconds();
      const older = record(alice, { owner: 'dora', sequence, value: 'old' });
      const newer = record(alice, { owner: 'dora', sequence: sequence + 1, value: 'new' });
      await alice.put(older, signal());
      await bob.put(newer, signal());
      await carol.put(older, signal());
      const found = await carol.get(key('dora').publicKey, signal());
      assert.equal(text(found?.record.value ?? new Uint8Array()), 'new');
    });

    test('the same kept record may be put again by anybody', async () => {
      const [alice, bob, carol] = members as [Directory, Directory, Directory];
      const kept = record(alice, { owner: 'emil', sequence: made.nowSeconds(), value: 'kept' });
      await alice.put(kept, signal());
      await bob.put(kept, signal());
      assert.equal(text((await carol.get(kept.publicKey, signal()))?.record.value ?? new Uint8Array()), 'kept');
    });

    test('a record too large, too far ahead or badly signed is refused', async () => {
      const directory = members[0] as Directory;
      const sequence = made.nowSeconds();
      const large = record(directory, { owner: 'fred', sequence, value: 'x'.repeat(1001) });
      const ahead = record(directory, { owner: 'fred', sequence: sequence + 49 * 3600, value: 'ahead' });
      const good = record(directory, { owner: 'fred', sequence, value: 'good' });
      const forged = { ...good, value: Buffer.from('evil') };
      const isInvalid = (error: unknown): boolean => isBitDustError(error, 'RECORD_INVALID');
      await assert.rejects(directory.put(large, signal()), isInvalid);
      await assert.rejects(directory.put(ahead, signal()), isInvalid);
      await assert.rejects(directory.put(forged, signal()), (error) => isBitDustError(error, 'SIGNATURE_INVALID'));
      assert.equal(await directory.get(good.publicKey, signal()), undefined);
    });

    test('an announced key is found under its target until it is taken back', async () => {
      const [alice, bob, carol] = members as [Directory, Directory, Directory];
      const target = sha256(Buffer.from('role supplier'));
      const anna = key('anna');
      const bert = key('bert');
      const sign = (owner: typeof anna) => (message: Uint8Array) => owner.sign(message);
      await alice.announce({ target, publicKey: anna.publicKey, sign: sign(anna), signal: signal() });
      await bob.announce({ target, publicKey: bert.publicKey, sign: sign(bert), signal: signal() });
      const names = async (): Promise<string[]> =>
        (await carol.lookUp(target, signal())).keys.map((found) => Buffer.from(found).toString('hex')).sort();
      const hex = (owner: typeof anna): string => Buffer.from(owner.publicKey).toString('hex');
      assert.deepEqual(await names(), [hex(anna), hex(bert)].sort());
      assert.equal((await carol.lookUp(target, signal())).flooded, false);
      await alice.unannounce({ target, publicKey: anna.publicKey, sign: sign(anna), signal: signal() });
      assert.deepEqual(await names(), [hex(bert)]);
      assert.deepEqual((await carol.lookUp(sha256(Buffer.from('no such role')), signal())).keys, []);
    });

    test('announces under other people’s keys are not believed', async () => {
      const [alice, bob] = members as [Directory, Directory];
      const target = sha256(Buffer.from('role forged'));
      const [victim, thief] = [key('victim'), key('thief')];
      const options = { target, publicKey: victim.publicKey, sign: (m: Uint8Array) => thief.sign(m), signal: signal() };
      await assert.rejects(alice.announce(options), (error) => isBitDustError(error, 'SIGNATURE_INVALID'));
      assert.deepEqual((await bob.lookUp(target, signal())).keys, []);
    });

    test('a flood of announces from one range leaves room for the honest one', async () => {
      const [flooder, honest, reader] = members as [Directory, Directory, Directory];
      const target = sha256(Buffer.from('role wanted'));
      for (let count = 0; count < 30; count++) {
        const owner = key(`flood ${count}`);
        const sign = (message: Uint8Array): Uint8Array => owner.sign(message);
        await flooder.announce({ target, publicKey: owner.publicKey, sign, signal: signal() });
      }
      const owner = key('honest');
      const sign = (message: Uint8Array): Uint8Array => owner.sign(message);
      await honest.announce({ target, publicKey: owner.publicKey, sign, signal: signal() });
      const wanted = Buffer.from(owner.publicKey).toString('hex');
      for (let count = 0; count < 5; count++) {
        const { keys } = await reader.lookUp(target, signal());
        assert.ok(keys.some((found) => Buffer.from(found).toString('hex') === wanted));
      }
    });

    test('a holder that restarts still holds what it was given', async () => {
      const port = made.nextPort();
      const openKeeper = async (): Promise<Directory> => {
        const keeper = made.make({ networkId, bootstrap: [], port, keeps: true });
        await keeper.join(signal());
        return keeper;
      };
      const keeper = await openKeeper();
      const guest = made.make({ networkId, bootstrap: [`${made.host}:${port}`], port: made.nextPort() });
      await guest.join(signal());
      const kept = record(guest, { owner: 'gina', sequence: made.nowSeconds(), value: 'over a restart' });
      await guest.put(kept, signal());
      await guest.leave();
      await keeper.leave();
      const again = await openKeeper();
      const found = await again.get(kept.publicKey, signal());
      await again.leave();
      assert.equal(text(found?.record.value ?? new Uint8Array()), 'over a restart');
    });

    test('health counts the neighbours that answer', async () => {
      const { neighbours, known } = await (members[0] as Directory).health();
      assert.ok(neighbours >= NODES - 1, `${neighbours} neighbours`);
      assert.ok(known >= neighbours);
    });

    test('an aborted question rejects with the reason', async () => {
      const reason = new Error('enough');
      const asked = (members[0] as Directory).get(key('alice').publicKey, AbortSignal.abort(reason));
      await assert.rejects(asked, reason);
    });
  });
}
