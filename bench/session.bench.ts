import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { connect as dialHttp2 } from 'node:http2';
import { connect as dialTcp, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as dialTls } from 'node:tls';
import { createSessions } from '../transports/session/sessions.ts';
import { createTcpTransport } from '../transports/tcp/tcp-transport.ts';
import { type BenchRow, median, rounded } from './kit.ts';
import { benchClock, benchDevice, type Ports } from './session-peer.ts';

const RUNS = 5;
const BYTES = 256 * 1024 * 1024;
const BLOCK = new Uint8Array(256 * 1024);
const ROUND_TRIPS = 4_000;
const MESSAGE_BYTES = 100;

/** One way to move bytes to the other process and to go there and back. */
interface Way {
  readonly name: string;
  /** Moves all bytes and resolves when the other side has them. */
  readonly send: () => Promise<void>;
  readonly roundTrips: () => Promise<void>;
  readonly close: () => void;
}

async function writeAll(socket: Duplex): Promise<void> {
  for (let sent = 0; sent < BYTES; sent += BLOCK.length) {
    if (!socket.write(BLOCK)) await once(socket, 'drain');
  }
}

/** The other process echoes messages on one port and answers a byte for every `BYTES` on another. */
function overDuplex(
  name: string,
  dial: (port: number) => Duplex,
  ports: { readonly sink: number; readonly echo: number },
): Way {
  const sink = dial(ports.sink);
  const echo = dial(ports.echo);
  const message = new Uint8Array(MESSAGE_BYTES);
  return {
    name,
    send: async () => {
      const answered = once(sink, 'data');
      await writeAll(sink);
      await answered;
    },
    roundTrips: async () => {
      for (let n = 0; n < ROUND_TRIPS; n += 1) {
        let got = 0;
        const back = new Promise<void>((resolve) => {
          const take = (chunk: Uint8Array) => {
            got += chunk.length;
            if (got < MESSAGE_BYTES) return;
            echo.off('data', take);
            resolve();
          };
          echo.on('data', take);
        });
        echo.write(message);
        await back;
      }
    },
    close: () => {
      sink.destroy();
      echo.destroy();
    },
  };
}

function plainTcp(port: number): Socket {
  return dialTcp({ port, host: '127.0.0.1', noDelay: true });
}

async function overSession(port: number): Promise<Way> {
  const { device, signer, networkId, random } = benchDevice(1);
  const sessions = createSessions({ device, signer, networkId, random, clock: benchClock });
  const signal = new AbortController().signal;
  const stream = await createTcpTransport().dial(`tcp://127.0.0.1:${port}`, signal);
  const link = await sessions.connect(stream, { peer: benchDevice(2).device, transport: 'tcp', signal });
  const message = new Uint8Array(MESSAGE_BYTES);
  let wake = () => {};
  link.onPacket(() => wake());
  return {
    name: 'session',
    send: async () => {
      const bulk = link.openStream();
      for (let sent = 0; sent < BYTES; sent += BLOCK.length) await bulk.write(BLOCK);
      await bulk.end();
      for await (const chunk of bulk.incoming) void chunk;
    },
    roundTrips: async () => {
      for (let n = 0; n < ROUND_TRIPS; n += 1) {
        const back = new Promise<void>((resolve) => {
          wake = resolve;
        });
        await link.send(message);
        await back;
      }
    },
    close: () => link.close('measured'),
  };
}

/** HTTP/2 over the same TLS, one request whose body is read whole and one whose body is echoed. */
function overHttp2(port: number): Way {
  const tls = dialTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['h2'] });
  const session = dialHttp2('https://127.0.0.1', { createConnection: () => tls });
  const echo = session.request({ ':method': 'POST', ':path': '/echo' });
  const message = new Uint8Array(MESSAGE_BYTES);
  return {
    name: 'http2',
    send: async () => {
      const request = session.request({ ':method': 'POST', ':path': '/sink' });
      await writeAll(request);
      request.end();
      request.resume();
      await once(request, 'end');
    },
    roundTrips: async () => {
      for (let n = 0; n < ROUND_TRIPS; n += 1) {
        const back = once(echo, 'data');
        echo.write(message);
        await back;
      }
    },
    close: () => session.destroy(),
  };
}

interface Figures {
  readonly mbPerSecond: number;
  readonly roundTripUs: number;
  /** User and system time of the sending process. */
  readonly senderSecondsPerGib: number;
}

/** In turns, so that whatever else the machine does meets all ways alike. The first turn is not counted. */
async function measureAll(ways: readonly Way[]): Promise<ReadonlyMap<string, Figures>> {
  const samples = new Map(
    ways.map(({ name }) => [name, { send: [] as number[], trip: [] as number[], cpu: [] as number[] }]),
  );
  for (let index = 0; index <= RUNS; index += 1) {
    for (const way of ways) {
      const cpu = process.cpuUsage();
      const begin = performance.now();
      await way.send();
      const sent = performance.now();
      const { user, system } = process.cpuUsage(cpu);
      await way.roundTrips();
      const into = samples.get(way.name);
      if (index === 0 || into === undefined) continue;
      into.send.push(sent - begin);
      into.trip.push(performance.now() - sent);
      into.cpu.push((user + system) / 1e6);
    }
  }
  const figuresOf = ({
    send,
    trip,
    cpu,
  }: {
    readonly send: number[];
    readonly trip: number[];
    readonly cpu: number[];
  }) => ({
    mbPerSecond: BYTES / 1000 / median(send),
    roundTripUs: (median(trip) * 1000) / ROUND_TRIPS,
    senderSecondsPerGib: (median(cpu) * 2 ** 30) / BYTES,
  });
  return new Map([...samples].map(([name, sample]) => [name, figuresOf(sample)]));
}

async function startPeer(): Promise<{ readonly child: ChildProcess; readonly ports: Ports }> {
  const child = fork(new URL('./session-peer.ts', import.meta.url), ['serve'], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const [ports] = (await once(child, 'message')) as [Ports];
  return { child, ports };
}

/** Bytes a second and the round trip of a session between two processes, beside TCP, TLS and HTTP/2. */
export async function run(): Promise<readonly BenchRow[]> {
  const { child, ports } = await startPeer();
  const dialPlainTls = (port: number) =>
    dialTls({ port, host: '127.0.0.1', rejectUnauthorized: false, minVersion: 'TLSv1.3' });
  const ways = [
    overDuplex('tcp', plainTcp, { sink: ports.tcpSink, echo: ports.tcpEcho }),
    overDuplex('tls', dialPlainTls, { sink: ports.tlsSink, echo: ports.tlsEcho }),
    await overSession(ports.session),
    overHttp2(ports.http2),
  ];
  const figures = await measureAll(ways);
  for (const way of ways) way.close();
  child.kill();
  const tls = figures.get('tls');
  return [...figures].flatMap(([name, { mbPerSecond, roundTripUs, senderSecondsPerGib }]) => {
    const compared = name === 'session' || name === 'http2';
    const against = compared ? 'tls' : null;
    return [
      {
        name: `${name} throughput`,
        runs: RUNS,
        median: rounded(mbPerSecond),
        unit: 'MB/s',
        ratio: compared && tls ? rounded(mbPerSecond / tls.mbPerSecond) : null,
        against,
        senderSecondsPerGib: rounded(senderSecondsPerGib),
      },
      {
        name: `${name} round trip`,
        runs: RUNS,
        median: rounded(roundTripUs),
        unit: 'us',
        ratio: compared && tls ? rounded(roundTripUs / tls.roundTripUs) : null,
        against,
      },
    ];
  });
}
