import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as native from '../../protocol/blake3-native.ts';
import * as portable from '../../protocol/blake3-portable.ts';
import { toHex } from '../../protocol/hash.ts';

// The published vectors: input bytes count 0, 1, ... 250, 0, ...; the key is the text below.
const KEY = new TextEncoder().encode('whats the Elvish word for friend');
const VECTORS = [
  {
    length: 0,
    hash: 'af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262',
    keyed: '92b2b75604ed3c761f9d6f62392c8a9227ad0ea3f09573e783f1498a4ed60d26',
  },
  {
    length: 1,
    hash: '2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213',
    keyed: '6d7878dfff2f485635d39013278ae14f1454b8c0a3a2d34bc1ab38228a80c95b',
  },
  {
    length: 1024,
    hash: '42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7',
    keyed: '75c46f6f3d9eb4f55ecaaee480db732e6c2105546f1e675003687c31719c7ba4',
  },
  {
    length: 102400,
    hash: 'bc3e3d41a1146b069abffad3c0d44860cf664390afce4d9661f7902e7943e085',
    keyed: '1c35d1a5811083fd7119f5d5d1ba027b4d01c0c6c49fb6ff2cf75393ea5db4a7',
  },
];

function input(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => index % 251);
}

for (const [name, blake3] of Object.entries({ native, portable })) {
  describe(`the ${name} BLAKE3`, () => {
    for (const { length, hash, keyed } of VECTORS) {
      it(`gives the published hashes of ${length} bytes`, () => {
        assert.equal(toHex(blake3.hash(input(length))), hash);
        assert.equal(toHex(blake3.createKeyedHash(KEY)(input(length))), keyed);
      });
    }

    it('gives the same hash for any split of the input', () => {
      const whole = input(5000);
      const hasher = blake3.createHasher();
      for (const [from, to] of [
        [0, 1],
        [1, 1],
        [1, 1025],
        [1025, 5000],
      ] as const) {
        hasher.update(whole.subarray(from, to));
      }
      assert.deepEqual(hasher.digest(), blake3.hash(whole));
    });

    it('hashes one input after the other under one key', () => {
      const keyed = blake3.createKeyedHash(KEY);
      const first = keyed(input(300));
      keyed(input(7));
      assert.deepEqual(keyed(input(300)), first);
      assert.deepEqual(blake3.createHasher(KEY).update(input(300)).digest(), first);
    });

    it('writes a hash into a place of a larger array', () => {
      const target = new Uint8Array(40).fill(9);
      blake3.hashInto(input(77), target, 4);
      assert.deepEqual(target.subarray(4, 36), blake3.hash(input(77)));
      assert.deepEqual(target.subarray(36), new Uint8Array(4).fill(9));
    });
  });
}
