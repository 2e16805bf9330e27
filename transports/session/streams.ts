import type { BulkStream } from '../../ports/sessions.ts';
import type { Clock } from '../../ports/world.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { LinkStream, type StreamOwner } from './bulk-stream.ts';
import { FRAME, type FrameType, frame, STREAM_ID_MAX } from './frames.ts';
import type { Outbox } from './outbox.ts';

interface Waiting {
  readonly resolve: (stream: BulkStream) => void;
  readonly reject: (error: unknown) => void;
}

const SESSION_GRANT_BYTES = LIMITS.sessionCreditBytes.value / 4;

function invalid(reason: string): BitDustError {
  return new BitDustError('FRAME_INVALID', undefined, { details: { reason } });
}

/** All streams of a link: their ids, the credit of the session, and whose turn it is. */
export class Streams implements StreamOwner {
  readonly #clock: Clock;
  readonly #outbox: Outbox;
  readonly #wake: () => void;
  readonly #wakeSoon: () => void;
  readonly #open = new Map<number, LinkStream>();
  readonly #waiting = new Map<number, Set<Waiting>>();
  readonly #unclaimed = new Map<number, unknown>();
  /** Streams that want to write, in the order of their turns. */
  readonly #ready = new Set<LinkStream>();
  #ours: number;
  #theirs: number;
  #theirOpen = 0;
  #credit: number = LIMITS.sessionCreditBytes.value;
  #window: number = LIMITS.sessionCreditBytes.value;
  #consumed = 0;

  /** The dialler of the link opens odd streams. */
  constructor(options: {
    readonly clock: Clock;
    readonly outbox: Outbox;
    readonly inbound: boolean;
    readonly wake: () => void;
    readonly wakeSoon: () => void;
  }) {
    this.#clock = options.clock;
    this.#outbox = options.outbox;
    this.#wake = options.wake;
    this.#wakeSoon = options.wakeSoon;
    this.#ours = options.inbound ? 0 : -1;
    this.#theirs = options.inbound ? -1 : 0;
  }

