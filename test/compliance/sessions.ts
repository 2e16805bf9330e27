import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Link, Sessions } from '../../ports/sessions.ts';
import type { ByteStream, Transport } from '../../ports/transports.ts';
import { isBitDustError } from '../../protocol/errors.ts';
import type { DeviceId } from '../../protocol/ids.ts';

/** One device of the suite. */
export interface TestDevice {
  readonly device: DeviceId;
  readonly sessions: Sessions;
  readonly transport: Transport;
}

/** What the suite needs of an implementation. */
export interface SessionsUnderTest {
  readonly name: string;
  readonly make: () => {
    /** A device of the same network; the same name gives the same key. */
    readonly device: (name: string, options?: { readonly network?: number }) => TestDevice;
    /** Waits for the promise while the world's time passes. */
    readonly run: <Value>(promise: Promise<Value>) => Promise<Value>;
    /** Lets this much time pass, where time can be moved. */
    readonly pass?: ((ms: number) => Promise<void>) | undefined;
  };
}

export type SessionsWorld = ReturnType<SessionsUnderTest['make']>;

export const never = () => new AbortController().signal;

/** A listener that accepts sessions, and the streams and links it got. */
export async function answering(world: SessionsWorld, bob: TestDevice) {
  const accepted: Promise<Link | undefined>[] = [];
  const streams: ByteStream[] = [];
  const waiting: (() => void)[] = [];
  const onStream = (stream: ByteStream) => {
    streams.push(stream);
    accepted.push(bob.sessions.accept(stream, { transport: bob.transport.name, signal: never() }));
    for (const wake of waiting.splice(0)) wake();
  };
  const host = bob.transport.name === 'tcp' ? '127.0.0.1' : bob.device;
  const listener = await bob.transport.listen({ host, port: 0, onStream });
  const nth = async (index: number) => {
    while (accepted.length <= index) await new Promise<void>((resolve) => waiting.push(resolve));
    return accepted[index];
  };
  return { address: listener.addresses[0] ?? '', listener, streams, accepted, nth: (n: number) => world.run(nth(n)) };
}

/** Dials and connects. */
export async function connect(world: SessionsWorld, from: TestDevice, to: DeviceId, address: string) {
  const stream = await world.run(from.transport.dial(address, never()));
  const connecting = from.sessions.connect(stream, { peer: to, transport: from.transport.name, signal: never() });
  return { stream, link: await world.run(connecting) };
}

/** A link between two devices, both ends of it, and the streams below. */
export async function linked(world: SessionsWorld) {
  const [alice, bob] = [world.device('alice'), world.device('bob')];
  const at = await answering(world, bob);
  const { stream, link: near } = await connect(world, alice, bob.device, at.address);
  const far = await at.nth(0);
  assert.ok(far !== undefined);
  const end = async () => {
    near.close('test over');
    await world.run(Promise.all([alice.sessions.close('test over'), bob.sessions.close('test over')]));
    await world.run(at.listener.close());
  };
  return { alice, bob, at, stream, near, far, end };
}

/** The next packets as they come. */
export function packetsOf(link: Link): { readonly got: Uint8Array[]; readonly count: (n: number) => Promise<void> } {
  const got: Uint8Array[] = [];
  let wake = () => {};
  link.onPacket((packet) => {
    got.push(Uint8Array.from(packet));
    wake();
  });
  const count = async (n: number) => {
    while (got.length < n) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  return { got, count };
}

export async function readAll(stream: { readonly incoming: AsyncIterable<Uint8Array> }): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream.incoming) chunks.push(Uint8Array.from(chunk));
  return Buffer.concat(chunks);
}

/** Bytes whose every position can be told from its neighbours. */
export function pattern(length: number, seed = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => ((at + seed) * 31 + (at >> 8) * 7) & 255);
}

/** Resolves when the link is in that state. */
export function stateOf(link: Link, state: 'up' | 'down'): Promise<void> {
  if (link.state === state) return Promise.resolve();
  return new Promise((resolve) => {
    link.onState((now) => {
      if (now === state) resolve();
    });
  });
}

const is = (code: Parameters<typeof isBitDustError>[1]) => (error: unknown) => isBitDustError(error, code);

function handshakeCases(under: SessionsUnderTest): void {
  it('proves both ends to each other and binds them to one exporter', async () => {
    const world = under.make();
    const { alice, bob, at, near, far, end } = await linked(world);
    assert.equal(near.peer, bob.device);
    assert.equal(far.peer, alice.device);
    assert.deepEqual([near.inbound, far.inbound], [false, true]);
    assert.deepEqual(near.exporter(), far.exporter());
    assert.equal(near.exporter().length, 32);
    assert.equal(near.id, far.id);
    assert.equal(near.observedAddress, far.path.address);
    assert.equal(near.path.address, at.address);
    await end();
  });

  it('stays silent to a dialler of another network, who knocks at another device, or who says anything else', async () => {
    const world = under.make();
    const [bob, carol] = [world.device('bob'), world.device('carol')];
    const at = await answering(world, bob);
    const stranger = world.device('alice', { network: 2 });
    const tries = [
      { from: stranger, to: bob.device },
      { from: world.device('alice'), to: carol.device },
    ];
    for (const { from, to } of tries) {
      const stream = await world.run(from.transport.dial(at.address, never()));
      const controller = new AbortController();
      const options = { peer: to, transport: from.transport.name, signal: controller.signal };
      const connecting = assert.rejects(from.sessions.connect(stream, options), /enough/);
      await aMoment(world);
      controller.abort(new Error('enough'));
      await world.run(connecting);
    }
    for (const index of tries.keys()) assert.equal(await at.nth(index), undefined);
    await world.run(at.listener.close());
  });
}

