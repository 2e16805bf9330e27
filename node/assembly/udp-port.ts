import { createSocket } from 'node:dgram';
import { once } from 'node:events';

/** A UDP port that nobody uses now on this address. */
export async function freeUdpPort(host: string): Promise<number> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  try {
    socket.bind(0, host);
    await once(socket, 'listening');
    return socket.address().port;
  } finally {
    socket.close();
  }
}
