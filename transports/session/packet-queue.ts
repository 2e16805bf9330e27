import { BitDustError } from '../../protocol/errors.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { FRAME, frame } from './frames.ts';
import type { Outbox } from './outbox.ts';

interface Waiting {
  readonly bytes: Uint8Array;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Packets on their way into the window of those kept until they are acknowledged. */
export class PacketQueue {
  readonly #outbox: Outbox;
  readonly #flush: () => void;
  readonly #waiting: Waiting[] = [];

  constructor(outbox: Outbox, flush: () => void) {
    this.#outbox = outbox;
    this.#flush = flush;
  }

  /** Resolves when the packet is in the window. */
  send(packet: Uint8Array): Promise<void> {
    if (packet.length === 0 || packet.length > LIMITS.framePayloadBytesMax.value) {
      return Promise.reject(new BitDustError('TOO_LARGE', 'A packet has 1 byte to 64 KiB.'));
    }
    const bytes = frame(FRAME.packet, 0, packet);
    if (this.#outbox.controlHasRoom && this.#waiting.length === 0) {
      this.#sendNow(bytes);
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => this.#waiting.push({ bytes, resolve, reject }));
  }

  /** Something was acknowledged: lets in as many as there is room for. */
  goOn(): void {
    while (this.#outbox.controlHasRoom) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#sendNow(next.bytes);
      next.resolve();
    }
  }

  failAll(failure: BitDustError): void {
    for (const { reject } of this.#waiting.splice(0)) reject(failure);
  }

  #sendNow(bytes: Uint8Array): void {
    this.#outbox.addControl(bytes);
    this.#flush();
  }
}
