import type { ByteStream } from '../../ports/transports.ts';
import type { Clock } from '../../ports/world.ts';
import { BitDustError } from '../../protocol/errors.ts';
import type { Channel } from './channel.ts';
import { FrameReader, type FrameSink, type FrameType } from './frames.ts';

/** Runs a handshake against a deadline and a signal; either destroys the stream, and so does every failure. */
export async function withinDeadline<Value>(
  work: () => Promise<Value>,
  options: {
    readonly stream: ByteStream;
    readonly clock: Clock;
    readonly signal: AbortSignal;
    readonly deadlineMs: number;
  },
): Promise<Value> {
  const { stream, clock, signal, deadlineMs } = options;
  let giveUp: (error: unknown) => void = () => {};
  const given = new Promise<never>((_, reject) => {
    giveUp = reject;
  });
  const abort = () => giveUp(signal.reason);
  const timer = clock.setTimeout(() => giveUp(new BitDustError('HANDSHAKE_TIMEOUT')), deadlineMs);
  signal.addEventListener('abort', abort, { once: true });
  try {
    signal.throwIfAborted();
    return await Promise.race([work(), given]);
  } catch (error) {
    stream.destroy();
    throw error;
  } finally {
    clock.clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}

/** The first frame of a channel, and what is needed to go on behind it. */
export interface FirstFrame {
  readonly payload: Uint8Array;
  readonly reader: FrameReader;
  /** Hands over all bytes behind the frame, those that came with it first. */
  readonly goOn: (listener: (chunk: Uint8Array) => void) => void;
}

/** Reads exactly one frame, which must be of this type; anything else rejects with `HANDSHAKE_FAILED`. */
export function firstFrame(channel: Channel, type: FrameType): Promise<FirstFrame> {
  return new Promise((resolve, reject) => {
    const failed = (cause?: unknown) => {
      channel.destroy();
      reject(new BitDustError('HANDSHAKE_FAILED', undefined, { cause }));
    };
    let payload: Uint8Array | undefined;
    const unexpected = (): never => {
      throw new BitDustError('FRAME_INVALID', 'Another frame was expected first.');
    };
    const sink: FrameSink = {
      frame: (got, _stream, bytes) => {
        if (got !== type) unexpected();
        payload = bytes;
        reader.stop();
      },
      data: unexpected,
    };
    const reader = new FrameReader(sink);
    const early: Uint8Array[] = [];
    let forward = (chunk: Uint8Array): void => {
      try {
        const rest = reader.push(chunk);
        if (payload === undefined) return;
        forward = (more) => early.push(more);
        if (rest.length > 0) early.push(rest);
        channel.pause();
        resolve({ payload, reader, goOn });
      } catch (error) {
        forward = () => {};
        failed(error);
      }
    };
    const goOn = (listener: (chunk: Uint8Array) => void) => {
      forward = listener;
      for (const chunk of early.splice(0)) listener(chunk);
      channel.resume();
    };
    channel.read((chunk) => forward(chunk));
    channel.onClosed(() => failed());
  });
}
