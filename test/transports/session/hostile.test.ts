import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import type { ByteStream } from '../../../ports/transports.ts';
import { isBitDustError } from '../../../protocol/errors.ts';
import { concatBytes } from '../../../protocol/hash.ts';
import { deviceIdFrom, keyOfDevice } from '../../../protocol/ids.ts';
import type { Channel } from '../../../transports/session/channel.ts';
import { FRAME, type FrameType, frame } from '../../../transports/session/frames.ts';
import { encodeProof } from '../../../transports/session/proof.ts';
import { answering, connect, linked, never, readAll, stateOf } from '../../compliance/sessions.ts';
import { seededRandom, settle } from '../../support/clocks.ts';
import { fakeSecurity } from '../../support/fake-sessions.ts';
import { createFakeSignerFactory } from '../../support/fake-signer.ts';
import { fakeSessionsWorld } from '../../support/session-worlds.ts';

const NO_CLAIMS = { person: null, head: null };

/** A peer who has a key of his own and says what he likes inside an honest channel. */
async function hostile(options: { readonly seed?: string } = {}) {
  const world = fakeSessionsWorld();
  const bob = world.device('bob');
  const at = await answering(world, bob);
  const signer = createFakeSignerFactory().fromSeed(
    createHash('sha256')
      .update(options.seed ?? 'mallory')
      .digest(),
  );
  const random = seededRandom('mallory');
  const networkId = new Uint8Array(32).fill(1);
  const security = fakeSecurity({ signer, networkId, clock: world.clock, random });
  const transport = world.network.transport('mallory');
  const dial = () => world.run(transport.dial(at.address, never()));
  const responder = keyOfDevice(bob.device);
  const open = async ({ deaf = false } = {}) => {
    const stream = await dial();
    const channel = await world.run(security.dial(stream, responder));
    const heard: Uint8Array[] = [];
    if (!deaf) channel.read((chunk) => heard.push(chunk));
    const say = (bytes: Uint8Array) => channel.write(bytes, () => {});
    return { stream, channel, heard, say };
  };
  const proof = (channel: Channel, change: Partial<Parameters<typeof encodeProof>[0]> = {}) =>
    encodeProof({
      signer,
      exporter: channel.exporter,
      responder,
      claims: NO_CLAIMS,
      link: null,
      received: 0,
      ...change,
    });
  return { world, bob, at, dial, open, proof, signer };
}

/** A link of the hostile peer to bob, whose end of it is looked at. */
async function hostileLink() {
  const game = await hostile();
  const session = await game.open();
  session.say(frame(FRAME.proof, 0, game.proof(session.channel)));
  const far = await game.at.nth(0);
  assert.ok(far !== undefined);
  await settle();
  return { ...game, ...session, far };
}

const u32 = (value: number) => Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
const head = (type: number, length: number, stream: number) =>
  concatBytes(Uint8Array.of(type, length >> 16, length >> 8, length), u32(stream));

