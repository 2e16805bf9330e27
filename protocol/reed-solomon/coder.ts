import { loadKernel } from './kernel.ts';
import { codingMatrix, type Matrix, recodingRows } from './matrix.ts';
import { encodeByPackage, reconstructByPackage } from './package-coder.ts';
import { allocatePieces, createSimdMultiplier } from './simd-multiplier.ts';

/** Pieces that are there, by index, and those that are wanted, with a buffer for each. */
export interface Reconstruction {
  readonly k: number;
  readonly n: number;
  readonly present: ReadonlyMap<number, Uint8Array>;
  readonly want: readonly number[];
  readonly outputs: readonly Uint8Array[];
}

/** Codes pieces of any length: the first k of n are the data, any k rebuild the rest. Not to be shared between threads. */
export interface Coder {
  readonly kind: 'simd' | 'package';
  /** Fills pieces k to n - 1 from pieces 0 to k - 1, in place. */
  encode(k: number, n: number, pieces: readonly Uint8Array[]): void;
  /** Computes the pieces `want` into `outputs` from k present ones, which are not changed. */
  reconstruct(options: Reconstruction): void;
  /**
   * Room for n pieces in the coder's own memory, where they are coded without a copy, twice as fast. It is never given
   * back, and views of an earlier call are of no use afterwards. Pieces may as well lie anywhere else.
   */
  allocate(n: number, pieceBytes: number): Uint8Array[];
}

function requireShape(k: number, n: number): void {
  if (!(Number.isInteger(k) && Number.isInteger(n) && k >= 1 && k <= n && n <= 255)) {
    throw new RangeError(`no code for ${k} of ${n}`);
  }
}

function requireOneLength(pieces: readonly Uint8Array[]): void {
  if (pieces.some((piece) => piece.length !== pieces[0]!.length)) throw new RangeError('pieces differ in length');
}

/** Exactly k present pieces, in order of index: the first ones, because data pieces need no arithmetic. */
function choosePresent({ k, n, present, want, outputs }: Reconstruction): ReadonlyMap<number, Uint8Array> {
  requireShape(k, n);
  const indices = [...present.keys()].sort((a, b) => a - b).slice(0, k);
  if (indices.length < k) throw new RangeError(`${k} pieces are needed, ${indices.length} are here`);
  if ([...indices, ...want].some((index) => index < 0 || index >= n)) throw new RangeError('no such piece');
  if (outputs.length !== want.length) throw new RangeError('one output for each wanted piece');
  const chosen = new Map(indices.map((index) => [index, present.get(index)!]));
  requireOneLength([...chosen.values(), ...outputs]);
  return chosen;
}

const parityRows = new WeakMap<Matrix, Matrix>();

function parityOf(k: number, n: number): Matrix {
  const matrix = codingMatrix(k, n);
  const rows = parityRows.get(matrix) ?? matrix.slice(k);
  parityRows.set(matrix, rows);
  return rows;
}

function checked(coder: Coder): Coder {
  return {
    kind: coder.kind,
    allocate: coder.allocate,
    encode(k, n, pieces) {
      requireShape(k, n);
      if (pieces.length !== n) throw new RangeError(`${n} pieces are needed`);
      requireOneLength(pieces);
      if (n > k && pieces[0]!.length > 0) coder.encode(k, n, pieces);
    },
    reconstruct(options) {
      const present = choosePresent(options);
      const { want, outputs } = options;
      for (const [order, index] of want.entries()) {
        const there = present.get(index);
        if (there !== undefined) outputs[order]!.set(there);
      }
      const missing = want.flatMap((index, order) => (present.has(index) ? [] : [{ index, output: outputs[order]! }]));
      if (missing.length === 0 || missing[0]!.output.length === 0) return;
      coder.reconstruct({
        ...options,
        present,
        want: missing.map(({ index }) => index),
        outputs: missing.map(({ output }) => output),
      });
    },
  };
}

/** The coder over `reed-solomon-erasure`: where the engine has no SIMD, and the yardstick of the tests. */
export function createPackageCoder(): Coder {
  return checked({
    kind: 'package',
    encode: encodeByPackage,
    reconstruct: reconstructByPackage,
    allocate: (n, pieceBytes) => Array.from({ length: n }, () => new Uint8Array(pieceBytes)),
  });
}

/** The coder of this machine: our SIMD kernel, or the package where the engine has none. */
export function createCoder(): Coder {
  const kernel = loadKernel();
  if (kernel === undefined) return createPackageCoder();
  const multiplier = createSimdMultiplier(kernel);
  return checked({
    kind: 'simd',
    allocate: (n, pieceBytes) => allocatePieces(kernel, n, pieceBytes),
    encode: (k, n, pieces) => multiplier(parityOf(k, n), pieces.slice(0, k), pieces.slice(k)),
    reconstruct: ({ k, n, present, want, outputs }) =>
      multiplier(recodingRows({ k, n, present: [...present.keys()], want }), [...present.values()], outputs),
  });
}
