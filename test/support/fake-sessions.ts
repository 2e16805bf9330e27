import { crc32 } from 'node:zlib';
import type { SessionClaims, Sessions } from '../../ports/sessions.ts';
import type { Signer } from '../../ports/signer.ts';
import type { ByteStream } from '../../ports/transports.ts';
import type { Clock, Random } from '../../ports/world.ts';
import { verify } from '../../protocol/ed25519.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { concatBytes, equalBytes, sha256, textBytes } from '../../protocol/hash.ts';
import { type DeviceId, deviceIdFrom } from '../../protocol/ids.ts';
import type { Channel } from '../../transports/session/channel.ts';
import { imageOf } from '../../transports/session/key-image.ts';
import { createKnockJudge, KNOCK_BYTES, makeKnock } from '../../transports/session/knock.ts';
import type { SessionSecurity } from '../../transports/session/security.ts';
import { createSessionsOver } from '../../transports/session/sessions-core.ts';
import { createFakeSealing, fakeSealingKey } from './fake-sealing.ts';

// What TLS 1.3 with X25519MLKEM768 and our certificate writes in each flight.
const CLIENT_HELLO_BYTES = 1359;
const SERVER_FLIGHT_BYTES = 1665;
const FINISHED_BYTES = 80;
const TICKETS_BYTES = 158;
const RECORD_HEAD_BYTES = 5;
const RECORD_TAIL_BYTES = 17;
const RECORD_BYTES = 16 * 1024;

/** Takes exact numbers of bytes off a stream. */
class Taker {
  readonly #reader: AsyncIterator<Uint8Array>;
  #rest = new Uint8Array(0);

  constructor(stream: ByteStream) {
    this.#reader = stream.incoming[Symbol.asyncIterator]();
  }

  /** Undefined when the stream ends before. */
  async take(length: number): Promise<Uint8Array | undefined> {
    while (this.#rest.length < length) {
      const { done, value } = await this.#reader.next();
      if (done) return undefined;
      this.#rest = this.#rest.length === 0 ? Uint8Array.from(value) : Buffer.from(concatBytes(this.#rest, value));
    }
    const taken = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    return taken;
  }
}

function seal(key: number, payload: Uint8Array): Uint8Array {
  const record = new Uint8Array(RECORD_HEAD_BYTES + payload.length + RECORD_TAIL_BYTES);
  const view = new DataView(record.buffer);
  view.setUint32(0, 0x17030300);
  view.setUint16(3, payload.length + RECORD_TAIL_BYTES);
  record.set(payload, RECORD_HEAD_BYTES);
  view.setUint32(RECORD_HEAD_BYTES + payload.length, crc32(payload, key));
  return record;
}

/** Records without secrecy: the sizes of TLS, and damage is noticed. */
function fakeChannel(stream: ByteStream, options: { readonly taker: Taker; readonly exporter: Uint8Array }): Channel {
  const { taker, exporter } = options;
  const key = new DataView(exporter.buffer, exporter.byteOffset).getUint32(0);
  const listeners: (() => void)[] = [];
  let isClosed = false;
  let gate: PromiseWithResolvers<void> | undefined;
  const closed = () => {
    if (isClosed) return;
    isClosed = true;
    gate?.resolve();
    for (const listener of listeners.splice(0)) listener();
  };
  const destroy = () => {
    stream.destroy();
    closed();
  };
  void stream.closed.then(destroy);
  let writing = Promise.resolve();
  const write = async (bytes: Uint8Array, done: () => void) => {
    for (let at = 0; at < bytes.length; at += RECORD_BYTES) {
      await stream.write(seal(key, bytes.subarray(at, at + RECORD_BYTES)));
    }
    if (!isClosed) done();
  };
  const readOn = async (listener: (chunk: Uint8Array) => void) => {
    while (!isClosed) {
      await gate?.promise;
      const head = await taker.take(RECORD_HEAD_BYTES);
      if (head === undefined) return destroy();
      const length = ((head[3] ?? 0) << 8) | (head[4] ?? 0);
      const body = await taker.take(length);
      if (body === undefined || length < RECORD_TAIL_BYTES) return destroy();
      const payload = body.subarray(0, -RECORD_TAIL_BYTES);
      const tag = new DataView(body.buffer, body.byteOffset + payload.length).getUint32(0);
      if (tag !== crc32(payload, key)) return destroy();
      await gate?.promise;
      if (!isClosed) listener(Uint8Array.from(payload));
    }
  };
  return {
    exporter,
    write: (bytes, done) => {
      writing = writing.then(() => write(bytes, done)).catch(destroy);
    },
    read: (listener) => void readOn(listener).catch(destroy),
    pause: () => {
      gate ??= Promise.withResolvers();
    },
    resume: () => {
      gate?.resolve();
      gate = undefined;
    },
    onClosed: (listener) => {
      if (isClosed) queueMicrotask(listener);
      else listeners.push(listener);
    },
    end: () => {
      isClosed = true;
      void writing.then(() => stream.end()).catch(destroy);
    },
    destroy,
  };
}

