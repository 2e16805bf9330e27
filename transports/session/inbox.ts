import { BitDustError } from '../../protocol/errors.ts';
import { LIMITS } from '../../protocol/limits.ts';

/** So much received and not yet acknowledged is acknowledged at once; less waits a moment. */
const OWED_FRAMES = 64;
const OWED_BYTES = 1024 * 1024;
/** From here on it goes with whatever is written. */
const WORTH_FRAMES = 16;
const WORTH_BYTES = 64 * 1024;

/** The numbered frames of the other direction: which came, which come a second time, which packets wait. */
export class Inbox {
  readonly #unread: Uint8Array[] = [];
  #unreadBytes = 0;
  #listener: ((packet: Uint8Array) => void) | undefined;
  #received = 0;
  /** Bytes of the next data frame that were passed on before its session broke. */
  #partial = 0;
  /** Whole frames, and then bytes of one, that come a second time. */
  #skipFrames = 0;
  #skipBytes = 0;
  #owedFrames = 0;
  #owedBytes = 0;

  /** Whole numbered frames received. */
  get received(): number {
    return this.#received;
  }

  /** Nothing is owed while frames come a second time: what is acknowledged now would not be sent, and be missed. */
  get owesAnything(): boolean {
    return this.#owedFrames > 0 && this.#skipFrames === 0;
  }

  get owesNow(): boolean {
    return this.owesAnything && (this.#owedFrames >= OWED_FRAMES || this.#owedBytes >= OWED_BYTES);
  }

  get owesWorthwhile(): boolean {
    return this.owesAnything && (this.#owedFrames >= WORTH_FRAMES || this.#owedBytes >= WORTH_BYTES);
  }

  /** True when packets wait for a listener beyond the limit. */
  get isFull(): boolean {
    return this.#unreadBytes >= LIMITS.packetsUnreadBytesMax.value;
  }

  /** The count to acknowledge; nothing is owed after it. */
  acknowledged(): number {
    this.#owedFrames = 0;
    this.#owedBytes = 0;
    return this.#received;
  }

  /** A new session starts behind frame `told`. */
  expectFrom(told: number): void {
    this.#skipFrames = this.#received - told;
    this.#skipBytes = this.#partial;
  }

  /** Counts a whole frame; false when it came before. */
  isNew(bytes: number): boolean {
    if (this.#skipFrames > 0) {
      this.#skipFrames -= 1;
      return false;
    }
    // What was cut off half-way was data and comes again as data.
    if (this.#skipBytes > 0 || this.#partial > 0) throw new BitDustError('FRAME_INVALID');
    this.#count(bytes);
    return true;
  }

  /** The part of a data frame that did not come before. */
  freshPart(piece: Uint8Array, last: boolean): Uint8Array {
    if (this.#skipFrames > 0) {
      if (last) this.#skipFrames -= 1;
      return piece.subarray(piece.length);
    }
    const skipped = Math.min(this.#skipBytes, piece.length);
    this.#skipBytes -= skipped;
    const fresh = skipped === 0 ? piece : piece.subarray(skipped);
    this.#partial += fresh.length;
    this.#owedBytes += fresh.length;
    if (last) {
      if (this.#skipBytes > 0) throw new BitDustError('FRAME_INVALID');
      this.#partial = 0;
      this.#count(0);
    }
    return fresh;
  }

  packet(packet: Uint8Array): void {
    if (this.#listener !== undefined) {
      this.#listener(packet);
      return;
    }
    this.#unread.push(packet);
    this.#unreadBytes += packet.length;
  }

  listen(listener: (packet: Uint8Array) => void): void {
    this.#listener = listener;
    this.#unreadBytes = 0;
    for (const packet of this.#unread.splice(0)) listener(packet);
  }

  #count(bytes: number): void {
    this.#received += 1;
    this.#owedFrames += 1;
    this.#owedBytes += bytes;
  }
}
