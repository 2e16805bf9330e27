import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ScannedEntry } from '../ports/pipeline.ts';
import type { Workers } from '../ports/workers.ts';
import { createInlineWorkers } from '../storage/pipeline/inline-workers.ts';
import { createPipeline } from '../storage/pipeline/pipeline.ts';
import { createWorkerPool } from '../storage/pipeline/worker-pool.ts';
import { type BenchRow, measure, median, rounded } from './kit.ts';

const FILES = 20_000;
const FILE_BYTES = 4096;
const FOLDERS = 100;
const RUNS = 3;
const SECRET = new Uint8Array(32).fill(5);
const signal = new AbortController().signal;

async function store(root: string, workers: Workers): Promise<void> {
  const pipeline = createPipeline({ workers });
  const writer = pipeline.writer({
    ...{
      root,
      geometry: { k: 4, n: 8 },
      secrets: { gear: SECRET, dedup: SECRET, footer: { epoch: 0, secret: SECRET } },
    },
    known: async (chunks) => chunks.map(() => false),
    onBlock: async ({ release }) => release(),
    signal,
  });
  let files: ScannedEntry[] = [];
  for await (const { entries } of pipeline.scan({ root, now: Date.now(), signal })) {
    files.push(...entries);
    if (files.length < 1024) continue;
    await writer.addFiles(files);
    files = [];
  }
  await writer.addFiles(files);
  await writer.closeTrees();
  await writer.finish(null);
  writer.close();
}

/** Scan, read, id, encrypt, gather and code files of 4 KiB: on one core, and through one worker thread. */
export async function run(): Promise<readonly BenchRow[]> {
  const root = mkdtempSync(join(tmpdir(), 'bitdust-bench-'));
  const pool = createWorkerPool();
  try {
    for (let index = 0; index < FILES; index += 1) {
      const folder = join(root, `d${index % FOLDERS}`);
      if (index < FOLDERS) mkdirSync(folder);
      writeFileSync(join(folder, `f${index}`), randomBytes(FILE_BYTES));
    }
    await pool.spawn(1);
    const inline = createInlineWorkers((length) => new Uint8Array(randomBytes(length)));
    const rows: BenchRow[] = [];
    for (const [name, workers] of [
      ['small files, one thread for all', inline],
      ['small files, one worker', pool],
    ] as const) {
      const times = await measure(RUNS, () => store(root, workers));
      const filesPerSecond = rounded(FILES / (median(times) / 1000));
      rows.push({
        name,
        runs: RUNS,
        median: filesPerSecond,
        unit: 'files/s',
        ratio: null,
        against: null,
        fileBytes: FILE_BYTES,
      });
    }
    return rows;
  } finally {
    await pool.close();
    rmSync(root, { recursive: true, force: true });
  }
}
