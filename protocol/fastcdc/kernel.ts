import { assemble, type Code, op, type WasmFunction } from '../wasm/assembler.ts';

/** Where the gear table lies in the kernel's memory: 256 numbers of 32 bits. */
export const GEAR_AT = 0;
/** Bytes to be searched begin here. */
export const DATA_AT = 4096;
/** Bytes searched at a time: they stay in the second-level cache between copy and search. */
export const DATA_BYTES = 128 * 1024;

const PAGE_BYTES = 64 * 1024;
const UNROLL = 8;

const P = { at: 0, end: 1, mask: 2, hash: 3 } as const;

/** hash = hash x 2 + gear[byte]; leaves the function with the position behind the byte when the masked bits are zero. */
function step(offset: number): Code {
  return [
    [op.get(P.hash), op.i32Const(1), op.i32Shl],
    [op.get(P.at), op.i32Load8U(offset), op.i32Const(2), op.i32Shl, op.i32Load(GEAR_AT), op.i32Add],
    [op.tee(P.hash), op.get(P.mask), op.i32And, op.i32Eqz],
    op.if(op.get(P.at), op.i32Const(offset + 1), op.i32Add, op.return),
  ];
}

const advance = (bytes: number): Code => [op.get(P.at), op.i32Const(bytes), op.i32Add, op.set(P.at)];

/**
 * `find(at, end, mask, hash)`: the position behind the first byte in [at, end) at which hash and mask have no common
 * bit, or 0. Eight bytes a turn, then the rest one by one.
 */
const find: WasmFunction = {
  name: 'find',
  params: 4,
  results: 1,
  locals: [],
  body: [
    op.block(
      op.loop(
        [op.get(P.end), op.get(P.at), op.i32Sub, op.i32Const(UNROLL), op.i32LtU, op.branchIf(1)],
        ...Array.from({ length: UNROLL }, (_, offset) => step(offset)),
        advance(UNROLL),
        op.branch(0),
      ),
    ),
    op.block(op.loop([op.get(P.at), op.get(P.end), op.i32GeU, op.branchIf(1)], step(0), advance(1), op.branch(0))),
    op.i32Const(0),
  ],
};

/** The module of the chunker: gear table and data share its memory. */
export function kernelModule(): Uint8Array<ArrayBuffer> {
  return assemble({ pages: Math.ceil((DATA_AT + DATA_BYTES) / PAGE_BYTES), functions: [find] });
}

/** The kernel ready to run. */
export interface Kernel {
  readonly memory: Uint8Array;
  readonly find: (at: number, end: number, mask: number, hash: number) => number;
}

/** Compiles the kernel and puts the gear table into its memory. */
export function loadKernel(gear: Uint32Array): Kernel {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(kernelModule()));
  const { buffer } = exports['memory'] as WebAssembly.Memory;
  new Uint32Array(buffer, GEAR_AT, gear.length).set(gear);
  return { memory: new Uint8Array(buffer), find: exports['find'] as Kernel['find'] };
}