  openOne(): BulkStream {
    if (this.#open.size - this.#theirOpen >= LIMITS.streamsPerLinkMax.value || this.#ours + 2 > STREAM_ID_MAX) {
      throw new BitDustError('STREAM_RESET', 'Too many streams are open to this device.');
    }
    this.#ours += 2;
    const stream = new LinkStream(this.#ours, { owner: this, claimed: true });
    this.#open.set(stream.id, stream);
    this.#outbox.addControl(frame(FRAME.open, stream.id));
    this.#wake();
    return stream;
  }

  accept(id: number, signal: AbortSignal): Promise<BulkStream> {
    if (signal.aborted) return Promise.reject(signal.reason);
    const stream = this.#open.get(id);
    if (stream !== undefined && !stream.claimed) {
      stream.claimed = true;
      this.#claim(id);
      return Promise.resolve(stream);
    }
    const isTheirs = id > 0 && id <= STREAM_ID_MAX && Math.abs(id % 2) === Math.abs(this.#theirs % 2);
    if (!isTheirs || id <= this.#theirs || this.#waiting.size >= LIMITS.streamsPerLinkMax.value) {
      return Promise.reject(new BitDustError('STREAM_RESET', 'There is no such stream.', { details: { stream: id } }));
    }
    return new Promise((resolve, reject) => this.#wait(id, { signal, resolve, reject }));
  }

  /** Handles a frame of a stream; throws `FRAME_INVALID`. */
  frame(type: FrameType, id: number, payload: Uint8Array): void {
    if (type === FRAME.open) this.#opened(id);
    else if (type === FRAME.credit) this.#credited(id, new DataView(payload.buffer, payload.byteOffset).getUint32(0));
    else if (type === FRAME.end && this.#known(id)?.receiveEnd() === false) throw invalid('ended twice');
    else if (type === FRAME.reset) {
      const stream = this.#known(id);
      if (stream === undefined) return;
      this.over(id);
      stream.fail(new BitDustError('STREAM_RESET', 'The other side ended the stream.'));
    }
  }

  data(id: number, piece: Uint8Array): void {
    const stream = this.#known(id);
    if (piece.length > this.#window) throw invalid('more than the credit of the session');
    this.#window -= piece.length;
    if (stream === undefined) this.consumed(piece.length);
    else if (!stream.receive(piece)) throw invalid('more than the credit of the stream, or after its end');
  }

  /** Fills the outbox with what the streams want to write, a frame of each in turn. */
  fill(): void {
    for (const stream of this.#ready) {
      const isOpen = this.#open.has(stream.id);
      if (isOpen && (stream.hasData || stream.wantsEnd) && !this.#writeFrom(stream)) return;
      this.#ready.delete(stream);
      // A set goes on with what is added while it is walked, so this is the end of the queue.
      if (isOpen && (stream.hasData || stream.wantsEnd)) this.#ready.add(stream);
    }
  }

  /** The link is gone, and all streams with it. */
  failAll(failure: BitDustError): void {
    for (const [id, stream] of [...this.#open]) {
      this.over(id);
      stream.fail(failure);
    }
    for (const waiting of this.#waiting.values()) for (const { reject } of [...waiting]) reject(failure);
  }

  wake(id: number): void {
    const stream = this.#open.get(id);
    if (stream === undefined) return;
    this.#ready.add(stream);
    this.#wake();
  }

  grant(stream: number, bytes: number): void {
    if (!this.#open.has(stream)) return;
    this.#sendCredit(stream, bytes);
  }

  consumed(bytes: number): void {
    this.#consumed += bytes;
    if (this.#consumed < SESSION_GRANT_BYTES) return;
    this.#window += this.#consumed;
    this.#sendCredit(0, this.#consumed);
    this.#consumed = 0;
  }

  sendReset(stream: number): void {
    this.#outbox.addControl(frame(FRAME.reset, stream));
    this.#wake();
  }

  over(id: number): void {
    if (!this.#open.delete(id)) return;
    this.#claim(id);
    if (this.#isTheirs(id)) this.#theirOpen -= 1;
  }

  #isTheirs(id: number): boolean {
    return id % 2 === Math.abs(this.#theirs % 2);
  }

  /** The open stream; undefined when it is over already. Throws when it never was. */
  #known(id: number): LinkStream | undefined {
    const stream = this.#open.get(id);
    const last = this.#isTheirs(id) ? this.#theirs : this.#ours;
    if (stream === undefined && id > last) throw invalid(`stream ${id} was not opened`);
    return stream;
  }

  #opened(id: number): void {
    if (!this.#isTheirs(id) || id <= this.#theirs) throw invalid(`opens stream ${id}`);
    this.#theirs = id;
    if (this.#theirOpen >= LIMITS.streamsPerLinkMax.value) {
      this.sendReset(id);
      return;
    }
    const stream = new LinkStream(id, { owner: this, claimed: false });
    this.#open.set(id, stream);
    this.#theirOpen += 1;
    const [first] = this.#waiting.get(id) ?? [];
    if (first !== undefined) {
      stream.claimed = true;
      first.resolve(stream);
      return;
    }
    const giveUp = () => {
      if (!stream.claimed) stream.reset();
    };
    this.#unclaimed.set(id, this.#clock.setTimeout(giveUp, LIMITS.streamAcceptMs.value));
  }

  #claim(id: number): void {
    const timer = this.#unclaimed.get(id);
    if (timer === undefined) return;
    this.#unclaimed.delete(id);
    this.#clock.clearTimeout(timer);
  }

  #wait(id: number, options: Waiting & { readonly signal: AbortSignal }): void {
    const { signal } = options;
    const waiting = this.#waiting.get(id) ?? new Set<Waiting>();
    this.#waiting.set(id, waiting);
    const over = () => {
      signal.removeEventListener('abort', abort);
      waiting.delete(entry);
      if (waiting.size === 0) this.#waiting.delete(id);
    };
    const abort = () => entry.reject(signal.reason);
    const entry: Waiting = {
      resolve: (stream) => {
        over();
        options.resolve(stream);
      },
      reject: (error) => {
        over();
        options.reject(error);
      },
    };
    waiting.add(entry);
    signal.addEventListener('abort', abort, { once: true });
  }

  #credited(id: number, bytes: number): void {
    if (id === 0) {
      this.#credit += bytes;
      if (bytes === 0 || this.#credit > 2 ** 31) throw invalid('credit of the session');
      this.#wake();
      return;
    }
    if (this.#known(id)?.receiveCredit(bytes) === false) throw invalid('credit of a stream');
    this.wake(id);
  }

  #sendCredit(stream: number, bytes: number): void {
    const payload = new Uint8Array(4);
    new DataView(payload.buffer).setUint32(0, bytes);
    this.#outbox.addControl(frame(FRAME.credit, stream, payload));
    this.#wakeSoon();
  }

  /** False when the outbox has to be written first. */
  #writeFrom(stream: LinkStream): boolean {
    if (stream.wantsEnd) {
      if (!this.#outbox.addEnd(stream.id)) return false;
      stream.endWritten();
      return true;
    }
    const room = Math.min(this.#outbox.bulkRoom(), this.#credit);
    if (room <= 0) return false;
    const piece = stream.takeData(room);
    this.#credit -= piece.length;
    if (piece.length > 0) this.#outbox.addData(stream.id, piece);
    stream.copied();
    return true;
  }
}
