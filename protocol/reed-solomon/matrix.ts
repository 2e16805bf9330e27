import { inverse, multiply, power } from './field.ts';

/** Rows of bytes, all of one length. */
export type Matrix = readonly Uint8Array[];

/** Row `r` times matrix: the combination of the matrix's rows with the coefficients of `r`. */
function timesRow(row: Uint8Array, matrix: Matrix): Uint8Array {
  const result = new Uint8Array(matrix[0]!.length);
  for (const [index, coefficient] of row.entries()) {
    const factors = matrix[index]!;
    for (let column = 0; column < result.length; column += 1) {
      result[column]! ^= multiply(coefficient, factors[column]!);
    }
  }
  return result;
}

function identity(size: number): Uint8Array[] {
  return Array.from({ length: size }, (_, row) =>
    Uint8Array.from({ length: size }, (_, column) => Number(row === column)),
  );
}

function addMultiple(target: Uint8Array, source: Uint8Array, factor: number): void {
  if (factor === 0) return;
  for (let column = 0; column < target.length; column += 1) target[column]! ^= multiply(factor, source[column]!);
}

/** The inverse of a square matrix by Gauss and Jordan. Throws a `RangeError` for a singular one. */
export function invert(matrix: Matrix): Uint8Array[] {
  const size = matrix.length;
  const left = matrix.map((row) => Uint8Array.from(row));
  const right = identity(size);
  for (let column = 0; column < size; column += 1) {
    const pivot = left.findIndex((row, index) => index >= column && row[column] !== 0);
    if (pivot < 0) throw new RangeError('the matrix is singular');
    [left[column], left[pivot]] = [left[pivot]!, left[column]!];
    [right[column], right[pivot]] = [right[pivot]!, right[column]!];
    const scale = inverse(left[column]![column]!);
    left[column] = left[column]!.map((value) => multiply(value, scale));
    right[column] = right[column]!.map((value) => multiply(value, scale));
    for (let row = 0; row < size; row += 1) {
      if (row === column) continue;
      const factor = left[row]![column]!;
      addMultiple(left[row]!, left[column]!, factor);
      addMultiple(right[row]!, right[column]!, factor);
    }
  }
  return right;
}

const known = new Map<number, Matrix>();
const KNOWN_MAX = 64;

/**
 * The n x k coding matrix: the Vandermonde matrix r^c times the inverse of its upper square, so that the first k rows
 * are the identity and any k rows can be inverted. The same as in `reed-solomon-erasure` and its relatives.
 */
export function codingMatrix(k: number, n: number): Matrix {
  if (!(Number.isInteger(k) && Number.isInteger(n) && k >= 1 && k <= n && n <= 255)) {
    throw new RangeError(`no code for ${k} of ${n}`);
  }
  const found = known.get(k * 256 + n);
  if (found !== undefined) return found;
  const rows = Array.from({ length: n }, (_, row) => Uint8Array.from({ length: k }, (_, column) => power(row, column)));
  const topInverse = invert(rows.slice(0, k));
  const matrix = rows.map((row) => timesRow(row, topInverse));
  if (known.size >= KNOWN_MAX) known.clear();
  known.set(k * 256 + n, matrix);
  return matrix;
}

/**
 * The rows that compute the pieces `want` out of the k pieces `present` (indices in the order they will be given).
 */
export function recodingRows(options: {
  readonly k: number;
  readonly n: number;
  readonly present: readonly number[];
  readonly want: readonly number[];
}): Matrix {
  const { k, n, present, want } = options;
  const matrix = codingMatrix(k, n);
  const back = invert(present.map((index) => matrix[index]!));
  return want.map((index) => (index < k ? back[index]! : timesRow(matrix[index]!, back)));
}