describe('a peer with a proven key', () => {
  const big = new Uint8Array(64 * 1024);
  const cases: readonly (readonly [name: string, ...frames: readonly Uint8Array[]])[] = [
    ['sends a frame of an unknown type', head(99, 0, 0)],
    ['sends a frame too large', head(FRAME.packet, 65_537, 0)],
    ['sends a second proof', frame(FRAME.proof, 0, Uint8Array.of(1))],
    ['sends an accept', frame(FRAME.accept, 0, Uint8Array.of(1))],
    ['opens a stream of our parity', frame(FRAME.open, 2)],
    ['opens a stream twice', frame(FRAME.open, 1), frame(FRAME.open, 1)],
    ['opens streams backwards', frame(FRAME.open, 5), frame(FRAME.open, 3)],
    ['sends data on a stream that was not opened', frame(FRAME.data, 1, Uint8Array.of(1))],
    ['sends data on a stream that we did not open', frame(FRAME.data, 2, Uint8Array.of(1))],
    ['sends data behind the end', frame(FRAME.open, 1), frame(FRAME.end, 1), frame(FRAME.data, 1, Uint8Array.of(1))],
    ['ends a stream twice', frame(FRAME.open, 1), frame(FRAME.end, 1), frame(FRAME.end, 1)],
    [
      'sends more than the credit of a stream',
      frame(FRAME.open, 1),
      ...Array<Uint8Array>(5).fill(frame(FRAME.data, 1, big)),
    ],
    [
      'sends more than the credit of the session',
      ...[1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31, 33].flatMap((id) => [
        frame(FRAME.open, id),
        ...Array<Uint8Array>(4).fill(frame(FRAME.data, id, big)),
      ]),
    ],
    ['gives no credit', frame(FRAME.credit, 0, u32(0))],
    ['gives credit without end', frame(FRAME.credit, 0, u32(0x7fff_ffff)), frame(FRAME.credit, 0, u32(0x7fff_ffff))],
    ['gives credit to a stream nobody opened', frame(FRAME.credit, 7, u32(1))],
    ['acknowledges what was not sent', frame(FRAME.acknowledge, 0, concatBytes(u32(0), u32(1)))],
    ['acknowledges a monstrous number', frame(FRAME.acknowledge, 0, concatBytes(u32(0xffff_ffff), u32(1)))],
  ];
  for (const [name, ...frames] of cases) {
    it(`loses the link when he ${name}`, async () => {
      const { world, far, say } = await hostileLink();
      for (const bytes of frames) say(bytes);
      assert.deepEqual(await world.run(far.closed), { cause: 'FRAME_INVALID' });
      await settle();
      await world.clock.advance(5_000);
      assert.equal(world.network.openStreams(), 0);
      assert.equal(world.clock.pending, 0);
    });
  }

  it('may send on a stream that we reset, because his bytes were under way', async () => {
    const { world, far, say } = await hostileLink();
    say(frame(FRAME.open, 1));
    (await world.run(far.acceptStream(1, never()))).reset();
    for (let round = 0; round < 100; round += 1) say(frame(FRAME.data, 1, big));
    say(frame(FRAME.end, 1));
    await settle();
    assert.equal(far.state, 'up');
    far.close('over');
  });

  it('is cut off when he begins a packet and trickles it', async () => {
    const { world, far, say } = await hostileLink();
    say(head(FRAME.packet, 1_000, 0));
    for (let second = 0; second < 29; second += 1) {
      say(Uint8Array.of(7));
      await world.clock.advance(1_000);
    }
    assert.equal(far.state, 'up');
    await world.clock.advance(1_001);
    assert.equal(far.state, 'down');
    await world.clock.advance(600_000);
    assert.deepEqual(await far.closed, { cause: 'not back in time' });
  });

  it('is cut off when he takes nothing and acknowledges nothing', async () => {
    const { world, far } = await hostileLink();
    void far.send(Uint8Array.of(1));
    await world.clock.advance(120_000);
    assert.equal(far.state, 'down');
  });

  it('has streams reset that no packet claims, and more than the limit refused at once', async () => {
    const { world, far, say, heard } = await hostileLink();
    for (let n = 0; n < 600; n += 1) say(frame(FRAME.open, 2 * n + 1));
    await settle();
    heard.length = 0;
    await world.clock.advance(1_000);
    assert.equal(far.state, 'up');
    await assert.rejects(far.acceptStream(1_199, never()), (error) => isBitDustError(error, 'STREAM_RESET'));
    const first = await far.acceptStream(1, never());
    await world.clock.advance(60_000);
    await assert.rejects(far.acceptStream(3, never()), (error) => isBitDustError(error, 'STREAM_RESET'));
    const reading = assert.rejects(readAll(first), (error) => isBitDustError(error, 'LINK_LOST'));
    far.close('over');
    await reading;
  });

  it('makes us read no further when he pings without taking the answers', async () => {
    const game = await hostile();
    const { channel } = await game.open({ deaf: true });
    const proof = frame(FRAME.proof, 0, game.proof(channel));
    let taken = 0;
    channel.write(proof, () => {});
    const pings = 60_000;
    for (let round = 0; round < pings; round += 1) {
      channel.write(frame(FRAME.ping, 0, new Uint8Array(8)), () => {
        taken += 1;
      });
    }
    await settle();
    const before = taken;
    await game.world.clock.advance(10_000);
    assert.equal(taken, before, 'nothing moves any more');
    assert.ok(taken < pings, 'what he sends stays in his own buffers');
    await game.world.clock.advance(120_000);
    assert.equal((await game.at.nth(0))?.state, 'down');
  });
});

