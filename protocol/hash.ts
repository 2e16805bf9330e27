import { createHash, hkdfSync, timingSafeEqual } from 'node:crypto';

const TEXT = new TextEncoder();

/** The bytes one after the other in a new array. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** `label ‖ 0x00 ‖ bytes`: the form of everything that is hashed, signed, derived or sealed. */
export function labelled(label: string, ...parts: readonly Uint8Array[]): Uint8Array {
  return concatBytes(TEXT.encode(label), new Uint8Array(1), ...parts);
}

/** SHA-256, 32 bytes. */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
}

/** SHA-256 over the labelled input; the H of the directory's targets. */
export function labelledHash(label: string, ...parts: readonly Uint8Array[]): Uint8Array {
  return sha256(labelled(label, ...parts));
}

/** HKDF-SHA256 (RFC 5869). Without a salt it is 32 zero bytes, as the RFC says. */
export function hkdf(options: {
  readonly secret: Uint8Array;
  readonly salt?: Uint8Array;
  readonly info: Uint8Array;
  readonly length: number;
}): Uint8Array {
  const { secret, salt = new Uint8Array(0), info, length } = options;
  return new Uint8Array(hkdfSync('sha256', secret, salt, info, length));
}

/** Compares in constant time; of different lengths is different at once. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Order of the bytes, as of unsigned numbers; for sorting public values only. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  return Buffer.compare(a, b);
}

/** Lower-case hex. */
export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

/** Bytes of lower-case hex. Throws a `RangeError` for anything else, because hex comes from our own code. */
export function fromHex(hex: string): Uint8Array {
  if (hex.length % 2 !== 0 || !/^[0-9a-f]*$/.test(hex)) throw new RangeError('not lower-case hex');
  return new Uint8Array(Buffer.from(hex, 'hex'));
}

/** UTF-8 bytes of a text. */
export function textBytes(text: string): Uint8Array {
  return TEXT.encode(text);
}

/** Four bytes, big-endian. */
export function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

/** Eight bytes, big-endian. */
export function u64(value: number | bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
}

/** Reads four bytes, big-endian. */
export function readU32(bytes: Uint8Array, at = 0): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at);
}

/** Reads eight bytes, big-endian. */
export function readU64(bytes: Uint8Array, at = 0): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(at);
}
