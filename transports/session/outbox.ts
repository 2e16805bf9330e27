import { BitDustError } from '../../protocol/errors.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { FRAME, frame, frameLengthAt, HEAD_BYTES, writeHead } from './frames.ts';
import { giveSlab, SLAB_BYTES, takeSlab } from './slabs.ts';

/** With its head a frame fills four TLS records exactly. */
export const DATA_BYTES = LIMITS.framePayloadBytesMax.value - HEAD_BYTES;

interface Batch {
  bytes: Uint8Array;
  frames: number;
  readonly control: boolean;
  /** The slab behind the bytes, to be used again. */
  slab: Uint8Array | undefined;
}

/**
 * The numbered frames of one direction of a link, kept until the other side has them. Written in order: control
 * frames as they come, bulk from the slab that is being filled.
 */
export class Outbox {
  readonly #kept: Batch[] = [];
  /** Index in `#kept` of the first batch that this session has not written. */
  #next = 0;
  /** Frames of the first kept batch that are acknowledged already. */
  #ackedOfFirst = 0;
  #acked = 0;
  #written = 0;
  #numbered = 0;
  #slab: Uint8Array | undefined;
  #filled = 0;
  #filledFrames = 0;
  /** Slabs that are acknowledged and perhaps still read below. */
  readonly #limbo: Uint8Array[] = [];
  #isWriting = false;
  controlBytes = 0;
  controlFrames = 0;
  bulkBytes = 0;
  /** Bytes of bulk that were taken to be written, those written again included. */
  bulkWritten = 0;

  /** Frames that got a number so far. */
  get numbered(): number {
    return this.#numbered;
  }

  /** Frames the other side has acknowledged. */
  get acked(): number {
    return this.#acked;
  }

  /** True when something is kept or being filled. */
  get busy(): boolean {
    return this.#kept.length > 0 || this.#filledFrames > 0;
  }

  /** True when the window of packets has room. */
  get controlHasRoom(): boolean {
    return (
      this.controlBytes < LIMITS.packetsUnackedBytesMax.value && this.controlFrames < LIMITS.packetsUnackedMax.value
    );
  }

  /** Numbers a frame of the control lane. */
  addControl(bytes: Uint8Array): void {
    this.#keep({ bytes, frames: 1, control: true, slab: undefined });
  }

