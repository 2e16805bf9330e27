import { createHash, randomBytes } from 'node:crypto';
import type { Random } from '../../ports/world.ts';

/** Randomness of the operating system. */
export function realRandom(): Random {
  return {
    bytes: (length) => new Uint8Array(randomBytes(length)),
    fraction: () => Math.random(),
  };
}

/** A repeatable stream of randomness; streams of different names from one seed are independent. */
export interface SeededRandom extends Random {
  fork(name: string): SeededRandom;
}

/** SHA-256 in counter mode over seed and name: the same seed gives the same bytes on every machine. */
export function seededRandom(seed: number | string, name = ''): SeededRandom {
  let block = Buffer.alloc(0);
  let used = 0;
  let counter = 0;

  function bytes(length: number): Uint8Array {
    const out = new Uint8Array(length);
    for (let at = 0; at < length; ) {
      if (used === block.length) {
        block = createHash('sha256').update(`${seed}/${name}/${counter++}`).digest();
        used = 0;
      }
      const count = Math.min(length - at, block.length - used);
      out.set(block.subarray(used, used + count), at);
      used += count;
      at += count;
    }
    return out;
  }

  return {
    bytes,
    fraction: () => Buffer.from(bytes(6).buffer).readUIntBE(0, 6) / 2 ** 48,
    fork: (child) => seededRandom(seed, `${name}/${child}`),
  };
}