describe('a dialler without a proof', () => {
  const proofs: readonly (readonly [
    name: string,
    make: (game: Awaited<ReturnType<typeof hostile>>, channel: Channel) => Uint8Array,
  ])[] = [
    [
      'signs with another key',
      (game, channel) => {
        const other = createFakeSignerFactory().fromSeed(new Uint8Array(32).fill(77));
        return frame(
          FRAME.proof,
          0,
          game.proof(channel, { signer: { publicKey: game.signer.publicKey, sign: other.sign } }),
        );
      },
    ],
    [
      'signs for another session',
      (game, channel) => frame(FRAME.proof, 0, game.proof(channel, { exporter: new Uint8Array(32) })),
    ],
    [
      'signs for another responder',
      (game, channel) => frame(FRAME.proof, 0, game.proof(channel, { responder: game.signer.publicKey })),
    ],
    ['sends a torn proof', (game, channel) => frame(FRAME.proof, 0, game.proof(channel).subarray(0, 100))],
    ['sends a packet first', () => frame(FRAME.packet, 0, Uint8Array.of(1))],
    ['sends noise', () => new Uint8Array(100).fill(200)],
    ['announces a proof of a megabyte', () => head(FRAME.proof, 1 << 20, 0)],
  ];
  for (const [name, make] of proofs) {
    it(`gets no frame and no link when he ${name}`, async () => {
      const game = await hostile();
      const { channel, heard, say, stream } = await game.open();
      say(make(game, channel));
      assert.equal(await game.world.run(game.at.accepted[0] ?? Promise.reject(new Error('none'))), undefined);
      await game.world.run(stream.closed);
      assert.deepEqual(heard, []);
      assert.equal(game.world.clock.pending, 0);
    });
  }

  it('who trickles a byte a second is left at the deadline of the handshake', async () => {
    const game = await hostile();
    const { channel, heard, say, stream } = await game.open();
    const bytes = frame(FRAME.proof, 0, game.proof(channel));
    for (let second = 0; second < 10; second += 1) {
      say(bytes.subarray(second, second + 1));
      await game.world.clock.advance(1_000);
    }
    await game.world.run(stream.closed);
    assert.equal(await game.at.nth(0), undefined);
    assert.deepEqual(heard, []);
  });

  it('of a hundred half-open handshakes of one range eight are heard, and another range still gets in', async () => {
    const game = await hostile();
    const streams: ByteStream[] = [];
    for (let n = 0; n < 100; n += 1) streams.push(await game.dial());
    await settle();
    assert.equal(game.world.network.openStreams(), 8);
    const alice = game.world.device('alice');
    const { link } = await connect(game.world, alice, game.bob.device, game.at.address);
    assert.equal(link.state, 'up');
    await game.world.clock.advance(10_000);
    assert.equal(game.world.network.openStreams(), 1);
  });
});

describe('a knock', () => {
  /** Everything an honest dialler wrote, as somebody on the path recorded it. */
  async function recorded() {
    const world = fakeSessionsWorld();
    const [alice, bob] = [world.device('alice'), world.device('bob')];
    const at = await answering(world, bob);
    const said: Uint8Array[] = [];
    const stream = await world.run(alice.transport.dial(at.address, never()));
    const listening: ByteStream = {
      ...stream,
      write: (data) => {
        said.push(Uint8Array.from(data));
        return stream.write(data);
      },
    };
    const link = await world.run(
      alice.sessions.connect(listening, { peer: bob.device, transport: 'memory', signal: never() }),
    );
    await world.run(link.send(Uint8Array.of(1, 2, 3)));
    await world.clock.advance(1_000);
    return { world, alice, bob, at, said, link };
  }

  /** What comes back until the responder closes. */
  async function play(world: ReturnType<typeof fakeSessionsWorld>, address: string, chunks: readonly Uint8Array[]) {
    const stream = await world.run(world.network.transport('mallory').dial(address, never()));
    const heard: Uint8Array[] = [];
    const reading = (async () => {
      for await (const chunk of stream.incoming) heard.push(chunk);
    })().catch(() => undefined);
    for (const chunk of chunks) await stream.write(chunk);
    await world.clock.advance(10_001);
    await world.run(reading);
    return Buffer.concat(heard);
  }

  it('opens nothing a second time, whole, in part, or with other bytes behind it', async () => {
    const { world, at, said } = await recorded();
    const all = Buffer.concat(said);
    for (const chunks of [
      said,
      [all.subarray(0, 512)],
      [all.subarray(0, 512), all.subarray(600)],
      [all.subarray(512)],
    ]) {
      assert.equal((await play(world, at.address, chunks)).length, 0);
    }
  });

  it('opens nothing at another device or in another network, and nothing when it is old or damaged', async () => {
    const { world, alice, bob, at } = await recorded();
    const carol = await answering(world, world.device('carol'));
    const knockFor = async (network: number, to: Uint8Array) => {
      const said: Uint8Array[] = [];
      const silent: ByteStream = {
        incoming: { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) },
        write: async (data) => void said.push(Uint8Array.from(data)),
        end: async () => {},
        destroy: () => {},
        closed: new Promise(() => {}),
        remoteAddress: 'memory://x:1',
      };
      const device = world.device('alice', { network });
      void device.sessions
        .connect(silent, { peer: deviceIdFrom(to), transport: 'memory', signal: never() })
        .catch(() => undefined);
      await settle();
      return Buffer.concat(said);
    };
    const key = keyOfDevice(bob.device);
    const good = await knockFor(1, key);
    assert.equal((await play(world, carol.address, [good])).length, 0);
    assert.equal((await play(world, at.address, [await knockFor(2, key)])).length, 0);
    const damaged = Buffer.from(await knockFor(1, key));
    damaged[300] = (damaged[300] ?? 0) ^ 1;
    assert.equal((await play(world, at.address, [damaged])).length, 0);
    const old = await knockFor(1, key);
    await world.clock.advance(10 * 60_000 + 1);
    assert.equal((await play(world, at.address, [old])).length, 0);
    assert.ok((await play(world, at.address, [await knockFor(1, key)])).length > 0, 'a fresh one is answered');
    await alice.sessions.close('over');
  });
});

