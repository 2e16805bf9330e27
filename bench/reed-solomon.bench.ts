import { randomFillSync } from 'node:crypto';
import { createRequire } from 'node:module';
import erasure from 'reed-solomon-erasure/reed_solomon_erasure_bg.js';
import { createCoder } from '../protocol/reed-solomon/coder.ts';
import { type BenchRow, measure, measureInTurns, megabytesPerSecond, rounded } from './kit.ts';

const PIECE_BYTES = 2 * 1024 * 1024;
const SHAPES = [
  [4, 8],
  [10, 14],
  [32, 64],
] as const;
const RUNS = 5;
const PAGE_BYTES = 64 * 1024;

/** The part of `@ronomon/reed-solomon` that is measured: native code, on this thread's turn. */
interface Ronomon {
  create(k: number, m: number): unknown;
  encode(
    ...options: readonly [
      context: unknown,
      sources: number,
      targets: number,
      buffer: Buffer,
      bufferOffset: number,
      bufferSize: number,
      parity: Buffer,
      parityOffset: number,
      paritySize: number,
      done: (error?: Error) => void,
    ]
  ): void;
}

/** Pieces in one buffer, as blocks of the pipeline lie. */
function piecesElsewhere(n: number): Uint8Array[] {
  const all = randomFillSync(new Uint8Array(n * PIECE_BYTES));
  return Array.from({ length: n }, (_, index) => all.subarray(index * PIECE_BYTES, (index + 1) * PIECE_BYTES));
}

/** The package on its own memory: nothing is copied. */
function packageRun(k: number, n: number): () => unknown {
  const at = erasure.memory.grow((n * PIECE_BYTES) / PAGE_BYTES) * PAGE_BYTES;
  randomFillSync(new Uint8Array(erasure.memory.buffer, at, k * PIECE_BYTES));
  return () => erasure.encode(at, PIECE_BYTES, k, n - k);
}

function row(options: {
  name: string;
  k: number;
  n: number;
  times: readonly number[];
  against?: readonly number[];
}): BenchRow {
  const { name, k, n, times, against } = options;
  const mbPerSecond = rounded(megabytesPerSecond(k * PIECE_BYTES, times));
  const ratio = against === undefined ? null : rounded(mbPerSecond / megabytesPerSecond(k * PIECE_BYTES, against));
  const common = { k, n, pieceBytes: PIECE_BYTES, mbPerSecond };
  const compared = { ratio, against: ratio === null ? null : 'reed-solomon-erasure' };
  return { name, runs: times.length, median: mbPerSecond, unit: 'MB/s', ...compared, ...common };
}

function loadRonomon(): Ronomon | undefined {
  try {
    return createRequire(import.meta.url)('@ronomon/reed-solomon') as Ronomon;
  } catch {
    return undefined;
  }
}

async function ronomonRow(ronomon: Ronomon, k: number, n: number): Promise<BenchRow> {
  const context = ronomon.create(k, n - k);
  const data = Buffer.from(randomFillSync(new Uint8Array(k * PIECE_BYTES)).buffer);
  const parity = Buffer.alloc((n - k) * PIECE_BYTES);
  const sources = 2 ** k - 1;
  const targets = (2 ** (n - k) - 1) * 2 ** k;
  const encode = () =>
    new Promise<void>((resolve, reject) => {
      ronomon.encode(context, sources, targets, data, 0, data.length, parity, 0, parity.length, (error) =>
        error === undefined || error === null ? resolve() : reject(error),
      );
    });
  return row({ name: '@ronomon/reed-solomon encode', k, n, times: await measure(RUNS, encode) });
}

/** Encoding first, one row a shape, then decoding, then other packages. */
export async function run(): Promise<readonly BenchRow[]> {
  const encoding: BenchRow[] = [];
  const copied: BenchRow[] = [];
  const decoding: BenchRow[] = [];
  const packages: BenchRow[] = [];
  for (const [k, n] of SHAPES) {
    // A coder for each shape: its memory is never given back.
    const coder = createCoder();
    const all = coder.allocate(n, PIECE_BYTES);
    for (const piece of all.slice(0, k)) randomFillSync(piece);
    const runs = k > 16 ? 3 : 9;
    const [times, against] = await measureInTurns(runs, () => coder.encode(k, n, all), packageRun(k, n));
    encoding.push(row({ name: 'reed-solomon encode', k, n, times, against }));
    packages.push(row({ name: 'reed-solomon-erasure encode', k, n, times: against }));
    const elsewhere = piecesElsewhere(n);
    copied.push(
      row({
        name: 'reed-solomon encode, other buffers',
        k,
        n,
        times: await measure(runs, () => coder.encode(k, n, elsewhere)),
      }),
    );
    const lost = Math.min(k, n - k);
    const present = new Map(all.map((piece, index) => [index, piece] as const).slice(lost, lost + k));
    const want = Array.from({ length: lost }, (_, index) => index);
    const outputs = want.map(() => new Uint8Array(PIECE_BYTES));
    const decode = await measure(RUNS, () => coder.reconstruct({ k, n, present, want, outputs }));
    decoding.push(row({ name: 'reed-solomon decode', k, n, times: decode }));
  }
  const ronomon = loadRonomon();
  // Its limits are k <= 24 and n - k <= 6, so 4/8 and 10/14 only.
  if (ronomon !== undefined) for (const [k, n] of SHAPES.slice(0, 2)) packages.push(await ronomonRow(ronomon, k, n));
  return [...encoding, ...copied, ...decoding, ...packages];
}
