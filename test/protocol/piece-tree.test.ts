import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { hash } from '../../protocol/blake3.ts';
import { concatBytes, textBytes, toHex, u64 } from '../../protocol/hash.ts';
import { LABELS } from '../../protocol/labels.ts';
import {
  createTreeBuilder,
  hashLeaves,
  LEAF_BYTES,
  leafCount,
  pieceRoot,
  rangePath,
  verifyRange,
} from '../../protocol/piece-tree.ts';

const LABEL = LABELS.piece;

function piece(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 31 + (index >> 8)) & 0xff);
}

/** The definition, written down a second time without any shortcut. */
function rootByDefinition(data: Uint8Array): Uint8Array {
  let level: Uint8Array[] = [];
  for (let at = 0; at < Math.max(1, data.length); at += LEAF_BYTES) {
    level.push(hash(concatBytes(Uint8Array.of(0), data.subarray(at, at + LEAF_BYTES))));
  }
  while (level.length > 1) {
    const above: Uint8Array[] = [];
    for (let index = 0; index < level.length; index += 2) {
      const [left, right] = [level[index]!, level[index + 1]];
      above.push(right === undefined ? left : hash(concatBytes(Uint8Array.of(1), left, right)));
    }
    level = above;
  }
  return hash(concatBytes(textBytes('bitdust/piece/1'), Uint8Array.of(0, 2), u64(data.length), level[0]!));
}

const VECTORS: readonly (readonly [number, string])[] = [
  [0, '673e41cc76cb6481f5c4c667daf32eb319db8adc33009569764181399b8b8cf3'],
  [1, 'bde0ad85dfc6d00406c1fbc4ce8caebbb95ca65d6d0ccd2c75a439dda4c7292f'],
  [LEAF_BYTES - 1, 'ad6f34ce357e029d8847e3fa065093e0286f89ff9ab73ea5e77f871c35488819'],
  [LEAF_BYTES, '7b69a1c590f0f52f5394ae6bc9ac2d8a2e10f7e5ded46baf12e15f7d81936bb7'],
  [LEAF_BYTES + 1, 'c0625a95472f5cb59dc77d724ca9d8912a511d610dc11276eace6f2c460a35ce'],
  [3 * LEAF_BYTES, 'd9a003f75ae8f17bd43b041494cf0751c91cecde875c38aab885bdad3c9f2dbe'],
];

describe('the piece tree', () => {
  for (const [length, root] of VECTORS) {
    it(`has the golden root for ${length} bytes`, () => {
      assert.equal(toHex(pieceRoot(LABEL, piece(length))), root);
      assert.deepEqual(pieceRoot(LABEL, piece(length)), rootByDefinition(piece(length)));
    });
  }

  it('agrees with its definition for every count of leaves up to 20', () => {
    for (let leaves = 1; leaves <= 20; leaves += 1) {
      const data = piece(leaves * LEAF_BYTES - 5);
      assert.deepEqual(pieceRoot(LABEL, data), rootByDefinition(data));
    }
  });

  it('is built from parts of any size', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 70_000 }),
        fc.array(fc.integer({ min: 0, max: 40_000 })),
        (length, cuts) => {
          const data = piece(length);
          const builder = createTreeBuilder(LABEL);
          const ends = [...cuts.filter((cut) => cut < length), length].sort((a, b) => a - b);
          let at = 0;
          for (const end of ends) {
            builder.update(data.subarray(at, end));
            at = end;
          }
          const built = builder.finish();
          assert.deepEqual(built.root, pieceRoot(LABEL, data));
          assert.deepEqual(built.leaves, hashLeaves(data));
          assert.equal(built.length, length);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('proves every range of leaves of trees up to 9 leaves', () => {
    for (let total = 1; total <= 9; total += 1) {
      const data = piece(total * LEAF_BYTES - 100);
      const root = pieceRoot(LABEL, data);
      const leaves = hashLeaves(data);
      for (let first = 0; first < total; first += 1) {
        for (let count = 1; first + count <= total; count += 1) {
          const part = data.subarray(first * LEAF_BYTES, (first + count) * LEAF_BYTES);
          const path = rangePath(leaves, { first, count });
          assert.ok(verifyRange(LABEL, { root, length: data.length, first, data: part, path }), `${first}+${count}`);
        }
      }
    }
  });

  it('refuses a range that was changed in any part', () => {
    const data = piece(7 * LEAF_BYTES + 50);
    const good = {
      root: pieceRoot(LABEL, data),
      length: data.length,
      first: 2,
      data: data.slice(2 * LEAF_BYTES, 5 * LEAF_BYTES),
      path: rangePath(hashLeaves(data), { first: 2, count: 3 }),
    };
    const flip = (bytes: Uint8Array, at: number) => bytes.with(at, bytes[at]! ^ 1);
    assert.ok(verifyRange(LABEL, good));
    assert.equal(verifyRange(LABELS.stream, good), false);
    assert.equal(verifyRange(LABEL, { ...good, data: flip(good.data, 20_000) }), false);
    assert.equal(verifyRange(LABEL, { ...good, path: flip(good.path, 3) }), false);
    assert.equal(verifyRange(LABEL, { ...good, root: flip(good.root, 0) }), false);
    assert.equal(verifyRange(LABEL, { ...good, length: good.length + 1 }), false);
    assert.equal(verifyRange(LABEL, { ...good, first: 3 }), false);
    assert.equal(verifyRange(LABEL, { ...good, first: -1 }), false);
    assert.equal(verifyRange(LABEL, { ...good, path: good.path.subarray(32) }), false);
    assert.equal(verifyRange(LABEL, { ...good, path: concatBytes(good.path, new Uint8Array(32)) }), false);
    assert.equal(verifyRange(LABEL, { ...good, data: good.data.subarray(1) }), false);
  });

  it('counts nothing at all as one empty leaf', () => {
    assert.equal(leafCount(0), 1);
    assert.deepEqual(hashLeaves(new Uint8Array(0)), hash(Uint8Array.of(0)));
  });
});
