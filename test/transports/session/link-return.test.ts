import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Link } from '../../../ports/sessions.ts';
import { answering, linked, never, packetsOf, pattern, readAll } from '../../compliance/sessions.ts';
import { settle } from '../../support/clocks.ts';
import { fakeSessionsWorld } from '../../support/session-worlds.ts';

type Step =
  | { readonly do: 'send'; readonly from: 'near' | 'far'; readonly bytes: number }
  | { readonly do: 'bulk'; readonly from: 'near' | 'far'; readonly bytes: number }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'break' }
  | { readonly do: 'replace'; readonly by: 'near' | 'far' };

const side = fc.constantFrom('near' as const, 'far' as const);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('send' as const), from: side, bytes: fc.integer({ min: 1, max: 40_000 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('bulk' as const), from: side, bytes: fc.integer({ min: 1, max: 500_000 }) }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 400 }) }) },
  { weight: 4, arbitrary: fc.constant({ do: 'break' as const }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('replace' as const), by: side }) },
);

const wires = fc.record({ latencyMs: fc.constantFrom(0, 5, 80), bytesPerSecond: fc.constantFrom(400_000, 4_000_000) });

/** Plays the steps, brings the link back at the end, and gives what came and what was sent. */
async function play(steps: readonly Step[], wire: { readonly latencyMs: number; readonly bytesPerSecond: number }) {
  const { latencyMs, bytesPerSecond } = wire;
  const world = fakeSessionsWorld({ latencyMs, jitterMs: 5, bytesPerSecond });
  const { alice, bob, at, near, far } = await linked(world);
  const back = await answering(world, alice);
  const ends = { near: { link: near, sent: [] as Uint8Array[] }, far: { link: far, sent: [] as Uint8Array[] } };
  const got = { near: packetsOf(near), far: packetsOf(far) };
  const bulk: Promise<void>[] = [];
  const dial = async (by: 'near' | 'far') => {
    const [from, to, address] = by === 'near' ? [alice, bob, at.address] : [bob, alice, back.address];
    const stream = await from.transport.dial(address ?? '', never());
    const link: Link = await from.sessions.connect(stream, { peer: to.device, transport: 'memory', signal: never() });
    assert.equal(link, ends[by].link);
  };
  const carry = async (from: 'near' | 'far', bytes: number) => {
    const [ours, theirs] = from === 'near' ? [near, far] : [far, near];
    const stream = ours.openStream();
    const data = pattern(bytes, bulk.length);
    const reading = theirs.acceptStream(stream.id, never()).then(readAll);
    await stream.write(data);
    await stream.end();
    assert.ok((await reading).equals(data));
  };
  const dials: Promise<unknown>[] = [];
  for (const one of steps) {
    if (one.do === 'send') {
      const packet = pattern(one.bytes, ends[one.from].sent.length);
      ends[one.from].sent.push(packet);
      void ends[one.from].link.send(packet);
    } else if (one.do === 'bulk') bulk.push(carry(one.from, one.bytes));
    else if (one.do === 'pass') await world.clock.advance(one.ms);
    else if (one.do === 'replace') dials.push(dial(one.by).catch(() => undefined));
    else world.network.crash(bob.device);
    // A crash takes the listener with it; the device is the same, so it listens again at once.
    if (one.do === 'break') {
      await world.clock.advance(1);
      await relisten(world, bob, at.address);
    }
    await settle();
  }
  await world.run(Promise.all(dials));
  if (near.state !== 'up' || far.state !== 'up') await world.run(dial('near'));
  await world.run(Promise.all([got.far.count(ends.near.sent.length), got.near.count(ends.far.sent.length), ...bulk]));
  return { ends, got, near, far };
}

async function relisten(
  world: ReturnType<typeof fakeSessionsWorld>,
  bob: ReturnType<typeof world.device>,
  address: string,
) {
  const port = Number(address.split(':').at(-1));
  const onStream = (stream: Parameters<typeof bob.sessions.accept>[0]) =>
    void bob.sessions.accept(stream, { transport: 'memory', signal: never() });
  await bob.transport.listen({ host: bob.device, port, onStream });
}

test('whatever breaks and whoever dials again, packets come once and in order and streams whole', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), wires, async (steps, wire) => {
      const { ends, got, near, far } = await play(steps, wire);
      const hashes = (list: readonly Uint8Array[]) =>
        list.map((packet) => Buffer.from(packet).toString('base64').slice(0, 40) + packet.length);
      assert.deepEqual(hashes(got.far.got), hashes(ends.near.sent));
      assert.deepEqual(hashes(got.near.got), hashes(ends.far.sent));
      assert.deepEqual([near.state, far.state], ['up', 'up']);
    }),
    { numRuns: 40 },
  );
});

test('a frame torn by the break comes whole, wherever it was torn', async () => {
  for (let ms = 20; ms < 400; ms += 35) {
    const steps: readonly Step[] = [
      { do: 'bulk', from: 'near', bytes: 120_000 },
      { do: 'bulk', from: 'far', bytes: 120_000 },
      { do: 'pass', ms },
      { do: 'break' },
      { do: 'replace', by: ms % 2 === 0 ? 'near' : 'far' },
      { do: 'pass', ms: 50 },
      { do: 'replace', by: 'near' },
      { do: 'send', from: 'far', bytes: 10 },
    ];
    const { got } = await play(steps, { latencyMs: 5, bytesPerSecond: 400_000 });
    assert.equal(got.near.got.length, 1);
  }
});
