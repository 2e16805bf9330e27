import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ByteStream } from '../../../ports/transports.ts';
import { isBitDustError } from '../../../protocol/errors.ts';
import { createMemoryNetwork } from '../../../transports/memory/memory-network.ts';
import { transportCompliance } from '../../compliance/transport.ts';
import { createStepClock, realClock, seededRandom, settle } from '../../support/clocks.ts';

const never = new AbortController().signal;

for (const standard of [{}, { latencyMs: 1, jitterMs: 2, lossProbability: 0.1 }]) {
  transportCompliance({
    name: `memory ${JSON.stringify(standard)}`,
    make: () => {
      const network = createMemoryNetwork({ clock: realClock, random: seededRandom('compliance'), standard });
      return {
        here: network.transport('bob'),
        there: network.transport('alice'),
        host: 'bob',
        nobody: 'memory://bob:9',
      };
    },
  });
}

async function pair(standard = {}, breakAfterMs = 30_000) {
  const clock = createStepClock();
  const network = createMemoryNetwork({ clock, random: seededRandom('pair'), standard, breakAfterMs });
  const accepted = Promise.withResolvers<ByteStream>();
  const listener = await network.transport('bob').listen({ host: 'bob', port: 7, onStream: accepted.resolve });
  const near = await clock.until(network.transport('alice').dial('memory://bob:7', never));
  return { clock, network, listener, near, far: await accepted.promise };
}

async function take(stream: ByteStream, bytes: number): Promise<number> {
  let got = 0;
  const reader = stream.incoming[Symbol.asyncIterator]();
  while (got < bytes) {
    const { done, value } = await reader.next();
    if (done) break;
    got += value.length;
  }
  return got;
}

test('a wire without delay needs no clock', async () => {
  const { clock, near, far } = await pair();
  const reading = take(far, 100_000);
  await near.write(new Uint8Array(100_000));
  await settle();
  assert.equal(await reading, 100_000);
  assert.equal(clock.pending, 0);
});

test('latency and bandwidth decide when bytes arrive', async () => {
  const { clock, near, far } = await pair({ latencyMs: 100, bytesPerSecond: 16_384 });
  const start = clock.now();
  const reading = take(far, 65_536);
  await near.write(new Uint8Array(65_536));
  await clock.until(reading);
  assert.equal(clock.now() - start, 4_100);
});

test('one percent of loss leaves at least eighty percent of the line, thirty percent hangs nothing', async () => {
  for (const [lossProbability, share] of [
    [0.01, 0.8],
    [0.3, 0.4],
  ] as const) {
    const { clock, near, far } = await pair({ latencyMs: 20, bytesPerSecond: 1_000_000, lossProbability });
    const start = clock.now();
    const reading = take(far, 4_000_000);
    const writing = (async () => {
      for (let sent = 0; sent < 4_000_000; sent += 40_000) await near.write(new Uint8Array(40_000));
    })();
    await clock.until(reading);
    await writing;
    const seconds = (clock.now() - start) / 1000;
    assert.ok(4 / seconds > share, `${4 / seconds} MB/s at a loss of ${lossProbability}`);
  }
});

test('a cut stalls a stream, mending lets it go on without a lost byte', async () => {
  const { clock, network, near, far } = await pair({ latencyMs: 5 });
  network.cut('alice', 'bob');
  let got = 0;
  const reading = take(far, 50_000).then((bytes) => {
    got = bytes;
  });
  await near.write(new Uint8Array(50_000));
  await clock.advance(20_000);
  assert.equal(got, 0);
  network.mend('alice', 'bob');
  await clock.until(reading);
  assert.equal(got, 50_000);
});

test('a cut that is not mended breaks the stream at both ends', async () => {
  const { clock, network, near, far } = await pair({ latencyMs: 5 }, 10_000);
  network.partition([['alice'], ['bob']]);
  const broken = [near, far].map((end) => assert.rejects(take(end, 1), (e) => isBitDustError(e, 'STREAM_RESET')));
  await clock.advance(10_000);
  await Promise.all(broken);
  await Promise.all([near.closed, far.closed]);
  await settle();
  assert.equal(network.openStreams(), 0);
});

test('a dial across a partition ends at its deadline, a clog passes by itself', async () => {
  const { clock, network } = await pair();
  network.partition([['alice', 'carol'], ['bob']]);
  const dialling = network.transport('alice').dial('memory://bob:7', never);
  const failed = assert.rejects(dialling, (error) => isBitDustError(error, 'DIAL_FAILED'));
  await clock.advance(10_000);
  await failed;
  network.partition([]);
  network.clog('alice', 'bob', 500);
  await clock.advance(500);
  await clock.until(network.transport('alice').dial('memory://bob:7', never));
});

test('a crashed host breaks its streams and refuses dials until it listens again', async () => {
  const { clock, network, near } = await pair();
  network.crash('bob');
  await assert.rejects(take(near, 1), (error) => isBitDustError(error, 'STREAM_RESET'));
  const refused = network.transport('alice').dial('memory://bob:7', never);
  await assert.rejects(clock.until(refused), (error) => isBitDustError(error, 'DIAL_FAILED'));
  await network.transport('bob').listen({ host: 'bob', port: 7, onStream: () => {} });
  await clock.until(network.transport('alice').dial('memory://bob:7', never));
});

test('the same seed gives the same arrival times, whatever the wire and the writes', async () => {
  const runOnce = async (sizes: readonly number[], profile: object) => {
    const { clock, near, far } = await pair(profile);
    const seen: string[] = [];
    const reading = (async () => {
      for await (const chunk of far.incoming) seen.push(`${clock.monotonic()}:${chunk.length}`);
    })();
    for (const size of sizes) await clock.until(near.write(new Uint8Array(size)));
    await near.end();
    await clock.until(reading);
    return seen.join(' ');
  };
  const profiles = fc.record({
    latencyMs: fc.nat(300),
    jitterMs: fc.nat(100),
    lossProbability: fc.double({ min: 0, max: 0.3, noNaN: true }),
    bytesPerSecond: fc.constantFrom(0, 16_000, 1_000_000),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 60_000 }), { maxLength: 6 }),
      profiles,
      async (sizes, profile) => {
        assert.equal(await runOnce(sizes, profile), await runOnce(sizes, profile));
      },
    ),
    { numRuns: 20 },
  );
});
