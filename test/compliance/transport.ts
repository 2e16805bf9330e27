import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ByteStream, Transport } from '../../ports/transports.ts';
import { isBitDustError } from '../../protocol/errors.ts';

/** What the suite needs of an adapter: a transport that listens and one that dials it. */
export interface TransportUnderTest {
  readonly name: string;
  readonly make: () => {
    readonly here: Transport;
    readonly there: Transport;
    /** The host `here` listens at. */
    readonly host: string;
    /** An address of the right form where nobody listens. */
    readonly nobody: string;
  };
}

const never = () => new AbortController().signal;

/** Bytes whose every position can be told from its neighbours. */
function pattern(length: number, from = 0): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 1) bytes[at] = ((from + at) * 31 + ((from + at) >> 8)) & 255;
  return bytes;
}

async function readAll(stream: ByteStream): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream.incoming) chunks.push(Uint8Array.from(chunk));
  return new Uint8Array(Buffer.concat(chunks));
}

async function connected(under: TransportUnderTest) {
  const { here, there, host } = under.make();
  const accepted = Promise.withResolvers<ByteStream>();
  const listener = await here.listen({ host, port: 0, onStream: accepted.resolve });
  const address = listener.addresses[0];
  assert.ok(address !== undefined);
  const near = await there.dial(address, never());
  return { listener, address, near, far: await accepted.promise, there, here, host };
}

function bytesCases(under: TransportUnderTest): void {
  it('carries bytes both ways in order and ends each direction on its own', async () => {
    const { listener, near, far } = await connected(under);
    const whole = pattern(300_000);
    const sent = (async () => {
      for (let at = 0; at < whole.length; at += 7_001) await near.write(whole.subarray(at, at + 7_001));
      await near.end();
    })();
    assert.deepEqual(await readAll(far), whole);
    await sent;
    await far.write(pattern(9, 5));
    await far.end();
    assert.deepEqual(await readAll(near), pattern(9, 5));
    await Promise.all([near.closed, far.closed]);
    await listener.close();
  });

  it('lets the writer reuse its buffer once the write resolved', async () => {
    const { listener, near, far } = await connected(under);
    const buffer = new Uint8Array(4_000);
    for (let round = 0; round < 10; round += 1) await near.write(buffer.fill(round));
    await near.end();
    const got = await readAll(far);
    assert.equal(got.length, 40_000);
    for (let round = 0; round < 10; round += 1) assert.equal(got[round * 4_000 + 3_999], round);
    await listener.close();
  });

  it('holds a writer back whose reader does not read, and loses nothing', async () => {
    const { listener, near, far } = await connected(under);
    const block = pattern(256 * 1024);
    let written = 0;
    const writing = (async () => {
      for (; written < 64; written += 1) await near.write(block);
      await near.end();
    })();
    let before = -1;
    while (written !== before) {
      before = written;
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    assert.ok(written < 64, 'sixteen megabytes did not fit into buffers nobody reads');
    const got = await readAll(far);
    await writing;
    assert.equal(got.length, 64 * block.length);
    assert.deepEqual(got.subarray(-block.length), block);
    await listener.close();
  });
}

function endingCases(under: TransportUnderTest): void {
  it('tells the other side of a destroyed stream, and refuses its own writes', async () => {
    const { listener, near, far } = await connected(under);
    const reading = assert.rejects(readAll(far), (error) => isBitDustError(error, 'STREAM_RESET'));
    await near.write(pattern(10));
    near.destroy();
    await near.closed;
    await assert.rejects(near.write(pattern(10)), (error) => isBitDustError(error, 'STREAM_RESET'));
    far.destroy();
    await reading;
    await far.closed;
    await listener.close();
  });

  it('destroys the stream when its reader leaves early', async () => {
    const { listener, near, far } = await connected(under);
    await near.write(pattern(10));
    for await (const chunk of far.incoming) {
      assert.ok(chunk.length > 0);
      break;
    }
    await far.closed;
    near.destroy();
    await listener.close();
  });

  it('closes the streams of a closed listener and frees its port', async () => {
    const { listener, near, here, host } = await connected(under);
    await listener.close();
    await readAll(near).catch(() => undefined);
    near.destroy();
    const again = await here.listen({ host, port: listener.port, onStream: () => {} });
    assert.equal(again.port, listener.port);
    await again.close();
  });
}

function addressCases(under: TransportUnderTest): void {
  it('knows its own addresses and those of the other end', async () => {
    const { listener, near, far, address, there } = await connected(under);
    assert.equal(near.remoteAddress, address);
    assert.notEqual(far.remoteAddress, address);
    assert.ok(there.serves(address));
    assert.ok(there.serves(far.remoteAddress));
    for (const wrong of ['', 'udp://127.0.0.1:1', address.slice(1), address.replace(/:\d+$/, ':123456')]) {
      assert.equal(there.serves(wrong), false, wrong);
    }
    near.destroy();
    await listener.close();
  });

  it('rejects a taken port, a wrong address, an address where nobody listens, and an aborted dial', async () => {
    const { listener, near, here, there, host } = await connected(under);
    const { nobody } = under.make();
    const taken = here.listen({ host, port: listener.port, onStream: () => {} });
    await assert.rejects(taken, (error) => isBitDustError(error, 'PORT_TAKEN'));
    await assert.rejects(there.dial('nonsense', never()), (error) => isBitDustError(error, 'DIAL_FAILED'));
    await assert.rejects(there.dial(nobody, never()), (error) => isBitDustError(error, 'DIAL_FAILED'));
    const reason = new Error('enough');
    await assert.rejects(there.dial(nobody, AbortSignal.abort(reason)), reason);
    near.destroy();
    await listener.close();
  });
}

/** Every transport passes these. */
export function transportCompliance(under: TransportUnderTest): void {
  describe(`transport ${under.name}`, () => {
    bytesCases(under);
    endingCases(under);
    addressCases(under);
  });
}
