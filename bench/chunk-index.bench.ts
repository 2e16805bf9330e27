import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Records } from '../ports/records.ts';
import { createRealDisk } from '../storage/disk/real.ts';
import { createRecordEngine } from '../storage/records/engine.ts';
import { type BenchRow, median } from './kit.ts';

const ROW_BYTES = 120;
const IDS_PER_BATCH = 4096;
/** Chunk ids of one 8 MiB window of small files. */
const IDS_PER_WINDOW = 128;
const MIB = 1024 * 1024;
const alone = { ratio: null, against: null };

/** An index of a million chunk ids: filling it, asking for windows of it, and the memory it takes. */
export async function run(
  options: { readonly ids?: number; readonly runs?: number; readonly engine?: 'rocksdb' | 'leveldb' } = {},
): Promise<readonly BenchRow[]> {
  const { ids = 1_000_000, runs = 5 } = options;
  const folder = await mkdtemp(join(tmpdir(), 'bitdust-bench-'));
  const engine = createRecordEngine(createRealDisk(), {
    ballastBytes: 0,
    ...(options.engine ? { engine: options.engine } : {}),
  });
  const store = await engine.open(folder);
  const name = `chunk index (${store.engine}, ${ids} ids)`;
  try {
    const rssBefore = process.memoryUsage().rss;
    const filled = await seconds(() => fill(store.records, ids));
    const rssBytes = process.memoryUsage().rss - rssBefore;
    const known: number[] = [];
    const unknown: number[] = [];
    for (let at = 0; at < runs; at += 1) {
      known.push(await windowsPerSecond(store.records, (index) => idOf((index * 7919) % ids)));
      unknown.push(await windowsPerSecond(store.records, (index) => idOf(ids + index)));
    }
    return [
      { name: `${name}: filling`, runs: 1, median: ids / filled, unit: 'ids/s', ...alone },
      { name: `${name}: getMany of ${IDS_PER_WINDOW} known`, runs, median: median(known), unit: 'ids/s', ...alone },
      { name: `${name}: getMany of ${IDS_PER_WINDOW} unknown`, runs, median: median(unknown), unit: 'ids/s', ...alone },
      { name: `${name}: resident memory`, runs: 1, median: rssBytes / MIB, unit: 'MiB', ...alone },
    ];
  } finally {
    await store.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function fill(records: Records, ids: number): Promise<void> {
  const value = new Uint8Array(ROW_BYTES).map((_, at) => at * 31);
  for (let at = 0; at < ids; at += IDS_PER_BATCH) {
    const count = Math.min(IDS_PER_BATCH, ids - at);
    await records.batch(
      Array.from({ length: count }, (_, offset) => ({ put: idOf(at + offset), value })),
      { durable: false },
    );
  }
  await records.batch([{ put: 'end', value }], { durable: true });
}

async function windowsPerSecond(records: Records, id: (index: number) => string): Promise<number> {
  const windows = 200;
  const spent = await seconds(async () => {
    for (let window = 0; window < windows; window += 1) {
      await records.getMany(Array.from({ length: IDS_PER_WINDOW }, (_, at) => id(window * IDS_PER_WINDOW + at)));
    }
  });
  return (windows * IDS_PER_WINDOW) / spent;
}

/** Ids spread over the whole range, as hashes are. */
function idOf(index: number): string {
  const high = Math.imul(index + 1, 2654435761) >>> 0;
  const low = Math.imul(index + 1, 2246822519) >>> 0;
  return `${high.toString(16).padStart(8, '0')}${low.toString(16).padStart(8, '0')}${String(index).padStart(48, '0')}`;
}

async function seconds(work: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}
