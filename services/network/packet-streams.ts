import type { IncomingStream, OutgoingStream } from '../../ports/messenger.ts';
import type { BulkStream, Link } from '../../ports/sessions.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { concatBytes } from '../../protocol/hash.ts';
import type { PacketStream } from '../../protocol/packet.ts';

/** Opens a stream for each, so that the packet can name them; nothing is sent before `pumpStreams`. */
export function openStreams(link: Link, streams: readonly OutgoingStream[]): readonly BulkStream[] {
  return streams.map(() => link.openStream());
}

/** Sends the bytes, exactly as many as were told; a stream that breaks is reset and the first error is thrown. */
export async function pumpStreams(
  opened: readonly BulkStream[],
  streams: readonly OutgoingStream[],
  signal: AbortSignal,
): Promise<void> {
  const abort = (): void => {
    for (const stream of opened) stream.reset();
  };
  signal.addEventListener('abort', abort, { once: true });
  try {
    signal.throwIfAborted();
    await Promise.all(streams.map((stream, at) => pump(opened[at] as BulkStream, stream)));
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

async function pump(out: BulkStream, stream: OutgoingStream): Promise<void> {
  let left = stream.length;
  try {
    const chunks = stream.bytes instanceof Uint8Array ? [stream.bytes] : stream.bytes;
    for await (const chunk of chunks) {
      left -= chunk.length;
      if (left < 0) throw new BitDustError('INTERNAL', 'A stream has more bytes than were told.');
      await out.write(chunk);
    }
    if (left > 0) throw new BitDustError('INTERNAL', 'A stream has fewer bytes than were told.');
    await out.end();
  } catch (error) {
    out.reset();
    throw error;
  }
}

/** The streams of a received packet, each taken from the session when it is read first. */
export function incomingStreams(
  link: Link,
  streams: readonly PacketStream[],
  signal: AbortSignal,
): readonly IncomingStream[] {
  return streams.map(({ id, length }) => incomingStream(link, { id, length, signal }));
}

function incomingStream(
  link: Link,
  options: { readonly id: number; readonly length: number; readonly signal: AbortSignal },
): IncomingStream {
  const { id, length, signal } = options;
  let taken: Promise<BulkStream> | undefined;
  let isOver = false;

  function take(): Promise<BulkStream> {
    taken ??= link.acceptStream(id, signal);
    return taken;
  }

  function cancel(): void {
    if (isOver) return;
    isOver = true;
    take().then(
      (stream) => stream.reset(),
      () => undefined,
    );
  }

  async function* read(): AsyncIterable<Uint8Array> {
    if (isOver) throw new BitDustError('STREAM_RESET');
    const stream = await take();
    let left = length;
    const abort = (): void => stream.reset();
    signal.addEventListener('abort', abort, { once: true });
    try {
      for await (const chunk of stream.incoming) {
        left -= chunk.length;
        if (left < 0) throw new BitDustError('PACKET_INVALID', 'A stream brought more bytes than the packet told.');
        yield chunk;
      }
      signal.throwIfAborted();
      if (left > 0) throw new BitDustError('STREAM_RESET', 'A stream ended before its length.');
      isOver = true;
    } finally {
      signal.removeEventListener('abort', abort);
      if (!isOver) {
        isOver = true;
        stream.reset();
      }
    }
  }

  return {
    length,
    read,
    cancel,
    async collect(bytesMax) {
      if (length > bytesMax) {
        cancel();
        throw new BitDustError('TOO_LARGE');
      }
      const chunks: Uint8Array[] = [];
      for await (const chunk of read()) chunks.push(chunk);
      return concatBytes(...chunks);
    },
  };
}
