import { BitDustError } from './errors.ts';

const MAJOR_BYTES = 2;
const MAJOR_TEXT = 3;
const MAJOR_ARRAY = 4;
const MAJOR_MAP = 5;
const SIMPLE_FALSE = 0xf4;
const SIMPLE_NULL = 0xf6;

interface Head {
  readonly major: number;
  readonly argument: number;
  readonly next: number;
}

function fail(message: string): never {
  throw new BitDustError('ENCODING_INVALID', message);
}

function argumentOf(bytes: Uint8Array, at: number, width: number): number {
  if (at + width > bytes.length) fail('the bytes end inside a head');
  let argument = 0;
  for (let index = 0; index < width; index += 1) argument = argument * 256 + bytes[at + index]!;
  if (argument > Number.MAX_SAFE_INTEGER) fail('an integer is beyond 2^53 - 1');
  return argument;
}

function headAt(bytes: Uint8Array, at: number): Head {
  const first = bytes[at];
  if (first === undefined) fail('the bytes end too early');
  const major = first >> 5;
  const info = first & 0x1f;
  if (major === 6) fail('tags are not allowed');
  if (major === 7) {
    if (first < SIMPLE_FALSE || first > SIMPLE_NULL) fail('floats, undefined and simple values are not allowed');
    return { major, argument: 0, next: at + 1 };
  }
  if (info < 24) return { major, argument: info, next: at + 1 };
  if (info > 27) fail('indefinite lengths are not allowed');
  const width = 2 ** (info - 24);
  const argument = argumentOf(bytes, at + 1, width);
  if (argument < (width === 1 ? 24 : 2 ** (4 * width))) fail('an integer is not written in its shortest form');
  return { major, argument, next: at + 1 + width };
}

/**
 * Walks the heads of one CBOR value without recursion and without allocating what they promise. Throws
 * `ENCODING_INVALID` or `TOO_LARGE`, so that a decoder that recurses is safe afterwards.
 */
export function scanHeads(
  bytes: Uint8Array,
  bounds: { readonly depthMax: number; readonly itemsMax: number },
): { readonly items: number; readonly depth: number } {
  const open: number[] = [1];
  let at = 0;
  let items = 0;
  let deepest = 0;
  while (open.length > 0) {
    if (open.at(-1) === 0) {
      open.pop();
      continue;
    }
    open[open.length - 1]! -= 1;
    items += 1;
    if (items > bounds.itemsMax) throw new BitDustError('TOO_LARGE', 'too many values');
    const head = headAt(bytes, at);
    at = head.next;
    if (head.major === MAJOR_BYTES || head.major === MAJOR_TEXT) {
      if (head.argument > bytes.length - at) fail('the bytes end inside a string');
      at += head.argument;
    } else if (head.major === MAJOR_ARRAY || head.major === MAJOR_MAP) {
      const inner = head.major === MAJOR_MAP ? head.argument * 2 : head.argument;
      if (inner > bytes.length - at) fail('the bytes end inside an array or a map');
      deepest = Math.max(deepest, open.length);
      if (open.length > bounds.depthMax) throw new BitDustError('TOO_LARGE', 'nested too deeply');
      open.push(inner);
    }
  }
  if (at !== bytes.length) fail('bytes follow the value');
  return { items, depth: deepest };
}
