import type { Clock, Random } from '../../ports/world.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { toHex } from '../../protocol/hash.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { FRAME, frame } from './frames.ts';

interface InFlight {
  readonly sentAt: number;
  readonly resolve: (roundTripMs: number) => void;
  readonly reject: (error: unknown) => void;
}

/** Pings of one link that wait for their answer. */
export class Pings {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #send: (bytes: Uint8Array) => void;
  readonly #inFlight = new Map<string, InFlight>();

  constructor(options: { readonly clock: Clock; readonly random: Random; readonly send: (bytes: Uint8Array) => void }) {
    this.#clock = options.clock;
    this.#random = options.random;
    this.#send = options.send;
  }

  ping(signal: AbortSignal): Promise<number> {
    if (signal.aborted) return Promise.reject(signal.reason);
    if (this.#inFlight.size >= LIMITS.pingsInFlightMax.value) {
      return Promise.reject(new BitDustError('DENIED', 'Too many pings wait for an answer.'));
    }
    const payload = this.#random.bytes(8);
    const name = toHex(payload);
    return new Promise((resolve, reject) => {
      const over = () => {
        signal.removeEventListener('abort', abort);
        this.#inFlight.delete(name);
      };
      const abort = () => {
        over();
        reject(signal.reason);
      };
      this.#inFlight.set(name, {
        sentAt: this.#clock.monotonic(),
        resolve: (roundTripMs) => {
          over();
          resolve(roundTripMs);
        },
        reject: (error) => {
          over();
          reject(error);
        },
      });
      signal.addEventListener('abort', abort, { once: true });
      this.#send(frame(FRAME.ping, 0, payload));
    });
  }

  /** An answer that nobody waits for is ignored: its ping may have been given up. */
  pong(payload: Uint8Array): void {
    const inFlight = this.#inFlight.get(toHex(payload));
    inFlight?.resolve(this.#clock.monotonic() - inFlight.sentAt);
  }

  failAll(failure: BitDustError): void {
    for (const { reject } of [...this.#inFlight.values()]) reject(failure);
  }
}