export interface FakeSelf {
  readonly signer: Signer;
  readonly networkId: Uint8Array;
  readonly clock: Clock;
  readonly random: Random;
}

function transcript(networkId: Uint8Array, hello: Uint8Array, serverPart: Uint8Array): Uint8Array {
  return sha256(textBytes('fake session'), networkId, hello, serverPart);
}

function padded(length: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(length);
  out.set(concatBytes(...parts));
  return out;
}

async function dial(self: FakeSelf, stream: ByteStream, peer: Uint8Array): Promise<Channel> {
  const { networkId, clock, random } = self;
  const knock = await makeKnock({ image: imageOf(peer), networkId, sealing: createFakeSealing(), clock, random });
  const hello = padded(CLIENT_HELLO_BYTES, random.bytes(32));
  const taker = new Taker(stream);
  await stream.write(concatBytes(knock, hello));
  const flight = await taker.take(SERVER_FLIGHT_BYTES);
  if (flight === undefined) throw new BitDustError('HANDSHAKE_FAILED');
  const [serverPart, signature] = [flight.subarray(0, 64), flight.subarray(64, 128)];
  const exporter = transcript(networkId, hello, serverPart);
  if (!equalBytes(serverPart.subarray(0, 32), peer)) throw new BitDustError('PEER_KEY_DIFFERS');
  if (!verify(peer, exporter, signature)) throw new BitDustError('HANDSHAKE_FAILED');
  await stream.write(padded(FINISHED_BYTES, exporter));
  await taker.take(TICKETS_BYTES);
  return fakeChannel(stream, { taker, exporter });
}

async function answer(
  self: FakeSelf & { readonly isGood: (knock: Uint8Array) => Promise<boolean> },
  stream: ByteStream,
): Promise<Channel | undefined> {
  const { signer, networkId, random, isGood } = self;
  const taker = new Taker(stream);
  const knock = await taker.take(KNOCK_BYTES);
  if (knock === undefined || !(await isGood(knock))) {
    // Reads on and says nothing, as the real one.
    while (knock !== undefined && (await taker.take(1)) !== undefined);
    stream.destroy();
    return undefined;
  }
  const hello = await taker.take(CLIENT_HELLO_BYTES);
  if (hello === undefined) throw new BitDustError('HANDSHAKE_FAILED');
  const serverPart = concatBytes(signer.publicKey, random.bytes(32));
  const exporter = transcript(networkId, hello, serverPart);
  await stream.write(padded(SERVER_FLIGHT_BYTES, serverPart, signer.sign(exporter)));
  const finished = await taker.take(FINISHED_BYTES);
  if (finished === undefined || !equalBytes(finished.subarray(0, 32), exporter))
    throw new BitDustError('HANDSHAKE_FAILED');
  await stream.write(new Uint8Array(TICKETS_BYTES));
  return fakeChannel(stream, { taker, exporter });
}

/** Knock and records of the fake; exported for tests that play a hostile peer. */
export function fakeSecurity(self: FakeSelf): SessionSecurity {
  const image = fakeSealingKey('x25519', imageOf(self.signer.publicKey));
  const judge = createKnockJudge({ image, networkId: self.networkId, clock: self.clock });
  return {
    dial: (stream, peer) => dial(self, stream, peer),
    answer: (stream) => answer({ ...self, isGood: judge.isGood }, stream),
  };
}

/**
 * Sessions for the seeded world: the real knock, proof, frames and links over records without secrecy. Everything
 * runs in microtasks and on the clock given.
 */
export function createFakeSessions(options: {
  readonly device: DeviceId;
  readonly signer: Signer;
  readonly networkId: Uint8Array;
  readonly clock: Clock;
  readonly random: Random;
  readonly claims?: () => SessionClaims;
}): Sessions {
  const { device, claims, ...self } = options;
  if (deviceIdFrom(self.signer.publicKey) !== device) throw new TypeError('the signer is not that of the device');
  const { signer, clock, random } = self;
  return createSessionsOver({ signer, clock, random, security: fakeSecurity(self), claims });
}
