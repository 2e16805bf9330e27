import { assemble, type Code, op, type WasmFunction } from '../wasm/assembler.ts';

/** Output rows that one pass over the inputs computes; more would not fit the sixteen vector registers. */
export const ROWS_AT_ONCE = 4;
/** Bytes of nibble tables of one coefficient: sixteen products of its low nibble, sixteen of its high one. */
export const TABLE_BYTES = 32;
/** Columns are done in steps of two vectors. */
export const STEP_BYTES = 32;
export const KERNEL_PAGES = 34;

const VECTORS = 2;
const VECTOR_BYTES = 16;
const I32_LOCALS = 5;

const P = { tables: 0, inputs: 1, count: 2, inputStride: 3, outputs: 4, outputStride: 5, length: 6 } as const;
const L = { column: 7, source: 8, table: 9, remaining: 10, target: 11 } as const;
const FIRST_VECTOR = 12;

const add = (local: number, value: Code): Code => [op.get(local), value, op.i32Add, op.set(local)];
const vectors = Array.from({ length: VECTORS }, (_, index) => index);

/**
 * For every column of two vectors: all inputs are read once, split into nibbles, and looked up for `rows` outputs at a
 * time. The sums stay in registers until the column is done.
 */
function multiplyRows(rows: number, swizzle: Code): WasmFunction {
  const sum = (row: number, vector: number) => FIRST_VECTOR + row * VECTORS + vector;
  const low = (vector: number) => FIRST_VECTOR + rows * VECTORS + vector;
  const high = (vector: number) => low(vector) + VECTORS;
  const table = FIRST_VECTOR + (rows + 2) * VECTORS;
  const mask = table + 1;
  const outputs = Array.from({ length: rows }, (_, index) => index);

  const split = vectors.map((vector) => [
    [op.get(L.source), op.v128Load(vector * VECTOR_BYTES), op.tee(low(vector))],
    [op.i32Const(4), op.i16x8ShrU, op.get(mask), op.v128And, op.set(high(vector))],
    [op.get(low(vector)), op.get(mask), op.v128And, op.set(low(vector))],
  ]);
  const lookUp = (row: number, offset: number, nibbles: (vector: number) => number): Code => [
    [op.get(L.table), op.v128Load(row * TABLE_BYTES + offset), op.set(table)],
    vectors.map((vector) => [
      [op.get(table), op.get(nibbles(vector)), swizzle],
      [op.get(sum(row, vector)), op.v128Xor, op.set(sum(row, vector))],
    ]),
  ];
  const everyInput = op.loop(
    ...split,
    ...outputs.map((row) => [lookUp(row, 0, low), lookUp(row, VECTOR_BYTES, high)]),
    add(L.source, op.get(P.inputStride)),
    add(L.table, op.i32Const(rows * TABLE_BYTES)),
    [op.get(L.remaining), op.i32Const(1), op.i32Sub, op.tee(L.remaining), op.branchIf(0)],
  );
  const zero = op.v128Const(new Array<number>(VECTOR_BYTES).fill(0));
  const everyColumn = op.loop(
    ...outputs.flatMap((row) => vectors.map((vector) => [zero, op.set(sum(row, vector))])),
    [op.get(P.inputs), op.get(L.column), op.i32Add, op.set(L.source)],
    [op.get(P.tables), op.set(L.table)],
    [op.get(P.count), op.set(L.remaining)],
    everyInput,
    [op.get(P.outputs), op.get(L.column), op.i32Add, op.set(L.target)],
    ...outputs.map((row) => [
      vectors.map((vector) => [op.get(L.target), op.get(sum(row, vector)), op.v128Store(vector * VECTOR_BYTES)]),
      add(L.target, op.get(P.outputStride)),
    ]),
    [op.get(L.column), op.i32Const(STEP_BYTES), op.i32Add, op.tee(L.column)],
    [op.get(P.length), op.i32LtU, op.branchIf(0)],
  );
  return {
    name: `multiply${rows}`,
    params: 7,
    results: 0,
    locals: [
      { count: I32_LOCALS, type: op.i32 },
      { count: (rows + 2) * VECTORS + 2, type: op.v128 },
    ],
    body: [op.v128Const(new Array<number>(VECTOR_BYTES).fill(0x0f)), op.set(mask), everyColumn],
  };
}

/** One function per number of output rows, `multiply1` to `multiply4`, all over the module's own memory. */
export function kernelModule(options: { readonly relaxed: boolean }): Uint8Array<ArrayBuffer> {
  const swizzle = options.relaxed ? op.i8x16RelaxedSwizzle : op.i8x16Swizzle;
  const functions = Array.from({ length: ROWS_AT_ONCE }, (_, index) => multiplyRows(index + 1, swizzle));
  return assemble({ pages: KERNEL_PAGES, functions });
}

type Multiply = (
  tables: number,
  inputs: number,
  count: number,
  inputStride: number,
  outputs: number,
  outputStride: number,
  length: number,
) => void;

/** The kernel ready to run: its memory and `multiply[rows]`, rows from 1 to 4. */
export interface Kernel {
  /** The whole memory; another view after it has grown. */
  readonly memory: () => Uint8Array;
  /** Adds memory; gives the address where it begins. */
  readonly grow: (bytes: number) => number;
  readonly multiply: readonly Multiply[];
}

const PAGE_BYTES = 64 * 1024;

/** Compiles the kernel, with the relaxed swizzle where the engine has it; undefined without SIMD. */
export function loadKernel(): Kernel | undefined {
  const bytes = [true, false]
    .map((relaxed) => kernelModule({ relaxed }))
    .find((module) => WebAssembly.validate(module));
  if (bytes === undefined) return undefined;
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  const multiply = Array.from({ length: ROWS_AT_ONCE }, (_, index) => exports[`multiply${index + 1}`] as Multiply);
  const memory = exports['memory'] as WebAssembly.Memory;
  let view = new Uint8Array(memory.buffer);
  return {
    memory: () => view,
    grow(added) {
      const at = memory.grow(Math.ceil(added / PAGE_BYTES)) * PAGE_BYTES;
      view = new Uint8Array(memory.buffer);
      return at;
    },
    multiply,
  };
}
