import { multiply } from './field.ts';
import { KERNEL_PAGES, type Kernel, ROWS_AT_ONCE, STEP_BYTES, TABLE_BYTES } from './kernel.ts';
import type { Matrix } from './matrix.ts';

const TABLES_BYTES_MAX = 1024 * 1024;
const SCRATCH_BYTES = KERNEL_PAGES * 64 * 1024 - TABLES_BYTES_MAX;
/** What one block of columns may take: it stays in the second-level cache of every recent processor. */
const CACHE_BYTES = 384 * 1024;
const COLUMNS_MAX = 32 * 1024;
const COLUMNS_MIN = 512;
/** Rows begin at different sets of the cache, although pieces are often powers of two long. */
const STAGGER_BYTES = 64;

function writeTables(target: Uint8Array, coefficient: number): void {
  for (let nibble = 0; nibble < 16; nibble += 1) {
    target[nibble] = multiply(coefficient, nibble);
    target[nibble + 16] = multiply(coefficient, nibble << 4);
  }
}

/** Tables in the order the kernel reads them: per group of rows, per input, per row of the group. */
function writeAllTables(memory: Uint8Array, rows: Matrix): void {
  let at = 0;
  for (let first = 0; first < rows.length; first += ROWS_AT_ONCE) {
    const group = rows.slice(first, first + ROWS_AT_ONCE);
    for (let input = 0; input < group[0]!.length; input += 1) {
      for (const row of group) {
        writeTables(memory.subarray(at, at + TABLE_BYTES), row[input]!);
        at += TABLE_BYTES;
      }
    }
  }
}

function columnsFor(pieces: number): number {
  const columns = Math.floor(CACHE_BYTES / pieces / STAGGER_BYTES) * STAGGER_BYTES;
  return Math.min(COLUMNS_MAX, Math.max(COLUMNS_MIN, columns));
}

/** Distance of pieces that lie at even distances in this memory, or undefined: then they need no copy. */
function strideIn(memory: Uint8Array, pieces: readonly Uint8Array[]): number | undefined {
  const stride = pieces.length < 2 ? 0 : pieces[1]!.byteOffset - pieces[0]!.byteOffset;
  const even = pieces.every(
    (piece, index) => piece.buffer === memory.buffer && piece.byteOffset === pieces[0]!.byteOffset + index * stride,
  );
  return even && pieces[0]!.length % STEP_BYTES === 0 ? stride : undefined;
}

interface Run {
  readonly rows: number;
  readonly count: number;
  readonly inputs: number;
  readonly inputStride: number;
  readonly outputs: number;
  readonly outputStride: number;
  readonly length: number;
}

function runGroups(kernel: Kernel, run: Run): void {
  const { rows, count, inputs, inputStride, outputs, outputStride, length } = run;
  let tables = 0;
  for (let first = 0; first < rows; first += ROWS_AT_ONCE) {
    const group = Math.min(ROWS_AT_ONCE, rows - first);
    const target = outputs + first * outputStride;
    kernel.multiply[group - 1]!(tables, inputs, count, inputStride, target, outputStride, length);
    tables += group * count * TABLE_BYTES;
  }
}

/** Block by block of columns, copied into the kernel's memory and back while they are in the cache. */
function runCopied(kernel: Kernel, inputs: readonly Uint8Array[], outputs: readonly Uint8Array[]): void {
  const memory = kernel.memory();
  const length = inputs[0]!.length;
  const columns = columnsFor(inputs.length + outputs.length);
  const stride = columns + STAGGER_BYTES;
  const outputsAt = TABLES_BYTES_MAX + inputs.length * stride;
  if ((inputs.length + outputs.length) * stride > SCRATCH_BYTES) throw new RangeError('too many pieces');
  const places = { inputs: TABLES_BYTES_MAX, inputStride: stride, outputs: outputsAt, outputStride: stride };
  for (let at = 0; at < length; at += columns) {
    const end = Math.min(length, at + columns);
    for (let index = 0; index < inputs.length; index += 1) {
      memory.set(inputs[index]!.subarray(at, end), TABLES_BYTES_MAX + index * stride);
    }
    const steps = Math.ceil((end - at) / STEP_BYTES) * STEP_BYTES;
    runGroups(kernel, { ...places, rows: outputs.length, count: inputs.length, length: steps });
    for (let index = 0; index < outputs.length; index += 1) {
      const from = outputsAt + index * stride;
      outputs[index]!.set(memory.subarray(from, from + end - at), at);
    }
  }
}

/** Multiplies `rows` with the inputs into the outputs, wherever they lie; without copies where they lie in the kernel's memory. */
export function createSimdMultiplier(kernel: Kernel) {
  let tablesOf: Matrix | undefined;
  return (rows: Matrix, inputs: readonly Uint8Array[], outputs: readonly Uint8Array[]): void => {
    if (tablesOf !== rows) {
      tablesOf = undefined;
      writeAllTables(kernel.memory(), rows);
      tablesOf = rows;
    }
    const inputStride = strideIn(kernel.memory(), inputs);
    const outputStride = strideIn(kernel.memory(), outputs);
    if (inputStride === undefined || outputStride === undefined) {
      runCopied(kernel, inputs, outputs);
      return;
    }
    const columns = columnsFor(inputs.length + outputs.length);
    const shape = { rows: outputs.length, count: inputs.length, inputStride, outputStride };
    for (let at = 0; at < inputs[0]!.length; at += columns) {
      const length = Math.min(columns, inputs[0]!.length - at);
      const places = { inputs: inputs[0]!.byteOffset + at, outputs: outputs[0]!.byteOffset + at };
      runGroups(kernel, { ...shape, ...places, length });
    }
  };
}

/** Bytes that keep pieces of a power of two off each other's sets of the cache. */
const PIECE_STAGGER_BYTES = 4096 + STAGGER_BYTES;

/** Room for n pieces in the kernel's memory. Views given before are of no use afterwards. */
export function allocatePieces(kernel: Kernel, n: number, pieceBytes: number): Uint8Array[] {
  const stride = Math.ceil(pieceBytes / STAGGER_BYTES) * STAGGER_BYTES + PIECE_STAGGER_BYTES;
  const at = kernel.grow(n * stride);
  return Array.from({ length: n }, (_, index) =>
    kernel.memory().subarray(at + index * stride, at + index * stride + pieceBytes),
  );
}
