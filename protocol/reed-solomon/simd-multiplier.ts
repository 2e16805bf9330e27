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

/**
 * Multiplies `rows` with the inputs into the outputs: block by block of columns, copied into the kernel's memory and back
 * while they are in the cache, so the pieces themselves may lie in any buffer.
 */
export function createSimdMultiplier(kernel: Kernel) {
  const { memory, multiply: kernels } = kernel;
  let tablesOf: Matrix | undefined;

  function runGroups(options: { rows: number; inputs: number; stride: number; outputs: number; length: number }): void {
    const { rows, inputs, stride, outputs, length } = options;
    let tables = 0;
    for (let first = 0; first < rows; first += ROWS_AT_ONCE) {
      const count = Math.min(ROWS_AT_ONCE, rows - first);
      const target = outputs + first * stride;
      kernels[count - 1]!(tables, TABLES_BYTES_MAX, inputs, stride, target, stride, length);
      tables += count * inputs * TABLE_BYTES;
    }
  }

  return (rows: Matrix, inputs: readonly Uint8Array[], outputs: readonly Uint8Array[]): void => {
    if (tablesOf !== rows) {
      tablesOf = undefined;
      writeAllTables(memory, rows);
      tablesOf = rows;
    }
    const length = inputs[0]!.length;
    const columns = columnsFor(inputs.length + outputs.length);
    const stride = columns + STAGGER_BYTES;
    const outputsAt = TABLES_BYTES_MAX + inputs.length * stride;
    if ((inputs.length + outputs.length) * stride > SCRATCH_BYTES) throw new RangeError('too many pieces');
    for (let at = 0; at < length; at += columns) {
      const end = Math.min(length, at + columns);
      for (let index = 0; index < inputs.length; index += 1) {
        memory.set(inputs[index]!.subarray(at, end), TABLES_BYTES_MAX + index * stride);
      }
      const steps = Math.ceil((end - at) / STEP_BYTES) * STEP_BYTES;
      runGroups({ rows: rows.length, inputs: inputs.length, stride, outputs: outputsAt, length: steps });
      for (let index = 0; index < outputs.length; index += 1) {
        const from = outputsAt + index * stride;
        outputs[index]!.set(memory.subarray(from, from + end - at), at);
      }
    }
  };
}
