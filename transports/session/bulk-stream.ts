import type { BulkStream } from '../../ports/sessions.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { LIMITS } from '../../protocol/limits.ts';

/** What a stream asks of its link. */
export interface StreamOwner {
  /** There is something to write, or room came. */
  wake(stream: number): void;
  /** So many more bytes may come on this stream. */
  grant(stream: number, bytes: number): void;
  /** The reader took bytes, so the session has room again. */
  consumed(bytes: number): void;
  sendReset(stream: number): void;
  /** Both directions are over. */
  over(stream: number): void;
}

interface Write {
  readonly data: Uint8Array;
  at: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

type Reader = { readonly resolve: (result: IteratorResult<Uint8Array>) => void; readonly reject: (e: unknown) => void };

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };

/** One stream of a link, as its link and its user see it. */
export class LinkStream implements BulkStream {
  readonly id: number;
  readonly incoming: AsyncIterable<Uint8Array>;
  /** Somebody has it: we opened it, or it was accepted. */
  claimed: boolean;
  readonly #owner: StreamOwner;
  readonly #chunks: Uint8Array[] = [];
  readonly #writes: Write[] = [];
  #unread = 0;
  #reader: Reader | undefined;
  #window: number = LIMITS.streamCreditBytes.value;
  #limit: number = LIMITS.streamCreditBytes.value;
  #consumed = 0;
  #credit: number = LIMITS.streamCreditBytes.value;
  #theyEnded = false;
  #ending: (() => void) | undefined;
  #ended = false;
  #failure: BitDustError | undefined;

  constructor(id: number, options: { readonly owner: StreamOwner; readonly claimed: boolean }) {
    this.id = id;
    this.#owner = options.owner;
    this.claimed = options.claimed;
    const iterator: AsyncIterator<Uint8Array> = {
      next: () => this.#read(),
      return: () => {
        if (!this.#theyEnded || this.#unread > 0) this.reset();
        return Promise.resolve(DONE);
      },
    };
    this.incoming = { [Symbol.asyncIterator]: () => iterator };
  }

  write(data: Uint8Array): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#ended || this.#ending !== undefined) return Promise.reject(new BitDustError('STREAM_RESET'));
    if (data.length === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#writes.push({ data, at: 0, resolve, reject });
      this.#owner.wake(this.id);
    });
  }

  end(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#ended || this.#ending !== undefined) return Promise.resolve();
    return new Promise((resolve) => {
      this.#ending = resolve;
      this.#owner.wake(this.id);
    });
  }

  reset(): void {
    if (this.#failure !== undefined || (this.#ended && this.#theyEnded && this.#unread === 0)) return;
    const isOpen = !(this.#ended && this.#theyEnded);
    this.fail(new BitDustError('STREAM_RESET'));
    if (!isOpen) return;
    this.#owner.sendReset(this.id);
    this.#owner.over(this.id);
  }

  /** Rejects all that waits, and everything asked later. What was received and not read is dropped. */
  fail(failure: BitDustError): void {
    if (this.#failure !== undefined) return;
    this.#failure = failure;
    const unread = this.#unread;
    this.#chunks.length = 0;
    this.#unread = 0;
    if (unread > 0) this.#owner.consumed(unread);
    for (const { reject } of this.#writes.splice(0)) reject(failure);
    this.#ending?.();
    this.#ending = undefined;
    const reader = this.#reader;
    this.#reader = undefined;
    reader?.reject(failure);
  }

  /** False when the piece is more than was granted or comes after the end. */
  receive(piece: Uint8Array): boolean {
    if (this.#theyEnded || piece.length > this.#window) return false;
    this.#window -= piece.length;
    const reader = this.#reader;
    if (reader !== undefined) {
      this.#reader = undefined;
      this.#take(piece.length);
      reader.resolve({ done: false, value: piece });
      return true;
    }
    this.#chunks.push(piece);
    this.#unread += piece.length;
    return true;
  }

  /** False when it had ended before. */
  receiveEnd(): boolean {
    if (this.#theyEnded) return false;
    this.#theyEnded = true;
    const reader = this.#reader;
    this.#reader = undefined;
    reader?.resolve(DONE);
    if (this.#ended) this.#owner.over(this.id);
    return true;
  }

  /** False when the credit grows beyond what a rule-abiding peer gives. */
  receiveCredit(bytes: number): boolean {
    this.#credit += bytes;
    return bytes > 0 && this.#credit <= 2 ** 31;
  }

  /** True when there are bytes to write and credit for them. */
  get hasData(): boolean {
    return this.#writes.length > 0 && this.#credit > 0;
  }

  /** True when nothing but the end is left to write. */
  get wantsEnd(): boolean {
    return this.#writes.length === 0 && this.#ending !== undefined;
  }

  /** The next bytes to write, at most `room` and the credit. They are copied before anything else happens. */
  takeData(room: number): Uint8Array {
    const write = this.#writes[0];
    if (write === undefined) return new Uint8Array(0);
    const length = Math.min(room, this.#credit, write.data.length - write.at);
    const piece = write.data.subarray(write.at, write.at + length);
    write.at += length;
    this.#credit -= length;
    return piece;
  }

  /** Resolves the write whose bytes are all copied. */
  copied(): void {
    const write = this.#writes[0];
    if (write === undefined || write.at < write.data.length) return;
    this.#writes.shift();
    write.resolve();
  }

  /** The end is in its place behind the data. */
  endWritten(): void {
    const ending = this.#ending;
    this.#ending = undefined;
    this.#ended = true;
    ending?.();
    if (this.#theyEnded) this.#owner.over(this.id);
  }

  #read(): Promise<IteratorResult<Uint8Array>> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) {
      this.#unread -= chunk.length;
      this.#take(chunk.length);
      return Promise.resolve({ done: false, value: chunk });
    }
    if (this.#theyEnded) return Promise.resolve(DONE);
    if (this.#reader !== undefined) return Promise.reject(new TypeError('a stream has one reader'));
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject };
    });
  }

  #take(bytes: number): void {
    this.#owner.consumed(bytes);
    this.#consumed += bytes;
    if (this.#theyEnded || this.#consumed < this.#limit / 2) return;
    // A reader that has nothing left to read is faster than the window: let it grow.
    const grown = this.#unread === 0 ? Math.min(this.#limit * 2, LIMITS.streamCreditBytesMax.value) : this.#limit;
    const granted = this.#consumed + grown - this.#limit;
    this.#limit = grown;
    this.#consumed = 0;
    this.#window += granted;
    this.#owner.grant(this.id, granted);
  }
}