/** Long enough for a wrong answer to come. */
function aMoment(world: SessionsWorld): Promise<void> {
  return world.pass === undefined ? new Promise((resolve) => setTimeout(resolve, 50)) : world.pass(500);
}

function packetCases(under: SessionsUnderTest): void {
  it('brings packets once and in order both ways, also those sent before anybody listens', async () => {
    const world = under.make();
    const { near, far, end } = await linked(world);
    const sizes = [1, 10, 100, 56 * 1024, 64 * 1024, 2, 16_384, 3];
    for (const [index, size] of sizes.entries()) await world.run(near.send(pattern(size, index)));
    const there = packetsOf(far);
    await world.run(there.count(sizes.length));
    assert.deepEqual(
      there.got,
      sizes.map((size, index) => pattern(size, index)),
    );
    const back = packetsOf(near);
    for (let n = 0; n < 300; n += 1) await world.run(far.send(Uint8Array.of(n >> 8, n)));
    await world.run(back.count(300));
    assert.deepEqual(back.got[299], Uint8Array.of(1, 43));
    await end();
  });

  it('refuses a packet that fits no frame', async () => {
    const world = under.make();
    const { near, end } = await linked(world);
    await assert.rejects(near.send(new Uint8Array(64 * 1024 + 1)), is('TOO_LARGE'));
    await assert.rejects(near.send(new Uint8Array(0)), is('TOO_LARGE'));
    await end();
  });

  it('measures a round trip, and remembers when it last heard anything', async () => {
    const world = under.make();
    const { near, far, end } = await linked(world);
    assert.ok((await world.run(near.ping(never()))) >= 0);
    assert.ok((await world.run(far.ping(never()))) >= 0);
    assert.ok(near.lastHeardAt() >= 0);
    await end();
  });
}

function streamCases(under: SessionsUnderTest): void {
  it('carries many streams at once, each whole and on its own', async () => {
    const world = under.make();
    const { near, far, end } = await linked(world);
    const sizes = [0, 1, 65_528, 65_529, 300_000, 1_000_000];
    const done = sizes.map(async (size, index) => {
      const [from, to] = index % 2 === 0 ? [near, far] : [far, near];
      const stream = from.openStream();
      const reading = to.acceptStream(stream.id, never()).then(readAll);
      const data = pattern(size, index);
      for (let at = 0; at < size; at += 50_000) await stream.write(data.subarray(at, at + 50_000));
      await stream.end();
      assert.deepEqual(new Uint8Array(await reading), data);
    });
    await world.run(Promise.all(done));
    await end();
  });

  it('uses both directions of a stream and lets the writer reuse its buffer', async () => {
    const world = under.make();
    const { near, far, end } = await linked(world);
    const stream = near.openStream();
    const other = await world.run(far.acceptStream(stream.id, never()));
    const buffer = new Uint8Array(1_000);
    for (let round = 0; round < 20; round += 1) await world.run(stream.write(buffer.fill(round)));
    await stream.end();
    const got = await world.run(readAll(other));
    for (let round = 0; round < 20; round += 1) assert.equal(got[round * 1_000], round);
    await world.run(other.write(Uint8Array.of(7)));
    await other.end();
    assert.deepEqual(await world.run(readAll(stream)), Buffer.from([7]));
    await end();
  });

  it('holds a stream back that nobody reads, while packets and other streams go on', async () => {
    const world = under.make();
    const { near, far, end } = await linked(world);
    const stuck = near.openStream();
    let written = 0;
    const writing = (async () => {
      for (; written < 40; written += 1) await stuck.write(new Uint8Array(64 * 1024));
    })().catch(() => undefined);
    await world.run(near.ping(never()));
    await world.run(near.ping(never()));
    const there = packetsOf(far);
    await world.run(near.send(Uint8Array.of(1)));
    await world.run(there.count(1));
    const other = near.openStream();
    const reading = far.acceptStream(other.id, never()).then(readAll);
    await world.run(other.write(pattern(200_000)));
    await other.end();
    assert.equal((await world.run(reading)).length, 200_000);
    assert.ok(written < 20, `${written} blocks went to a reader who reads nothing`);
    stuck.reset();
    await world.run(writing);
    await end();
  });

  it('resets a stream in both directions, and nothing else', async () => {
    const world = under.make();
    const { near, far, end } = await linked(world);
    const stream = near.openStream();
    const other = await world.run(far.acceptStream(stream.id, never()));
    const reading = assert.rejects(readAll(other), is('STREAM_RESET'));
    await world.run(stream.write(pattern(10)));
    stream.reset();
    await assert.rejects(stream.write(pattern(10)), is('STREAM_RESET'));
    await world.run(reading);
    await assert.rejects(other.write(pattern(10)), is('STREAM_RESET'));
    await assert.rejects(far.acceptStream(stream.id, never()), is('STREAM_RESET'));
    await world.run(near.ping(never()));
    await end();
  });

  it('waits for a stream that is not there yet, until the signal', async () => {
    const world = under.make();
    const { near, far, end } = await linked(world);
    const controller = new AbortController();
    const giving = assert.rejects(far.acceptStream(41, controller.signal), /enough/);
    controller.abort(new Error('enough'));
    await giving;
    const waiting = far.acceptStream(1, never());
    assert.equal(near.openStream().id, 1);
    assert.equal((await world.run(waiting)).id, 1);
    assert.equal(far.openStream().id, 2);
    await assert.rejects(far.acceptStream(2, never()), is('STREAM_RESET'));
    await end();
  });
}

