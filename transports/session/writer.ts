import type { Clock } from '../../ports/world.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { Channel } from './channel.ts';
import type { Outbox } from './outbox.ts';

/** Answers that a peer makes us owe, beyond which we stop reading him. */
const URGENT_BYTES_MAX = 64 * 1024;
/** What is copied without a thought to go with something else. */
const SMALL_BYTES = 16 * 1024;

interface Mark {
  readonly at: number;
  readonly act: () => void;
}

/** Writes a link's frames to the session below: urgent ones, then control, then bulk, one write at a time. */
export class SessionWriter {
  controlBytes = 0;
  bulkBytes = 0;
  readonly #clock: Clock;
  readonly #outbox: Outbox;
  readonly #fill: () => void;
  readonly #stalled: () => void;
  readonly #alongside: () => Uint8Array | undefined;
  #channel: Channel | undefined;
  #urgent: Uint8Array[] = [];
  #urgentBytes = 0;
  #writing = false;
  #flushing = false;
  #soon = false;
  #whenCalm: (() => void) | undefined;
  #marks: Mark[] = [];
  #sessionBytes = 0;
  #stallTimer: unknown;
  #moved = false;

  constructor(options: {
    readonly clock: Clock;
    readonly outbox: Outbox;
    /** Lets the streams put what they have into the outbox. */
    readonly fill: () => void;
    /** Nothing was taken or acknowledged for too long. */
    readonly stalled: () => void;
    /** A frame that may go with others, because a write of its own costs more than the frame. */
    readonly alongside: () => Uint8Array | undefined;
  }) {
    this.#clock = options.clock;
    this.#outbox = options.outbox;
    this.#fill = options.fill;
    this.#stalled = options.stalled;
    this.#alongside = options.alongside;
  }

  /** True when the peer makes us owe more than he takes. */
  get isFlooded(): boolean {
    return this.#urgentBytes > URGENT_BYTES_MAX;
  }

  /** Calls once when the peer has taken what we owed; at once when nothing is owed. */
  whenCalm(listener: () => void): void {
    if (this.isFlooded) this.#whenCalm = listener;
  }

  attach(channel: Channel): void {
    this.#channel = channel;
    this.#writing = false;
    this.#sessionBytes = 0;
    this.flush();
  }

  detach(): void {
    this.#channel = undefined;
    this.#urgent = [];
    this.#urgentBytes = 0;
    this.#whenCalm = undefined;
    this.#marks = [];
    if (this.#stallTimer !== undefined) this.#clock.clearTimeout(this.#stallTimer);
    this.#stallTimer = undefined;
  }

  /** Acts once each when the session has carried so many bytes out. */
  meter(...marks: readonly Mark[]): void {
    this.#marks = [...marks];
  }

  /** A frame without a number, before all others. It is not sent again after a break. */
  urgent(bytes: Uint8Array): void {
    if (this.#channel === undefined) return;
    this.#urgent.push(bytes);
    this.#urgentBytes += bytes.length;
    this.flush();
  }

  /** Writes what has a number already, and behind it the last frame of all. */
  last(bytes: Uint8Array): void {
    const channel = this.#channel;
    if (channel === undefined) return;
    for (let next = this.#next(); next !== undefined; next = this.#next()) channel.write(next, () => {});
    channel.write(bytes, () => {});
  }

  /** The peer acknowledged something. */
  progressed(): void {
    this.#moved = true;
  }

  /** Flushes once for everything that comes in this turn. */
  flushSoon(): void {
    if (this.#soon) return;
    this.#soon = true;
    queueMicrotask(() => {
      this.#soon = false;
      this.flush();
    });
  }

  /** Writes what there is, unless a write is under way. */
  flush(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    try {
      // Streams also fill while a write is under way, so that the next one is ready and writers go on.
      this.#fill();
      for (let channel = this.#channel; channel !== undefined && !this.#writing; channel = this.#channel) {
        const bytes = this.#next();
        if (bytes === undefined) break;
        this.#write(channel, bytes);
        this.#fill();
      }
    } finally {
      this.#flushing = false;
    }
    this.#watch();
  }

  #next(): Uint8Array | undefined {
    const bytes = this.#nextOfItself();
    if (bytes === undefined || bytes.length > SMALL_BYTES) return bytes;
    const more = this.#alongside();
    if (more === undefined) return bytes;
    this.controlBytes += more.length;
    // Behind the rest, which may hold an older count of the same.
    return Buffer.concat([bytes, more]);
  }

  #nextOfItself(): Uint8Array | undefined {
    if (this.#urgent.length > 0) {
      const [first, ...more] = this.#urgent;
      this.#urgent = [];
      this.#urgentBytes = 0;
      const bytes = first !== undefined && more.length === 0 ? first : Buffer.concat(first ? [first, ...more] : []);
      this.controlBytes += bytes.length;
      return bytes;
    }
    const bulkBefore = this.#outbox.bulkWritten;
    const bytes = this.#outbox.take();
    const bulk = this.#outbox.bulkWritten - bulkBefore;
    this.bulkBytes += bulk;
    this.controlBytes += (bytes?.length ?? 0) - bulk;
    return bytes;
  }

  #write(channel: Channel, bytes: Uint8Array): void {
    this.#writing = true;
    this.#sessionBytes += bytes.length;
    channel.write(bytes, () => {
      if (this.#channel !== channel) return;
      this.#writing = false;
      this.#moved = true;
      this.#outbox.wrote();
      this.flush();
      this.#calm();
    });
    for (const mark of this.#marks.filter(({ at }) => at <= this.#sessionBytes)) {
      this.#marks = this.#marks.filter((other) => other !== mark);
      mark.act();
    }
  }

  #calm(): void {
    const listener = this.#whenCalm;
    if (listener === undefined || this.isFlooded) return;
    this.#whenCalm = undefined;
    listener();
  }

  /** While something is kept, either a write or an acknowledgement has to move within the deadline. */
  #watch(): void {
    if (this.#channel === undefined || this.#stallTimer !== undefined) return;
    if (!this.#outbox.busy && !this.#writing) return;
    this.#moved = false;
    this.#stallTimer = this.#clock.setTimeout(() => {
      this.#stallTimer = undefined;
      const isStuck = !this.#moved && (this.#outbox.busy || this.#writing);
      if (isStuck) this.#stalled();
      else this.#watch();
    }, LIMITS.writeStallMs.value);
  }
}