describe('a link', () => {
  it('is lost ten minutes after the break, and not before', async () => {
    const world = fakeSessionsWorld({ latencyMs: 10 });
    const { stream, near, far } = await linked(world);
    stream.destroy();
    await world.run(Promise.all([stateOf(near, 'down'), stateOf(far, 'down')]));
    await world.clock.advance(599_900);
    assert.deepEqual([near.state, far.state], ['down', 'down']);
    await world.clock.advance(200);
    assert.deepEqual([near.state, far.state], ['closed', 'closed']);
    assert.equal(world.clock.pending, 0);
  });

  it('asks to be replaced after a day and ends its session three hours later when nobody does', async () => {
    const world = fakeSessionsWorld();
    const { near, far } = await linked(world);
    let asked = 0;
    near.onReplacementDue(() => {
      asked += 1;
    });
    await world.clock.advance(24 * 3_600_000);
    assert.equal(asked, 1);
    assert.equal(near.state, 'up');
    await world.clock.advance(3 * 3_600_000);
    assert.notEqual(near.state, 'up');
    assert.notEqual(far.state, 'up');
  });

  it('of another device cannot be taken over', async () => {
    const world = fakeSessionsWorld();
    const { near, far, at, bob } = await linked(world);
    const game = createFakeSignerFactory().fromSeed(new Uint8Array(32).fill(9));
    const security = fakeSecurity({
      signer: game,
      networkId: new Uint8Array(32).fill(1),
      clock: world.clock,
      random: seededRandom('m'),
    });
    const stream = await world.run(world.network.transport('mallory').dial(at.address, never()));
    const responder = keyOfDevice(bob.device);
    const channel = await world.run(security.dial(stream, responder));
    const link = new Uint8Array(Buffer.from(near.id, 'hex'));
    const proof = encodeProof({
      signer: game,
      exporter: channel.exporter,
      responder,
      claims: NO_CLAIMS,
      link,
      received: 0,
    });
    channel.write(frame(FRAME.proof as FrameType, 0, proof), () => {});
    const other = await at.nth(1);
    assert.ok(other !== undefined);
    assert.notEqual(other, far);
    assert.notEqual(other.id, far.id);
    assert.equal(far.state, 'up');
    await world.run(near.ping(never()));
  });

  it('comes back once when both sides dial at the same time', async () => {
    const world = fakeSessionsWorld({ latencyMs: 30 });
    const { alice, bob, at, stream, near, far } = await linked(world);
    const back = await answering(world, alice);
    stream.destroy();
    await world.run(Promise.all([stateOf(near, 'down'), stateOf(far, 'down')]));
    const [one, two] = await Promise.all([
      connect(world, alice, bob.device, at.address),
      connect(world, bob, alice.device, back.address),
    ]);
    assert.equal(one.link, near);
    assert.equal(two.link, far);
    await world.clock.advance(20_000);
    assert.deepEqual([near.state, far.state], ['up', 'up']);
    assert.ok((await world.run(near.ping(never()))) >= 60);
    assert.equal(world.network.openStreams(), 1);
  });
});
