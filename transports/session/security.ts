import type { ByteStream } from '../../ports/transports.ts';
import type { Channel } from './channel.ts';

/** Knock and encryption below the frames: TLS in the real world. Both calls own the stream until they settle. */
export interface SessionSecurity {
  /** Knocks at a device and makes a channel to it; rejects with `HANDSHAKE_FAILED` or `PEER_KEY_DIFFERS`. */
  dial(stream: ByteStream, peer: Uint8Array): Promise<Channel>;
  /** Waits for a good knock and makes the channel; undefined, without having sent a byte, when the knock is not good. */
  answer(stream: ByteStream): Promise<Channel | undefined>;
}
