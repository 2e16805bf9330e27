import { decode as cborgDecode, encode as cborgEncode } from 'cborg';
import { scanHeads } from './cbor-scan.ts';
import { BitDustError } from './errors.ts';
import { LIMITS } from './limits.ts';

/** What strict CBOR can carry: no floats, tags, undefined or integers beyond 2^53 - 1. */
export type CborValue =
  | number
  | boolean
  | null
  | string
  | Uint8Array
  | readonly CborValue[]
  | { readonly [key: string]: CborValue };

/** Bounds that are checked before the decoder, which recurses, sees a byte. */
export interface DecodeBounds {
  readonly bytesMax: number;
  /** Arrays and maps inside each other; 16 unless told. */
  readonly depthMax?: number;
  /** Values and keys in all; 65,536 unless told. */
  readonly itemsMax?: number;
}

const DECODE_OPTIONS = {
  strict: true,
  rejectDuplicateMapKeys: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowInfinity: false,
  allowNaN: false,
  allowBigInt: false,
} as const;

function fail(message: string, cause?: unknown): never {
  throw new BitDustError('ENCODING_INVALID', message, cause === undefined ? {} : { cause });
}

function requireKeys(value: object, depth: number): void {
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) fail('only plain objects are encoded as maps');
  for (const [key, inner] of Object.entries(value)) {
    if (!key.isWellFormed()) fail('a map key is not valid Unicode');
    requireEncodable(inner, depth + 1);
  }
}

function requireEncodable(value: unknown, depth: number): void {
  if (value === null || typeof value === 'boolean' || value instanceof Uint8Array) return;
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) fail('only safe integers are encoded');
    return;
  }
  if (typeof value === 'string') {
    if (!value.isWellFormed()) fail('a text is not valid Unicode');
    return;
  }
  if (typeof value === 'object' && depth >= LIMITS.cborDepthMax.value) fail('nested too deeply');
  if (Array.isArray(value)) {
    for (const item of value) requireEncodable(item, depth + 1);
    return;
  }
  if (typeof value !== 'object') fail(`${typeof value} cannot be encoded`);
  requireKeys(value, depth);
}

function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0;
}

/** Deterministic CBOR: shortest heads, sorted text keys. Throws `ENCODING_INVALID` for a value outside `CborValue`. */
export function encode(value: unknown): Uint8Array {
  requireEncodable(value, 0);
  return plain(cborgEncode(value));
}

/**
 * Reads strict CBOR from someone who may be hostile. Accepted is only what encodes to the same bytes again. Throws
 * `TOO_LARGE` beyond a bound and `ENCODING_INVALID` for everything else.
 */
export function decode(bytes: Uint8Array, bounds: DecodeBounds): CborValue {
  if (bytes.length > bounds.bytesMax) {
    throw new BitDustError('TOO_LARGE', undefined, { details: { bytes: bytes.length, bytesMax: bounds.bytesMax } });
  }
  const input = plain(bytes);
  scanHeads(input, {
    depthMax: bounds.depthMax ?? LIMITS.cborDepthMax.value,
    itemsMax: bounds.itemsMax ?? LIMITS.cborItemsMax.value,
  });
  let value: CborValue;
  let again: Uint8Array;
  try {
    value = cborgDecode(input, DECODE_OPTIONS) as CborValue;
    again = encode(value);
  } catch (error) {
    fail('the bytes are not strict CBOR', error);
  }
  if (!sameBytes(input, again)) fail('the bytes are not the one encoding of their value');
  return value;
}
