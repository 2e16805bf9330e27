/** Buffers of the node's byte budget. They are lent, given back and used again; what is lent and kept free stays within the limit. */
export interface BufferRing {
  /** A buffer of exactly this size with any content, as soon as the budget has room. */
  take(bytes: number, signal: AbortSignal): Promise<ArrayBuffer>;
  /** The same at once, over the budget when it must be: for those who hold back what others wait for. */
  takeNow(bytes: number): ArrayBuffer;
  /** True when the budget has room for so many bytes now. */
  hasRoom(bytes: number): boolean;
  /** Takes a buffer back; one that was transferred elsewhere meanwhile (`bytes` says its size) is only no longer counted. */
  giveBack(buffer: ArrayBuffer, bytes?: number): void;
  /** What was taken is lost to somebody else for good (a thread that died). */
  forget(bytes: number): void;
  /** Takes a share without a buffer. The function gives it back. */
  reserve(bytes: number, signal: AbortSignal): Promise<() => void>;
  memory(): { readonly usedBytes: number; readonly limitBytes: number };
}

interface Waiter {
  readonly bytes: number;
  readonly go: () => void;
}

/** A ring with a limit in bytes. Who waits is served in order; something larger than the limit is lent when nothing else is. */
export function createBufferRing(limitBytes: number): BufferRing {
  const free: ArrayBuffer[] = [];
  const waiting: Waiter[] = [];
  let usedBytes = 0;
  let freeBytes = 0;

  const hasRoom = (bytes: number) => usedBytes === 0 || usedBytes + bytes <= limitBytes;

  function serve(): void {
    while (waiting.length > 0 && hasRoom(waiting[0]!.bytes)) waiting.shift()!.go();
  }

  function claim(bytes: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (waiting.length === 0 && hasRoom(bytes)) {
      usedBytes += bytes;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        waiting.splice(waiting.indexOf(waiter), 1);
        reject(signal.reason);
        serve();
      };
      const waiter: Waiter = {
        bytes,
        go: () => {
          signal.removeEventListener('abort', onAbort);
          usedBytes += bytes;
          resolve();
        },
      };
      signal.addEventListener('abort', onAbort, { once: true });
      waiting.push(waiter);
    });
  }

  function yieldBack(bytes: number): void {
    usedBytes -= bytes;
    serve();
  }

  function lend(bytes: number): ArrayBuffer {
    const at = free.findLastIndex((buffer) => buffer.byteLength === bytes);
    if (at < 0) return new ArrayBuffer(bytes);
    freeBytes -= bytes;
    return free.splice(at, 1)[0]!;
  }

  return {
    async take(bytes, signal) {
      await claim(bytes, signal);
      return lend(bytes);
    },
    takeNow(bytes) {
      usedBytes += bytes;
      return lend(bytes);
    },
    hasRoom,
    giveBack(buffer, bytes = buffer.byteLength) {
      if (buffer.byteLength !== bytes) return yieldBack(bytes);
      free.push(buffer);
      freeBytes += buffer.byteLength;
      while (free.length > 0 && (freeBytes > limitBytes / 2 || free.length > 64)) freeBytes -= free.shift()!.byteLength;
      yieldBack(buffer.byteLength);
    },
    forget: yieldBack,
    async reserve(bytes, signal) {
      await claim(bytes, signal);
      let held = true;
      return () => {
        if (held) yieldBack(bytes);
        held = false;
      };
    },
    memory: () => ({ usedBytes, limitBytes }),
  };
}
