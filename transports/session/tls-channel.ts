import type { TLSSocket } from 'node:tls';
import type { ByteStream } from '../../ports/transports.ts';
import type { Clock } from '../../ports/world.ts';
import type { Channel } from './channel.ts';

/** A peer that does not take our last words is left after this. */
const CLOSE_MS = 5_000;

/** A proven-server TLS socket as a channel. The socket belongs to it. */
export function tlsChannel(
  socket: TLSSocket,
  options: { readonly exporter: Uint8Array; readonly stream: ByteStream; readonly clock: Clock },
): Channel {
  const { exporter, stream, clock } = options;
  const destroy = () => {
    socket.destroy();
    stream.destroy();
  };
  socket.on('error', destroy);
  socket.on('end', destroy);
  return {
    exporter,
    write: (bytes, done) => {
      socket.write(bytes, (error) => {
        if (!error) done();
      });
    },
    read: (listener) => {
      socket.on('data', listener);
    },
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    onClosed: (listener) => {
      if (socket.destroyed) queueMicrotask(listener);
      else socket.once('close', listener);
    },
    end: () => {
      const timer = clock.setTimeout(destroy, CLOSE_MS);
      socket.once('close', () => clock.clearTimeout(timer));
      socket.destroySoon();
    },
    destroy,
  };
}