function returnCases(under: SessionsUnderTest): void {
  it('goes on after a break: the same link, every packet once, streams whole', async () => {
    const world = under.make();
    const { alice, bob, at, stream, near, far, end } = await linked(world);
    const there = packetsOf(far);
    const bulk = near.openStream();
    const data = pattern(700_000);
    const reading = far.acceptStream(bulk.id, never()).then(readAll);
    const writing = bulk.write(data.subarray(0, 200_000));
    for (let n = 0; n < 10; n += 1) await world.run(near.send(Uint8Array.of(n)));
    await world.run(writing);
    stream.destroy();
    await world.run(Promise.all([stateOf(near, 'down'), stateOf(far, 'down')]));
    for (let n = 10; n < 20; n += 1) await world.run(near.send(Uint8Array.of(n)));
    const more = bulk.write(data.subarray(200_000)).then(() => bulk.end());
    const again = await connect(world, alice, bob.device, at.address);
    assert.equal(again.link, near);
    assert.equal(await at.nth(1), far);
    await world.run(Promise.all([there.count(20), more, reading]));
    assert.deepEqual(
      there.got.map((packet) => packet[0]),
      Array.from({ length: 20 }, (_, n) => n),
    );
    assert.deepEqual(new Uint8Array(await reading), data);
    await world.run(near.ping(never()));
    await end();
  });

  it('moves to a second session without a break when the dialler connects again', async () => {
    const world = under.make();
    const { alice, bob, at, near, far, end } = await linked(world);
    const there = packetsOf(far);
    const states: string[] = [];
    near.onState((state) => states.push(state));
    far.onState((state) => states.push(state));
    const before = near.exporter();
    const sending = (async () => {
      for (let n = 0; n < 200; n += 1) {
        await near.send(Uint8Array.of(n));
        if (n % 20 === 0) await near.ping(never()).catch(() => 0);
      }
    })();
    const again = await connect(world, alice, bob.device, at.address);
    assert.equal(again.link, near);
    await world.run(Promise.all([sending, there.count(200)]));
    assert.deepEqual(
      there.got.map((packet) => packet[0]),
      Array.from({ length: 200 }, (_, n) => n),
    );
    assert.notDeepEqual(near.exporter(), before);
    assert.deepEqual(near.exporter(), far.exporter());
    assert.deepEqual(states, []);
    await end();
  });

  it('closes with its cause at both ends, and everything that waits rejects with LINK_LOST', async () => {
    const world = under.make();
    const { near, far, end } = await linked(world);
    const stream = near.openStream();
    const other = await world.run(far.acceptStream(stream.id, never()));
    const reading = assert.rejects(readAll(other), is('LINK_LOST'));
    const waiting = assert.rejects(near.acceptStream(20, never()), is('LINK_LOST'));
    near.close('retired');
    await waiting;
    assert.deepEqual(await near.closed, { cause: 'retired' });
    assert.deepEqual(await world.run(far.closed), { cause: 'retired' });
    await world.run(reading);
    await assert.rejects(near.send(Uint8Array.of(1)), is('LINK_LOST'));
    await assert.rejects(far.ping(never()), is('LINK_LOST'));
    await assert.rejects(stream.write(Uint8Array.of(1)), is('LINK_LOST'));
    assert.throws(() => near.openStream(), is('LINK_LOST'));
    await end();
  });

  it('makes a new link when the other side lost the old one, which closes', async () => {
    const world = under.make();
    const { alice, bob, at, stream, near, far, end } = await linked(world);
    stream.destroy();
    await world.run(stateOf(near, 'down'));
    far.close('forgotten');
    const again = await connect(world, alice, bob.device, at.address);
    assert.notEqual(again.link, near);
    assert.notEqual(again.link.id, near.id);
    await world.run(near.closed);
    await world.run(again.link.ping(never()));
    await end();
  });
}

/** Every implementation of sessions passes these. */
export function sessionsCompliance(under: SessionsUnderTest): void {
  describe(`sessions ${under.name}`, () => {
    handshakeCases(under);
    packetCases(under);
    streamCases(under);
    returnCases(under);
  });
}
