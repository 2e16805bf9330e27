import { connect, createServer, isIP, type Server, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { ByteStream, Transport, TransportListener } from '../../ports/transports.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { formatTcpAddress, parseTcpAddress } from './address.ts';
import { socketStream } from './socket-stream.ts';

const ANY_HOSTS: readonly string[] = ['0.0.0.0', '::', ''];

/** Addresses others may dial: the host itself, or for "any host" those of the interfaces, outer ones first. */
function dialable(host: string, port: number): readonly string[] {
  if (!ANY_HOSTS.includes(host)) return [formatTcpAddress({ host, port })];
  const found = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family, scopeid }) => (family === 'IPv4' ? true : host !== '0.0.0.0' && !scopeid));
  return found
    .sort((a, b) => Number(a.internal) - Number(b.internal) || a.family.localeCompare(b.family))
    .map(({ address }) => formatTcpAddress({ host: address, port }));
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): BitDustError {
  const code = error.code === 'EADDRINUSE' ? 'PORT_TAKEN' : 'LISTEN_FAILED';
  return new BitDustError(code, undefined, { cause: error, details: { host, port, reason: error.code ?? '' } });
}

function bind(server: Server, options: { readonly host: string; readonly port: number }): Promise<number> {
  const { host, port } = options;
  return new Promise((resolve, reject) => {
    const failed = (error: Error) => reject(listenError(error, host, port));
    server.once('error', failed);
    try {
      server.listen({ host, port, exclusive: true, backlog: 511 }, () => {
        server.off('error', failed);
        const address = server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : port);
      });
    } catch (error) {
      failed(error as Error);
    }
  });
}

async function listen(options: {
  readonly host: string;
  readonly port: number;
  readonly onStream: (stream: ByteStream) => void;
}): Promise<TransportListener> {
  const { host, onStream } = options;
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true });
  server.on('connection', (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    onStream(socketStream(socket));
  });
  const port = await bind(server, options);
  // Running out of descriptors shows here; the listener stays, because the system takes connections again later.
  server.on('error', () => {});
  return {
    addresses: dialable(host, port),
    port,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}

function dialError(address: string, cause: unknown): BitDustError {
  const reason = (cause as NodeJS.ErrnoException | undefined)?.code ?? '';
  return new BitDustError('DIAL_FAILED', undefined, { cause, details: { address, reason } });
}

function dial(address: string, signal: AbortSignal): Promise<ByteStream> {
  const target = parseTcpAddress(address);
  if (target === undefined) return Promise.reject(dialError(address, new TypeError('not a tcp:// address')));
  if (signal.aborted) return Promise.reject(signal.reason);
  return new Promise((resolve, reject) => {
    const socket = connect({
      ...target,
      allowHalfOpen: true,
      noDelay: true,
      autoSelectFamily: isIP(target.host) === 0,
    });
    const over = () => {
      clearTimeout(deadline);
      signal.removeEventListener('abort', abort);
      socket.off('connect', connected);
      socket.off('error', failed);
    };
    const give = (error: unknown) => {
      over();
      socket.on('error', () => {});
      socket.destroy();
      reject(error);
    };
    const failed = (error: Error) => give(dialError(address, error));
    const abort = () => give(signal.reason);
    const connected = () => {
      over();
      resolve(socketStream(socket));
    };
    const deadline = setTimeout(() => failed(new Error('no answer in time')), LIMITS.dialMs.value);
    signal.addEventListener('abort', abort, { once: true });
    socket.once('connect', connected);
    socket.once('error', failed);
  });
}

/** Streams over TCP, IPv4 and IPv6, at addresses `tcp://host:port`. */
export function createTcpTransport(): Transport {
  return { name: 'tcp', serves: (address) => parseTcpAddress(address) !== undefined, listen, dial };
}
