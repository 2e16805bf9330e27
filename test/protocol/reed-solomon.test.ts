import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { chooseGeometry } from '../../protocol/geometry.ts';
import { type Coder, createCoder, createPackageCoder } from '../../protocol/reed-solomon/coder.ts';
import { kernelModule } from '../../protocol/reed-solomon/kernel.ts';
import { codingMatrix } from '../../protocol/reed-solomon/matrix.ts';

const simd = createCoder();
const oracle = createPackageCoder();

/** Small, quick, the same every time. */
function sequence(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 8;
  };
}

function randomPieces(options: { k: number; n: number; length: number; seed: number }): Uint8Array[] {
  const { k, n, length, seed } = options;
  const next = sequence(seed);
  return Array.from({ length: n }, (_, index) =>
    index < k ? Uint8Array.from({ length }, () => next()) : new Uint8Array(length),
  );
}

function encoded(coder: Coder, options: { k: number; n: number; length: number; seed: number }): Uint8Array[] {
  const pieces = randomPieces(options);
  coder.encode(options.k, options.n, pieces);
  return pieces;
}

function rebuild(coder: Coder, options: { k: number; n: number; pieces: Uint8Array[]; lost: readonly number[] }) {
  const { k, n, pieces, lost } = options;
  const present = new Map(pieces.flatMap((piece, index) => (lost.includes(index) ? [] : [[index, piece] as const])));
  const outputs = lost.map(() => new Uint8Array(pieces[0]!.length));
  coder.reconstruct({ k, n, present, want: lost, outputs });
  return outputs;
}

function subset(bits: number, n: number): number[] {
  return Array.from({ length: n }, (_, index) => index).filter((index) => bits & (1 << index));
}

function requireEverySubset(k: number, n: number): void {
  const pieces = encoded(simd, { k, n, length: 64, seed: k * 1000 + n });
  for (let bits = 0; bits < 1 << n; bits += 1) {
    const lost = subset(bits, n);
    if (lost.length > n - k) {
      if (lost.length === n - k + 1) {
        assert.throws(
          () => rebuild(simd, { k, n, pieces, lost }),
          new RegExp(`${k} pieces are needed, ${k - 1} are here`),
        );
      }
      continue;
    }
    const rebuilt = rebuild(simd, { k, n, pieces, lost });
    const wrong = lost.filter((index, order) => Buffer.compare(rebuilt[order]!, pieces[index]!) !== 0);
    assert.deepEqual(wrong, [], `${k}/${n} without ${lost.join(' ')}`);
  }
}

function sample(options: { n: number; count: number; next: () => number }): number[] {
  const left = Array.from({ length: options.n }, (_, index) => index);
  return Array.from({ length: options.count }, () => left.splice(options.next() % left.length, 1)[0]!).sort(
    (a, b) => a - b,
  );
}

function requireSamples(options: { k: number; n: number; samples: number }): void {
  const { k, n, samples } = options;
  const pieces = encoded(simd, { k, n, length: 64, seed: 77 });
  const next = sequence(k * 256 + n);
  for (let round = 0; round < samples; round += 1) {
    const lost = sample({ n, count: 1 + (next() % (n - k)), next });
    const rebuilt = rebuild(simd, { k, n, pieces, lost });
    for (const [order, index] of lost.entries()) assert.deepEqual(rebuilt[order], pieces[index]);
  }
}

