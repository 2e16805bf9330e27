import { randomBytes, randomFillSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ScannedEntry } from '../ports/pipeline.ts';
import { createHasher, createKeyedHash } from '../protocol/blake3.ts';
import { pieceBytes } from '../protocol/block-size.ts';
import { packChunk, sealChunk } from '../protocol/chunk.ts';
import { createChunker } from '../protocol/fastcdc/chunker.ts';
import { LABELS } from '../protocol/labels.ts';
import { pieceRoot } from '../protocol/piece-tree.ts';
import { createCoder } from '../protocol/reed-solomon/coder.ts';
import { createInlineWorkers } from '../storage/pipeline/inline-workers.ts';
import { createPipeline } from '../storage/pipeline/pipeline.ts';
import { type BenchRow, measure, median, megabytesPerSecond, rounded } from './kit.ts';

const MIB = 1024 * 1024;
const BYTES = 128 * MIB;
const RUNS = 5;
const SECRET = new Uint8Array(32).fill(5);
const SECRETS = { gear: SECRET, dedup: SECRET, footer: { epoch: 0, secret: SECRET } };
const signal = new AbortController().signal;

function random(length: number): Uint8Array {
  return new Uint8Array(randomBytes(length));
}

/** Stores a folder on this thread; every block is given back at once. */
async function store(options: { root: string; k: number; n: number; entries: readonly ScannedEntry[] }): Promise<void> {
  const { root, k, n, entries } = options;
  const pipeline = createPipeline({ workers: createInlineWorkers(random) });
  const writer = pipeline.writer({
    ...{ root, geometry: { k, n }, secrets: SECRETS, signal },
    known: async (chunks) => chunks.map(() => false),
    onBlock: async ({ release }) => release(),
  });
  await writer.addFiles(entries);
  await writer.closeTrees();
  await writer.finish(null);
  writer.close();
}

async function entriesOf(root: string): Promise<ScannedEntry[]> {
  const pipeline = createPipeline({ workers: createInlineWorkers(random) });
  const entries: ScannedEntry[] = [];
  for await (const batch of pipeline.scan({ root, now: Date.now(), signal })) entries.push(...batch.entries);
  return entries;
}

/** Milliseconds that each stage alone takes for the 8 MiB of a block, added up. */
async function partsMs(k: number, n: number): Promise<number> {
  const block = randomFillSync(new Uint8Array(8 * MIB));
  const length = pieceBytes(k, block.length);
  const all = new Uint8Array(length * n);
  const pieces = Array.from({ length: n }, (_, index) => all.subarray(index * length, (index + 1) * length));
  all.set(block);
  const chunks = Array.from({ length: 8 }, (_, index) => block.subarray(index * MIB, (index + 1) * MIB));
  const target = new Uint8Array(MIB + 16);
  const chunker = createChunker(SECRET);
  const keyed = createKeyedHash(SECRET);
  const coder = createCoder();
  const stages: (() => unknown)[] = [
    () => {
      for (let at = 0; at < block.length; ) at += chunker.cut(block.subarray(at));
    },
    () => chunks.map((chunk) => keyed(chunk)),
    () => chunks.map((chunk) => packChunk(chunk)),
    () => chunks.map((chunk) => sealChunk({ chunk: SECRET, packed: chunk, random, target })),
    () => coder.encode(k, n, pieces),
    () => pieces.map((piece) => pieceRoot(LABELS.piece, piece)),
  ];
  let sum = 0;
  for (const stage of stages) sum += median(await measure(9, stage));
  return sum;
}

/** Text that compresses about as well as a log does, and is nowhere the same. */
function text(bytes: number): Buffer {
  const lines: string[] = [];
  for (let length = 0, index = 0; length < bytes; index += 1) {
    const tail = createHasher()
      .update(Buffer.from(String(index)))
      .digest();
    lines.push(`${index} received a packet of ${index % 977} bytes from ${Buffer.from(tail).toString('hex', 0, 8)}\n`);
    length += lines.at(-1)!.length;
  }
  return Buffer.from(lines.join('')).subarray(0, bytes);
}

async function shapeRow(
  name: string,
  root: string,
  shape: { k: number; n: number; parts: boolean },
): Promise<BenchRow> {
  const { k, n, parts } = shape;
  const entries = await entriesOf(root);
  const times = await measure(RUNS, () => store({ root, k, n, entries }));
  const mbPerSecond = rounded(megabytesPerSecond(BYTES, times));
  const sum = parts ? (8 * MIB) / 1000 / (await partsMs(k, n)) : null;
  const compared = {
    ratio: sum === null ? null : rounded(mbPerSecond / sum),
    against: sum === null ? null : 'the sum of its parts',
  };
  return { name, runs: RUNS, median: mbPerSecond, unit: 'MB/s', ...compared, k, n, mbPerSecond };
}

/** Files to coded blocks on one core: read, chunk, id, probe, encrypt, code, piece trees. */
export async function run(): Promise<readonly BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bitdust-bench-'));
  try {
    const rows: BenchRow[] = [];
    writeFileSync(join(folder, 'data'), randomFillSync(new Uint8Array(BYTES)));
    for (const [k, n] of [
      [4, 8],
      [3, 9],
      [10, 14],
      [32, 64],
    ] as const) {
      rows.push(await shapeRow('pipeline random', folder, { k, n, parts: true }));
    }
    writeFileSync(join(folder, 'data'), text(BYTES));
    rows.push(await shapeRow('pipeline text', folder, { k: 4, n: 8, parts: false }));
    return rows;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
