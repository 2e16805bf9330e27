import { BitDustError } from './errors.ts';
import { concatBytes, readU32, u32 } from './hash.ts';

/** Items one after the other, each as u32 length and bytes: the form of a stream of log entries. */
export function frameItems(items: readonly Uint8Array[]): Uint8Array {
  return concatBytes(...items.flatMap((item) => [u32(item.length), item]));
}

/** Cuts a stream of framed items as its bytes come in. */
export class FrameCutter {
  readonly #itemBytesMax: number;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(itemBytesMax: number) {
    this.#itemBytesMax = itemBytesMax;
  }

  /** Takes more bytes and gives the items that are whole now. `TOO_LARGE` for an item beyond the limit, before its bytes. */
  push(chunk: Uint8Array): readonly Uint8Array[] {
    let rest = this.#rest.length === 0 ? chunk : concatBytes(this.#rest, chunk);
    const items: Uint8Array[] = [];
    while (rest.length >= 4) {
      const length = readU32(rest);
      if (length > this.#itemBytesMax) throw new BitDustError('TOO_LARGE', `an item has ${length} bytes`);
      if (rest.length < 4 + length) break;
      items.push(rest.slice(4, 4 + length));
      rest = rest.subarray(4 + length);
    }
    this.#rest = rest.slice();
    return items;
  }

  /** To be called at the end: bytes left over are `ENCODING_INVALID`. */
  end(): void {
    if (this.#rest.length > 0) throw new BitDustError('ENCODING_INVALID', 'the stream ends inside an item');
  }
}

/** All items of a whole stream in memory. */
export function unframeItems(input: Uint8Array, itemBytesMax: number): readonly Uint8Array[] {
  const cutter = new FrameCutter(itemBytesMax);
  const items = cutter.push(input);
  cutter.end();
  return items;
}