  /** How many bytes of data the slab takes now; 0 when it has to be written first. */
  bulkRoom(): number {
    if (this.bulkBytes >= 2 * LIMITS.sessionCreditBytes.value) return 0;
    return Math.min(DATA_BYTES, Math.max(0, SLAB_BYTES - this.#filled - HEAD_BYTES));
  }

  /** Copies a piece of at most `bulkRoom` bytes into the slab, as a data frame. */
  addData(stream: number, piece: Uint8Array): void {
    const slab = this.#slabToFill();
    writeHead(slab, this.#filled, { type: FRAME.data, length: piece.length, stream });
    slab.set(piece, this.#filled + HEAD_BYTES);
    this.#filled += HEAD_BYTES + piece.length;
    this.#filledFrames += 1;
  }

  /** Ends a stream behind its data. False when the slab is full. */
  addEnd(stream: number): boolean {
    if (this.#filled + HEAD_BYTES > SLAB_BYTES) return false;
    const slab = this.#slabToFill();
    slab.set(frame(FRAME.end, stream), this.#filled);
    this.#filled += HEAD_BYTES;
    this.#filledFrames += 1;
    return true;
  }

  /** What this session has to write next, at most about a slab; undefined when there is nothing. */
  take(): Uint8Array | undefined {
    if (this.#next === this.#kept.length) this.#closeSlab();
    const first = this.#kept[this.#next];
    if (first === undefined) return undefined;
    let end = this.#next + 1;
    let bytes = first.bytes.length;
    for (let more = this.#kept[end]; more !== undefined; more = this.#kept[end]) {
      if (bytes + more.bytes.length > SLAB_BYTES) break;
      bytes += more.bytes.length;
      end += 1;
    }
    this.#isWriting = true;
    const batches = this.#kept.slice(this.#next, end);
    for (const batch of batches) {
      this.#written += batch.frames;
      if (!batch.control) this.bulkWritten += batch.bytes.length;
    }
    this.#next = end;
    return batches.length === 1 ? first.bytes : Buffer.concat(batches.map((batch) => batch.bytes));
  }

  /** Everything taken so far was taken by the session below too. */
  wrote(): void {
    this.#isWriting = false;
    for (const slab of this.#limbo.splice(0)) giveSlab(slab);
  }

  /** The other side has so many frames; throws `FRAME_INVALID` when it cannot be. */
  acknowledge(count: number): void {
    if (count < this.#acked || count > this.#written) {
      throw new BitDustError('FRAME_INVALID', undefined, { details: { reason: `acknowledges ${count}` } });
    }
    this.#drop(count);
  }

  /** True when a new session can go on from there. */
  canResumeFrom(count: number): boolean {
    return count >= this.#acked && count <= this.#numbered;
  }

  /** A new session writes everything behind `count` again. */
  resumeFrom(count: number): void {
    // The broken session may still hold a slab below, so the memory of what it wrote is not used again.
    for (const batch of this.#kept) batch.slab = undefined;
    this.#limbo.length = 0;
    this.#isWriting = false;
    this.#drop(count);
    this.#next = 0;
    this.#written = this.#acked;
    this.#trimFirst();
  }

  #drop(count: number): void {
    let gone = count - this.#acked;
    this.#acked = count;
    while (gone > 0) {
      const first = this.#kept[0];
      if (first === undefined) return;
      const open = first.frames - this.#ackedOfFirst;
      if (gone < open) {
        this.#ackedOfFirst += gone;
        return;
      }
      gone -= open;
      this.#ackedOfFirst = 0;
      this.#kept.shift();
      this.#next = Math.max(0, this.#next - 1);
      this.#count(first, -1);
      if (first.slab !== undefined) this.#free(first.slab);
    }
  }

  /** A peer may acknowledge what is still being written; its memory must not carry the bytes of others yet. */
  #free(slab: Uint8Array): void {
    if (this.#isWriting) this.#limbo.push(slab);
    else giveSlab(slab);
  }

  #trimFirst(): void {
    const first = this.#kept[0];
    if (first === undefined || this.#ackedOfFirst === 0) return;
    let at = 0;
    for (let done = 0; done < this.#ackedOfFirst; done += 1) at += frameLengthAt(first.bytes, at);
    this.#count(first, -1);
    first.bytes = first.bytes.subarray(at);
    first.frames -= this.#ackedOfFirst;
    this.#count(first, 1);
    this.#ackedOfFirst = 0;
  }

  #keep(batch: Batch): void {
    this.#kept.push(batch);
    this.#numbered += batch.frames;
    this.#count(batch, 1);
  }

  #count(batch: Batch, sign: 1 | -1): void {
    if (batch.control) {
      this.controlBytes += sign * batch.bytes.length;
      this.controlFrames += sign * batch.frames;
    } else this.bulkBytes += sign * batch.bytes.length;
  }

  #slabToFill(): Uint8Array {
    this.#slab ??= takeSlab();
    return this.#slab;
  }

  /** The filled slab gets its number; one that is mostly empty is copied, so that little data keeps little memory. */
  #closeSlab(): void {
    if (this.#slab === undefined || this.#filledFrames === 0) return;
    const filled = this.#slab.subarray(0, this.#filled);
    const small = this.#filled < SLAB_BYTES / 2;
    const frames = this.#filledFrames;
    this.#keep(
      small
        ? { bytes: Uint8Array.from(filled), frames, control: false, slab: undefined }
        : { bytes: filled, frames, control: false, slab: this.#slab },
    );
    if (small) giveSlab(this.#slab);
    this.#slab = undefined;
    this.#filled = 0;
    this.#filledFrames = 0;
  }
}
