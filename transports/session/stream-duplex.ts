import { Duplex } from 'node:stream';
import type { ByteStream } from '../../ports/transports.ts';

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

/** The duplex below a stream, or one made over it, for `node:tls`. The stream must not be used beside it. */
export function duplexOf(stream: ByteStream): Duplex {
  if (stream.native instanceof Duplex) return stream.native;
  const reader = stream.incoming[Symbol.asyncIterator]();
  let isReading = false;
  const readOn = async (duplex: Duplex) => {
    if (isReading) return;
    isReading = true;
    try {
      for (let wantsMore = true; wantsMore; ) {
        const { done, value } = await reader.next();
        wantsMore = duplex.push(done ? null : value) && !done;
      }
    } catch (error) {
      duplex.destroy(asError(error));
    } finally {
      isReading = false;
    }
  };
  return new Duplex({
    read() {
      void readOn(this);
    },
    write(chunk: Uint8Array, _encoding, done) {
      stream.write(chunk).then(
        () => done(),
        (error) => done(asError(error)),
      );
    },
    final(done) {
      stream.end().then(
        () => done(),
        (error) => done(asError(error)),
      );
    },
    destroy(error, done) {
      stream.destroy(error ?? undefined);
      done(error);
    },
  });
}