describe('the Reed-Solomon code', () => {
  it('runs as SIMD here, and both forms of the kernel are valid modules', () => {
    assert.equal(simd.kind, 'simd');
    assert.ok(WebAssembly.validate(kernelModule({ relaxed: false })));
  });

  it('has the identity above the parity rows, and known parity for 2 of 4', () => {
    const rows = codingMatrix(2, 4).map((row) => [...row]);
    assert.deepEqual(rows, [
      [1, 0],
      [0, 1],
      [3, 2],
      [2, 3],
    ]);
  });

  for (const [k, n] of [
    [1, 1],
    [1, 2],
    [1, 4],
    [2, 3],
    [2, 4],
    [2, 5],
    [3, 7],
    [4, 8],
    [3, 9],
    [10, 14],
    [17, 40],
    [32, 64],
    [100, 110],
    [127, 255],
    [255, 255],
  ] as const) {
    it(`gives the bytes of reed-solomon-erasure at ${k} of ${n}, whatever the length`, () => {
      for (const length of [1, 31, 64, 1000]) {
        const options = { k, n, length, seed: length };
        assert.deepEqual(encoded(simd, options), encoded(oracle, options));
      }
    });
  }

  it('gives the bytes of reed-solomon-erasure over several blocks of columns', () => {
    const options = { k: 4, n: 8, length: 300_007, seed: 5 };
    assert.deepEqual(encoded(simd, options), encoded(oracle, options));
  });

  it('gives the bytes of reed-solomon-erasure at any shape', () => {
    const shape = fc.tuple(
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 0, max: 40 }),
      fc.integer({ min: 1, max: 300 }),
    );
    fc.assert(
      fc.property(shape, fc.nat(), ([k, more, length], seed) => {
        const options = { k, n: k + more, length, seed };
        assert.deepEqual(encoded(simd, options), encoded(oracle, options));
      }),
      { numRuns: 60 },
    );
  });

  it('rebuilds from every subset of lost suppliers at every row of the geometry table up to 13', () => {
    const rows = new Set<string>();
    for (let domains = 1; domains <= 13; domains += 1) {
      for (const uptime of [0.8, 0.97]) {
        const { k, n } = chooseGeometry({ domains, uptime, target: { k: null, n: 64 } })!;
        rows.add(`${k}/${n}`);
      }
    }
    rows.add('5/13');
    for (const row of rows) {
      const [k, n] = row.split('/').map(Number);
      requireEverySubset(k!, n!);
    }
    assert.equal(rows.size, 12);
  });

  it('rebuilds from 10,000 samples of lost suppliers at larger rows', () => {
    requireSamples({ k: 8, n: 16, samples: 6000 });
    requireSamples({ k: 16, n: 32, samples: 2000 });
    requireSamples({ k: 10, n: 14, samples: 1500 });
    requireSamples({ k: 32, n: 64, samples: 500 });
  });

  it('rebuilds the same by the package, parity too', () => {
    for (const [k, n] of [
      [1, 4],
      [3, 7],
      [4, 8],
    ] as const) {
      const pieces = encoded(simd, { k, n, length: 100, seed: 3 });
      const lost = [0, n - 1].slice(0, n - k);
      const rebuilt = rebuild(oracle, { k, n, pieces, lost });
      for (const [order, index] of lost.entries()) assert.deepEqual(rebuilt[order], pieces[index]);
    }
  });

  it('gives wanted pieces that are present as they are, and changes no input', () => {
    const pieces = encoded(simd, { k: 4, n: 8, length: 200, seed: 8 });
    const before = pieces.map((piece) => piece.slice());
    const outputs = [new Uint8Array(200), new Uint8Array(200)];
    const present = new Map(pieces.map((piece, index) => [index, piece] as const).slice(2));
    simd.reconstruct({ k: 4, n: 8, present, want: [5, 0], outputs });
    assert.deepEqual(outputs, [before[5], before[0]]);
    assert.deepEqual(pieces, before);
  });

  it('gives the same bytes in its own memory', () => {
    for (const length of [64, 4096, 100_000, 33]) {
      const options = { k: 5, n: 9, length, seed: 4 };
      const coder = createCoder();
      const own = coder.allocate(9, length);
      for (const [index, piece] of randomPieces(options).entries()) own[index]!.set(piece);
      coder.encode(5, 9, own);
      const elsewhere = encoded(oracle, options);
      assert.deepEqual(
        own.map((piece) => piece.slice()),
        elsewhere,
      );
      assert.deepEqual(rebuild(coder, { k: 5, n: 9, pieces: own, lost: [1, 6] }), [elsewhere[1], elsewhere[6]]);
    }
  });

  it('refuses shapes and lengths that do not fit', () => {
    const three = randomPieces({ k: 2, n: 3, length: 64, seed: 1 });
    assert.throws(() => simd.encode(0, 3, three), RangeError);
    assert.throws(() => simd.encode(4, 3, three), RangeError);
    assert.throws(() => simd.encode(2, 256, three), RangeError);
    assert.throws(() => simd.encode(2, 3, [...three.slice(0, 2), new Uint8Array(63)]), /differ in length/);
    assert.throws(() => simd.encode(2, 4, three), /4 pieces are needed/);
  });
});
