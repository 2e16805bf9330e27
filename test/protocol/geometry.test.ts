import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isBlockSize, paddedBlockBytes, pieceBytes } from '../../protocol/block-size.ts';
import { AUTO_TARGET, chooseGeometry } from '../../protocol/geometry.ts';
import { commitMark, repairMark, urgentMark } from '../../protocol/marks.ts';

const MIB = 2 ** 20;

function choose(domains: number, options: { uptime?: number; k?: number | null; n?: number } = {}): string | undefined {
  const { uptime = 0.8, k = null, n = 64 } = options;
  const geometry = chooseGeometry({ domains, uptime, target: { k, n } });
  return geometry === undefined ? undefined : `${geometry.k}/${geometry.n}`;
}

describe('the geometry of a new block', () => {
  it('follows the table', () => {
    const domains = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 16, 64, 100];
    assert.deepEqual(
      domains.map((count) => choose(count)),
      [undefined, '1/1', '1/2', '1/3', '1/4', '2/5', '2/6', '3/7', '4/8', '4/8', '5/10', '8/16', '32/64', '32/64'],
    );
    assert.equal(choose(4, { uptime: 0.95 }), '2/4');
  });

  it('never lays out over more than the target', () => {
    assert.equal(chooseGeometry({ domains: 30, uptime: 1, target: AUTO_TARGET })?.n, 8);
    assert.equal(choose(30, { n: 5 }), '2/5');
  });

  it('takes an explicit k of n as soon as there are n domains', () => {
    assert.equal(choose(12, { k: 3, n: 9 }), '3/9');
    assert.equal(choose(9, { k: 3, n: 9 }), '3/9');
    assert.equal(choose(8, { k: 3, n: 9 }), '4/8');
  });
});

describe('the marks of a block', () => {
  it('are those of the design', () => {
    const rows = [
      [1, 2],
      [1, 3],
      [2, 3],
      [2, 6],
      [4, 8],
      [32, 64],
    ].map(([k, n]) => [commitMark({ k: k!, n: n! }), repairMark({ k: k!, n: n! })]);
    assert.deepEqual(rows, [
      [2, 1],
      [2, 2],
      [3, 2],
      [4, 4],
      [6, 6],
      [48, 48],
    ]);
    assert.deepEqual([urgentMark({ k: 1, n: 2 }), urgentMark({ k: 4, n: 8 })], [1, 5]);
  });

  it('lie between k and n', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 0, max: 63 }), (k, more) => {
        const geometry = { k, n: k + more };
        assert.ok(commitMark(geometry) >= k && commitMark(geometry) <= geometry.n);
        assert.ok(repairMark(geometry) < geometry.n);
        if (more > 0) assert.ok(repairMark(geometry) >= k && urgentMark(geometry) <= repairMark(geometry));
      }),
    );
  });
});

describe('the size of a block', () => {
  it('is padded to 1, 2, 4 or 8 MiB or full', () => {
    assert.deepEqual(
      [0, 1, MIB, MIB + 1, 3 * MIB, 8 * MIB].map((used) => paddedBlockBytes(4, used) / MIB),
      [1, 1, 1, 2, 4, 8],
    );
    assert.equal(paddedBlockBytes(20, 9 * MIB), 20 * MIB);
    assert.equal(paddedBlockBytes(60, 9 * MIB), 32 * MIB);
    assert.throws(() => paddedBlockBytes(4, 8 * MIB + 1), RangeError);
    assert.deepEqual(
      [isBlockSize(4, 8 * MIB), isBlockSize(4, 3 * MIB), isBlockSize(12, 12 * MIB)],
      [true, false, true],
    );
  });

  it('gives k pieces that hold it, in whole steps of 64 bytes', () => {
    for (let k = 1; k <= 64; k += 1) {
      const length = pieceBytes(k, 8 * MIB);
      assert.ok(length % 64 === 0 && length * k >= 8 * MIB && (length - 64) * k < 8 * MIB);
    }
  });
});
