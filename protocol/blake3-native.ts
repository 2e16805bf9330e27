import { Blake3Hasher, blake3, blake3UrlSafeBase64 } from '@napi-rs/blake-hash';

const HASH_BYTES = 32;

/** The native side takes any view of bytes; only its types ask for a Buffer. */
function view(bytes: Uint8Array): Buffer {
  return bytes as Buffer;
}

const scratch = Buffer.alloc(HASH_BYTES);

/** A hash that is fed in parts. */
export interface Hasher {
  update(bytes: Uint8Array): Hasher;
  digest(): Uint8Array;
}

/** BLAKE3 of the bytes, 32 bytes. */
export function hash(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(blake3(view(bytes)));
}

/** BLAKE3 of the bytes into `target` at `at`. The text answer of the native side is a quarter faster than its buffers. */
export function hashInto(bytes: Uint8Array, target: Uint8Array, at: number): void {
  scratch.write(blake3UrlSafeBase64(view(bytes)), 0, HASH_BYTES, 'base64url');
  target.set(scratch, at);
}

function hasherFrom(native: Blake3Hasher): Hasher {
  const hasher: Hasher = {
    update(bytes) {
      native.update(view(bytes));
      return hasher;
    },
    digest: () => Uint8Array.from(native.digestBuffer()),
  };
  return hasher;
}

/** An incremental hash, keyed when a key of 32 bytes is given. */
export function createHasher(key?: Uint8Array): Hasher {
  return hasherFrom(key === undefined ? new Blake3Hasher() : Blake3Hasher.newKeyed(Buffer.from(key)));
}

/** A function that hashes under this key of 32 bytes; cheaper than a new hasher for each input. */
export function createKeyedHash(key: Uint8Array): (bytes: Uint8Array) => Uint8Array {
  const native = Blake3Hasher.newKeyed(Buffer.from(key));
  return (bytes) => {
    native.reset();
    native.update(view(bytes));
    return Uint8Array.from(native.digestBuffer());
  };
}
