import { blake3 } from '@noble/hashes/blake3.js';

/** A hash that is fed in parts. */
export interface Hasher {
  update(bytes: Uint8Array): Hasher;
  digest(): Uint8Array;
}

/** BLAKE3 of the bytes, 32 bytes. */
export function hash(bytes: Uint8Array): Uint8Array {
  return blake3(bytes);
}

/** BLAKE3 of the bytes into `target` at `at`. */
export function hashInto(bytes: Uint8Array, target: Uint8Array, at: number): void {
  target.set(blake3(bytes), at);
}

/** An incremental hash, keyed when a key of 32 bytes is given. */
export function createHasher(key?: Uint8Array): Hasher {
  const inner = blake3.create(key === undefined ? {} : { key });
  const hasher: Hasher = {
    update(bytes) {
      inner.update(bytes);
      return hasher;
    },
    digest: () => inner.clone().digest(),
  };
  return hasher;
}

/** A function that hashes under this key of 32 bytes. */
export function createKeyedHash(key: Uint8Array): (bytes: Uint8Array) => Uint8Array {
  const kept = Uint8Array.from(key);
  return (bytes) => blake3(bytes, { key: kept });
}
