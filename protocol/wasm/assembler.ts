/** Bytes of a WebAssembly fragment: single bytes and longer parts in order. */
export type Code = readonly (number | Code)[];

/** A function of the module: `params` and `results` are counts of i32, `body` ends without the closing `end`. */
export interface WasmFunction {
  readonly name: string;
  readonly params: number;
  readonly results: 0 | 1;
  /** Further locals by type, in this order after the parameters. */
  readonly locals: readonly { readonly count: number; readonly type: number }[];
  readonly body: Code;
}

const I32 = 0x7f;
const V128 = 0x7b;
const EMPTY_BLOCK = 0x40;

/** Unsigned LEB128, the number format of WebAssembly. */
export function unsigned(value: number): number[] {
  const bytes: number[] = [];
  do {
    const low = value & 0x7f;
    value >>>= 7;
    bytes.push(value === 0 ? low : low | 0x80);
  } while (value !== 0);
  return bytes;
}

/** Signed LEB128 of a 32-bit number. */
export function signed(value: number): number[] {
  const bytes: number[] = [];
  for (;;) {
    const low = value & 0x7f;
    value >>= 7;
    if ((value === 0 && (low & 0x40) === 0) || (value === -1 && (low & 0x40) !== 0)) return [...bytes, low];
    bytes.push(low | 0x80);
  }
}

const memory = (opcode: Code, align: number, offset: number): Code => [opcode, align, unsigned(offset)];
const simd = (opcode: number): Code => [0xfd, unsigned(opcode)];

/** The instructions that the kernels use, named as in the WebAssembly text format. */
export const op = {
  i32: I32,
  v128: V128,
  get: (local: number): Code => [0x20, unsigned(local)],
  set: (local: number): Code => [0x21, unsigned(local)],
  tee: (local: number): Code => [0x22, unsigned(local)],
  i32Const: (value: number): Code => [0x41, signed(value)],
  i32Add: [0x6a] as Code,
  i32Sub: [0x6b] as Code,
  i32And: [0x71] as Code,
  i32Shl: [0x74] as Code,
  i32Eqz: [0x45] as Code,
  i32LtU: [0x49] as Code,
  i32GeU: [0x4f] as Code,
  i32Load: (offset = 0): Code => memory([0x28], 2, offset),
  i32Load8U: (offset = 0): Code => memory([0x2d], 0, offset),
  return: [0x0f] as Code,
  block: (...body: Code): Code => [0x02, EMPTY_BLOCK, body, 0x0b],
  loop: (...body: Code): Code => [0x03, EMPTY_BLOCK, body, 0x0b],
  if: (...body: Code): Code => [0x04, EMPTY_BLOCK, body, 0x0b],
  branch: (depth: number): Code => [0x0c, unsigned(depth)],
  branchIf: (depth: number): Code => [0x0d, unsigned(depth)],
  v128Load: (offset = 0): Code => memory(simd(0x00), 4, offset),
  v128Store: (offset = 0): Code => memory(simd(0x0b), 4, offset),
  v128Const: (bytes: readonly number[]): Code => [simd(0x0c), bytes],
  v128And: simd(0x4e),
  v128Xor: simd(0x51),
  i8x16Swizzle: simd(0x0e),
  i8x16RelaxedSwizzle: simd(0x100),
  i16x8ShrU: simd(0x8d),
} as const;

function flatten(code: Code, into: number[] = []): number[] {
  for (const part of code) {
    if (typeof part === 'number') into.push(part);
    else flatten(part, into);
  }
  return into;
}

function sized(bytes: readonly number[]): number[] {
  return [...unsigned(bytes.length), ...bytes];
}

function section(id: number, items: readonly (readonly number[])[]): number[] {
  return [id, ...sized([...unsigned(items.length), ...items.flat()])];
}

function text(value: string): number[] {
  return sized([...new TextEncoder().encode(value)]);
}

/**
 * The bytes of a module that exports these functions and a memory of `pages` x 64 KiB named `memory`. Sections are
 * written in the order the format asks for: types, functions, memory, exports, code.
 */
export function assemble(module: {
  readonly pages: number;
  readonly functions: readonly WasmFunction[];
}): Uint8Array<ArrayBuffer> {
  const { pages, functions } = module;
  const types = functions.map(({ params, results }) => [
    0x60,
    ...sized(new Array<number>(params).fill(I32)),
    ...sized(new Array<number>(results).fill(I32)),
  ]);
  const exported = functions.map(({ name }, index) => [...text(name), 0x00, ...unsigned(index)]);
  const codes = functions.map(({ locals, body }) => {
    const groups = locals.map(({ count, type }) => [...unsigned(count), type]);
    return sized([...unsigned(groups.length), ...groups.flat(), ...flatten(body), 0x0b]);
  });
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, types),
    ...section(
      3,
      functions.map((_, index) => unsigned(index)),
    ),
    ...section(5, [[0x00, ...unsigned(pages)]]),
    ...section(7, [[...text('memory'), 0x02, 0x00], ...exported]),
    ...section(10, codes),
  ]);
}
