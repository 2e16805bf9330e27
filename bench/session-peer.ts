import { createHash, randomBytes } from 'node:crypto';
import { createSecureServer, type ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, createServer, type Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer } from 'node:tls';
import type { Sessions } from '../ports/sessions.ts';
import type { ByteStream } from '../ports/transports.ts';
import type { Clock, Random } from '../ports/world.ts';
import { deviceIdFrom } from '../protocol/ids.ts';
import { certificateOf, pem, privateKeyPem } from '../transports/session/certificate.ts';
import { createSessions } from '../transports/session/sessions.ts';
import { createSignerFactory, deviceKeysOf } from '../transports/session/signer.ts';
import { createTcpTransport } from '../transports/tcp/tcp-transport.ts';

/** Where the other process listens. */
export interface Ports {
  readonly tcpSink: number;
  readonly tcpEcho: number;
  readonly tlsSink: number;
  readonly tlsEcho: number;
  readonly session: number;
  readonly http2: number;
}

/** Bytes after which a sink answers with one. */
const SINK_BYTES = 256 * 1024 * 1024;

/** The machine's clock. */
export const benchClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimeout: (fire, delayMs) => setTimeout(fire, Math.min(delayMs, 2 ** 31 - 1)).unref(),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
};

/** A device of the benchmark by number. */
export function benchDevice(number: number) {
  const signer = createSignerFactory().fromSeed(createHash('sha256').update(`bench ${number}`).digest());
  const random: Random = { bytes: (length) => new Uint8Array(randomBytes(length)), fraction: () => Math.random() };
  return { signer, random, device: deviceIdFrom(signer.publicKey), networkId: new Uint8Array(32).fill(9) };
}

function sink(socket: Duplex): void {
  let got = 0;
  socket.on('error', () => {});
  socket.on('data', (chunk: Uint8Array) => {
    got += chunk.length;
    if (got < SINK_BYTES) return;
    got -= SINK_BYTES;
    socket.write(Uint8Array.of(1));
  });
}

function echo(socket: Duplex): void {
  socket.on('error', () => {});
  socket.on('data', (chunk: Uint8Array) => socket.write(chunk));
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

function http2(stream: ServerHttp2Stream, path: string | undefined): void {
  stream.on('error', () => {});
  stream.respond({ ':status': 200 });
  if (path === '/echo') {
    echo(stream);
    return;
  }
  stream.on('data', () => {});
  stream.on('end', () => stream.end());
}

async function serveLink(sessions: Sessions, stream: ByteStream): Promise<void> {
  const signal = new AbortController().signal;
  const link = await sessions.accept(stream, { transport: 'tcp', signal });
  if (link === undefined) return;
  link.onPacket((packet) => void link.send(packet));
  for (let id = 1; ; id += 2) {
    const bulk = await link.acceptStream(id, signal);
    for await (const chunk of bulk.incoming) void chunk;
    await bulk.end();
  }
}

async function listenSession(): Promise<number> {
  const { device, signer, networkId, random } = benchDevice(2);
  const sessions = createSessions({ device, signer, networkId, random, clock: benchClock });
  const listener = await createTcpTransport().listen({
    host: '127.0.0.1',
    port: 0,
    // It ends with the link, whose loss is no news here.
    onStream: (stream) => void serveLink(sessions, stream).catch(() => undefined),
  });
  return listener.port;
}

async function serve(): Promise<void> {
  const { signer } = benchDevice(3);
  const { privateKey } = deviceKeysOf(signer);
  const cert = pem('CERTIFICATE', certificateOf({ publicKey: signer.publicKey, sign: signer.sign }));
  const tls = { key: privateKeyPem(privateKey), cert, minVersion: 'TLSv1.3' } as const;
  const overHttp2 = createSecureServer({ ...tls, settings: { initialWindowSize: 4 * 1024 * 1024 } });
  overHttp2.on('session', (session) => session.setLocalWindowSize(4 * 1024 * 1024));
  overHttp2.on('stream', (stream, headers) => http2(stream, headers[':path']));
  const ports: Ports = {
    tcpSink: await listen(createServer({ noDelay: true }, sink)),
    tcpEcho: await listen(createServer({ noDelay: true }, echo)),
    tlsSink: await listen(createTlsServer({ ...tls, noDelay: true }, sink)),
    tlsEcho: await listen(createTlsServer({ ...tls, noDelay: true }, echo)),
    session: await listenSession(),
    http2: await listen(overHttp2),
  };
  process.on('disconnect', () => process.exit(0));
  process.send?.(ports);
}

if (process.argv[2] === 'serve') void serve();
