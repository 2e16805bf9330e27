import type { Clock, Random } from '../../ports/world.ts';
import { BitDustError } from '../../protocol/errors.ts';
import type { Wire } from './link-profile.ts';

const SEGMENT_BYTES = 16 * 1024;
/** What a sender may have on the way and unread together, as a socket's two buffers. */
const WINDOW_BYTES = 256 * 1024;

type Item = { readonly kind: 'bytes'; readonly bytes: Uint8Array } | { readonly kind: 'end' };

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** One direction of a memory stream: ordered, reliable, with back-pressure, delivered by the wire's times. */
export class Pipe {
  readonly #wire: Wire;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #sending: Item[] = [];
  readonly #received: Uint8Array[] = [];
  readonly #travelling: Item[] = [];
  #timed = 0;
  #unread = 0;
  #lastArrival = 0;
  #ended = false;
  #broken: unknown;
  #isBroken = false;
  #writers: (Waiting & { readonly data: Uint8Array })[] = [];
  #reader: Waiting | undefined;
  #gone: (() => void)[] = [];
  #writeEnded = false;
  #endQueued = false;
  #shut: unknown;
  #deaf: unknown;

  constructor(options: { readonly wire: Wire; readonly clock: Clock; readonly random: Random }) {
    this.#wire = options.wire;
    this.#clock = options.clock;
    this.#random = options.random;
  }

  /** True when the end was read by the receiver's side or the pipe is broken. */
  get over(): boolean {
    return this.#isBroken || this.#ended;
  }

  write(data: Uint8Array): Promise<void> {
    if (this.#shut !== undefined) return Promise.reject(this.#shut);
    if (this.#isBroken) return Promise.reject(this.#broken);
    if (this.#writeEnded) return Promise.reject(new BitDustError('STREAM_RESET', 'The stream was ended before.'));
    if (this.#unread === 0 || this.#unread + data.length <= WINDOW_BYTES) {
      this.#take(data);
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => this.#writers.push({ resolve, reject, data }));
  }

  end(): Promise<void> {
    if (this.#shut !== undefined) return Promise.reject(this.#shut);
    if (this.#isBroken) return Promise.reject(this.#broken);
    this.#writeEnded = true;
    this.#queueEnd();
    return Promise.resolve();
  }

  /** Both ends of this direction reject from now on; bytes that did not arrive are gone. */
  breakNow(cause: unknown): void {
    if (this.#isBroken) return;
    this.#isBroken = true;
    this.#broken = cause;
    this.#sending.length = 0;
    for (const writer of this.#writers.splice(0)) writer.reject(cause);
    const reader = this.#reader;
    this.#reader = undefined;
    reader?.reject(cause);
    this.#tellGone();
  }

  /** The writer's end is gone; the reader's end hears of it later, by `breakNow`. */
  shut(cause: unknown): void {
    this.#shut = cause;
    this.#sending.length = 0;
    for (const writer of this.#writers.splice(0)) writer.reject(cause);
  }

  /** True when the reader's end still has to hear that the writer's is gone. */
  get isShut(): boolean {
    return this.#shut !== undefined && !this.#isBroken;
  }

  /** The reader's end is gone; the writer's end hears of it later, by `breakNow`. */
  deafen(cause: unknown): void {
    this.#deaf = cause;
    this.#received.length = 0;
    const reader = this.#reader;
    this.#reader = undefined;
    reader?.reject(cause);
  }

  /** The next chunk, undefined at the end. One reader. */
  async read(): Promise<Uint8Array | undefined> {
    for (;;) {
      if (this.#deaf !== undefined) throw this.#deaf;
      if (this.#isBroken) throw this.#broken;
      const chunk = this.#received.shift();
      if (chunk !== undefined) {
        this.#unread -= chunk.length;
        this.#letWritersIn();
        return chunk;
      }
      if (this.#ended) return undefined;
      await new Promise<void>((resolve, reject) => {
        this.#reader = { resolve, reject };
      });
    }
  }

  whenOver(listener: () => void): void {
    if (this.over) listener();
    else this.#gone.push(listener);
  }

  /** Sends what waited for a cut wire. */
  resume(): void {
    this.#pump();
  }

  #take(data: Uint8Array): void {
    this.#unread += data.length;
    for (let at = 0; at < data.length; at += SEGMENT_BYTES) {
      this.#enqueue({ kind: 'bytes', bytes: data.slice(at, at + SEGMENT_BYTES) });
    }
  }

  #enqueue(item: Item): void {
    this.#sending.push(item);
    this.#pump();
  }

  #letWritersIn(): void {
    while (this.#writers.length > 0) {
      const writer = this.#writers[0];
      if (writer === undefined) return;
      if (this.#unread !== 0 && this.#unread + writer.data.length > WINDOW_BYTES) return;
      this.#writers.shift();
      this.#take(writer.data);
      writer.resolve();
    }
    this.#queueEnd();
  }

  #queueEnd(): void {
    if (!this.#writeEnded || this.#endQueued || this.#writers.length > 0) return;
    this.#endQueued = true;
    this.#enqueue({ kind: 'end' });
  }

  #pump(): void {
    while (!this.#wire.cut && !this.#isBroken) {
      const item = this.#sending.shift();
      if (item === undefined) return;
      this.#travel(item);
    }
  }

  #travel(item: Item): void {
    const now = this.#clock.now();
    const bytes = item.kind === 'bytes' ? item.bytes.length : 0;
    const arrival = this.#wire.arrivalOf(bytes, now, () => this.#random.fraction());
    this.#lastArrival = Math.max(this.#lastArrival, arrival);
    this.#travelling.push(item);
    const delay = this.#lastArrival - now;
    if (delay <= 0 && this.#timed === 0) queueMicrotask(() => this.#arrive());
    else {
      this.#timed += 1;
      const fire = () => {
        this.#timed -= 1;
        this.#arrive();
      };
      this.#clock.setTimeout(fire, Math.max(0, delay));
    }
  }

  /** Gives the oldest segment on the way: whichever timer fires first, the order stays. */
  #arrive(): void {
    const item = this.#travelling.shift();
    if (this.#isBroken || this.#deaf !== undefined || item === undefined) return;
    if (item.kind === 'bytes') this.#received.push(item.bytes);
    else this.#ended = true;
    const reader = this.#reader;
    this.#reader = undefined;
    reader?.resolve();
    if (this.#ended) this.#tellGone();
  }

  #tellGone(): void {
    for (const listener of this.#gone.splice(0)) listener();
  }
}
