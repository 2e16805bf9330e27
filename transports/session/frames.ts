import { BitDustError } from '../../protocol/errors.ts';
import { LIMITS } from '../../protocol/limits.ts';

/** What a frame is; the byte on the wire. */
export const FRAME = {
  proof: 1,
  packet: 2,
  open: 3,
  data: 4,
  credit: 5,
  end: 6,
  reset: 7,
  acknowledge: 8,
  ping: 9,
  pong: 10,
  close: 11,
  accept: 12,
} as const;

export type FrameType = (typeof FRAME)[keyof typeof FRAME];

/** `u8 type ‖ u24 length ‖ u32 stream`. */
export const HEAD_BYTES = 8;
export const STREAM_ID_MAX = 0x7fff_ffff;

/** Least and most bytes of payload, and whether the frame belongs to a stream, to none, or to either. */
const RULES: ReadonlyMap<number, readonly [min: number, max: number, stream: 'none' | 'one' | 'either']> = new Map([
  [FRAME.proof, [1, 4096, 'none']],
  [FRAME.packet, [1, LIMITS.framePayloadBytesMax.value, 'none']],
  [FRAME.open, [0, 0, 'one']],
  [FRAME.data, [1, LIMITS.framePayloadBytesMax.value, 'one']],
  [FRAME.credit, [4, 4, 'either']],
  [FRAME.end, [0, 0, 'one']],
  [FRAME.reset, [0, 0, 'one']],
  [FRAME.acknowledge, [8, 8, 'none']],
  [FRAME.ping, [8, 8, 'none']],
  [FRAME.pong, [8, 8, 'none']],
  [FRAME.close, [0, 256, 'none']],
  [FRAME.accept, [1, 1024, 'none']],
]);

/** True for the frames that are numbered, acknowledged and sent again after a reconnect. */
export function isNumbered(type: number): boolean {
  return type >= FRAME.packet && type <= FRAME.reset;
}

/** Writes the head of a frame at an offset. */
export function writeHead(
  into: Uint8Array,
  at: number,
  head: { readonly type: FrameType; readonly length: number; readonly stream: number },
): void {
  const { type, length, stream } = head;
  into[at] = type;
  into[at + 1] = length >>> 16;
  into[at + 2] = length >>> 8;
  into[at + 3] = length;
  into[at + 4] = stream >>> 24;
  into[at + 5] = stream >>> 16;
  into[at + 6] = stream >>> 8;
  into[at + 7] = stream;
}

const NO_BYTES = new Uint8Array(0);

/** A whole frame in a new array. */
export function frame(type: FrameType, stream = 0, payload: Uint8Array = NO_BYTES): Uint8Array {
  const bytes = new Uint8Array(HEAD_BYTES + payload.length);
  writeHead(bytes, 0, { type, length: payload.length, stream });
  bytes.set(payload, HEAD_BYTES);
  return bytes;
}

/** Bytes of the frame that starts at the offset, of bytes we wrote ourselves. */
export function frameLengthAt(bytes: Uint8Array, at: number): number {
  return HEAD_BYTES + (((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0));
}

/** Who takes the frames of one direction. */
export interface FrameSink {
  frame(type: FrameType, stream: number, payload: Uint8Array): void;
  /** A piece of a data frame as it came; `last` with its last byte. */
  data(stream: number, piece: Uint8Array, last: boolean): void;
}

/** A view of the chunk; the chunk itself when it is all of it, because there is one such view for every TLS record. */
function part(chunk: Uint8Array, from: number, length: number): Uint8Array {
  if (from === 0 && length === chunk.length) return chunk;
  return new Uint8Array(chunk.buffer, chunk.byteOffset + from, length);
}

function invalid(reason: string): BitDustError {
  return new BitDustError('FRAME_INVALID', undefined, { details: { reason } });
}

/** Cuts the received bytes into frames. Data is passed on without a copy, everything else whole. */
export class FrameReader {
  sink: FrameSink;
  readonly #head = new Uint8Array(HEAD_BYTES);
  #headBytes = 0;
  #type: FrameType = FRAME.packet;
  #stream = 0;
  #left = 0;
  #whole: Uint8Array = NO_BYTES;
  #inPayload = false;
  #stopped = false;

  constructor(sink: FrameSink) {
    this.sink = sink;
  }

  /** True while a frame other than data has begun and is not complete. */
  get midFrame(): boolean {
    return this.#inPayload ? this.#type !== FRAME.data : this.#headBytes > 0;
  }

  /**
   * Takes received bytes; throws `FRAME_INVALID` at the first head that breaks a rule. Gives back what is left when
   * the sink called `stop`.
   */
  push(chunk: Uint8Array): Uint8Array {
    let at = 0;
    this.#stopped = false;
    while (at < chunk.length && !this.#stopped) {
      at = this.#inPayload ? this.#payload(chunk, at) : this.#takeHead(chunk, at);
    }
    return at === chunk.length ? NO_BYTES : chunk.subarray(at);
  }

  /** Called by the sink inside a frame: takes nothing behind it. */
  stop(): void {
    this.#stopped = true;
  }

  #takeHead(chunk: Uint8Array, from: number): number {
    const taken = Math.min(HEAD_BYTES - this.#headBytes, chunk.length - from);
    for (let index = 0; index < taken; index += 1) this.#head[this.#headBytes + index] = chunk[from + index] ?? 0;
    this.#headBytes += taken;
    if (this.#headBytes === HEAD_BYTES) this.#begin();
    return from + taken;
  }

  #begin(): void {
    this.#headBytes = 0;
    const head = this.#head;
    const type = head[0] ?? 0;
    const length = frameLengthAt(head, 0) - HEAD_BYTES;
    const stream = new DataView(head.buffer).getUint32(4);
    const rule = RULES.get(type);
    if (rule === undefined) throw invalid(`unknown type ${type}`);
    const [min, max, belongs] = rule;
    if (length < min || length > max) throw invalid(`length ${length} of type ${type}`);
    const fits = belongs === 'either' || (belongs === 'one') === stream > 0;
    if (!fits || stream > STREAM_ID_MAX) throw invalid(`stream ${stream} of type ${type}`);
    this.#type = type as FrameType;
    this.#stream = stream;
    this.#left = length;
    if (length === 0) {
      this.sink.frame(this.#type, stream, NO_BYTES);
      return;
    }
    this.#inPayload = true;
    this.#whole = NO_BYTES;
  }

  #payload(chunk: Uint8Array, from: number): number {
    const taken = Math.min(this.#left, chunk.length - from);
    const piece = part(chunk, from, taken);
    const length = this.#left;
    this.#left -= taken;
    const last = this.#left === 0;
    if (last) this.#inPayload = false;
    if (this.#type === FRAME.data) this.sink.data(this.#stream, piece, last);
    else if (last && this.#whole.length === 0) this.sink.frame(this.#type, this.#stream, piece);
    else this.#gather(piece, length, last);
    return from + taken;
  }

  /** A frame that came in several chunks is put together; `left` is what was missing before this piece. */
  #gather(piece: Uint8Array, left: number, last: boolean): void {
    if (this.#whole.length === 0) this.#whole = new Uint8Array(left);
    this.#whole.set(piece, this.#whole.length - left);
    if (!last) return;
    const whole = this.#whole;
    this.#whole = NO_BYTES;
    this.sink.frame(this.#type, this.#stream, whole);
  }
}
