import type { Socket } from 'node:net';
import type { ByteStream } from '../../ports/transports.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { formatTcpAddress } from './address.ts';

function broken(cause: unknown): BitDustError {
  return cause instanceof BitDustError ? cause : new BitDustError('STREAM_RESET', undefined, { cause });
}

async function* chunksOf(socket: Socket, causeOf: () => unknown): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of socket.iterator({ destroyOnReturn: true })) yield chunk as Uint8Array;
  } catch (error) {
    throw broken(causeOf() ?? error);
  }
}

/** A connected socket as our stream. The socket belongs to the stream from here on. */
export function socketStream(socket: Socket): ByteStream {
  let cause: unknown;
  socket.setNoDelay(true);
  socket.on('error', (error) => {
    cause ??= error;
  });
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
  });
  const remoteAddress = formatTcpAddress({ host: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 });
  let chunks: AsyncGenerator<Uint8Array> | undefined;
  return {
    get incoming() {
      chunks ??= chunksOf(socket, () => cause);
      return chunks;
    },
    write: (data) =>
      new Promise<void>((resolve, reject) => {
        socket.write(data, (error) => (error ? reject(broken(cause ?? error)) : resolve()));
      }),
    end: () =>
      new Promise<void>((resolve, reject) => {
        const over = () => (socket.writableFinished ? resolve() : reject(broken(cause)));
        if (socket.writableFinished || socket.destroyed) over();
        else {
          socket.once('close', over);
          socket.end(() => resolve());
        }
      }),
    destroy: (reason) => {
      cause ??= reason;
      socket.destroy();
    },
    closed,
    remoteAddress,
    native: socket,
  };
}
