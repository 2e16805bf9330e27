import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Disk } from '../ports/disk.ts';
import type { PieceOffer, PieceStore } from '../ports/pieces.ts';
import { toHex } from '../protocol/hash.ts';
import { deviceIdFrom, personIdFrom } from '../protocol/ids.ts';
import { LABELS } from '../protocol/labels.ts';
import { pieceRoot } from '../protocol/piece-tree.ts';
import { createRealDisk } from '../storage/disk/real.ts';
import { openPieceStore } from '../storage/pieces/piece-store.ts';
import { createRecordEngine } from '../storage/records/engine.ts';
import { type BenchRow, median } from './kit.ts';

const CALLERS = 16;
const MIB = 1024 * 1024;
const alone = { ratio: null, against: null };
const customer = personIdFrom(new Uint8Array(32).fill(1));

/** Acknowledged pieces a second of one supplier, 16 callers at once, and what each costs in syncs. */
export async function run(
  options: { readonly pieces?: number; readonly runs?: number } = {},
): Promise<readonly BenchRow[]> {
  const { pieces = 1600, runs = 3 } = options;
  const rows: BenchRow[] = [];
  for (const { name, length, count } of [
    { name: '16 KiB pieces, into segments', length: 16 * 1024, count: pieces },
    { name: '256 KiB pieces, a file each', length: 256 * 1024, count: pieces / 4 },
  ]) {
    const results: Measured[] = [];
    for (let at = 0; at < runs; at += 1) results.push(await measure({ length, count, seed: at }));
    const middle = (of: (result: Measured) => number) => median(results.map(of));
    rows.push({
      name: `durable writes: ${name}`,
      runs,
      median: middle((one) => one.perSecond),
      unit: 'pieces/s',
      ...alone,
    });
    rows.push({
      name: `durable writes: ${name}: bytes`,
      runs,
      median: middle((one) => one.mibPerSecond),
      unit: 'MiB/s',
      ...alone,
    });
    rows.push({
      name: `durable writes: ${name}: syncs`,
      runs,
      median: middle((one) => one.syncs),
      unit: 'syncs/piece',
      ...alone,
    });
  }
  return rows;
}

interface Measured {
  readonly perSecond: number;
  readonly mibPerSecond: number;
  readonly syncs: number;
}

async function measure(options: {
  readonly length: number;
  readonly count: number;
  readonly seed: number;
}): Promise<Measured> {
  const home = await mkdtemp(join(tmpdir(), 'bitdust-bench-'));
  const counted = countSyncs(createRealDisk());
  const database = await createRecordEngine(createRealDisk(), { ballastBytes: 0 }).open(join(home, 'db'));
  let batches = 0;
  const records = database.records.part('pieces');
  try {
    const store = await openPieceStore({
      disk: counted.disk,
      records: {
        ...records,
        batch: (operations, durability) => {
          if (durability.durable) batches += 1;
          return records.batch(operations, durability);
        },
      },
      folder: join(home, 'store'),
      clock: {
        now: () => Date.now(),
        monotonic: () => performance.now(),
        setTimeout: (fire, delayMs) => setTimeout(fire, delayMs),
        clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
      },
      random: { bytes: (length) => crypto.getRandomValues(new Uint8Array(length)), fraction: Math.random },
      orderStands: async () => true,
    });
    await store.grant({ customer, bytes: 4096 * MIB, donatedBytes: 4096 * MIB, contract: new Uint8Array(1) });
    const offers = makeOffers(options);
    const before = counted.syncs() + batches;
    const started = performance.now();
    await Promise.all(Array.from({ length: CALLERS }, () => storeFrom(store, offers)));
    const seconds = (performance.now() - started) / 1000;
    const syncs = (counted.syncs() + batches - before) / options.count;
    await store.close();
    return {
      perSecond: options.count / seconds,
      mibPerSecond: (options.count * options.length) / MIB / seconds,
      syncs,
    };
  } finally {
    await database.close();
    await rm(home, { recursive: true, force: true });
  }
}

type Sample = { readonly offer: PieceOffer; readonly payload: Uint8Array };

function makeOffers({
  length,
  count,
  seed,
}: {
  readonly length: number;
  readonly count: number;
  readonly seed: number;
}): Sample[] {
  const order = { device: deviceIdFrom(new Uint8Array(32).fill(2)), log: '03'.repeat(16), seq: seed };
  return Array.from({ length: count }, (_, at) => {
    const payload = new Uint8Array(length).fill(at & 255);
    const block = toHex(crypto.getRandomValues(new Uint8Array(32)));
    return { payload, offer: { customer, block, seat: at % 8, root: pieceRoot(LABELS.piece, payload), length, order } };
  });
}

/** One caller: the next piece as soon as the last was acknowledged. */
async function storeFrom(store: PieceStore, samples: Sample[]): Promise<void> {
  for (let sample = samples.pop(); sample; sample = samples.pop()) {
    const { offer, payload } = sample;
    await store.store(
      offer,
      (async function* () {
        yield payload;
      })(),
    );
  }
}

function countSyncs(disk: Disk): { readonly disk: Disk; syncs(): number } {
  let syncs = 0;
  const counting: Disk = {
    ...disk,
    syncFolder: (path) => {
      syncs += 1;
      return disk.syncFolder(path);
    },
    open: async (path, mode, permissions) => {
      const file = await disk.open(path, mode, permissions);
      return {
        ...file,
        sync: () => {
          syncs += 1;
          return file.sync();
        },
      };
    },
  };
  return { disk: counting, syncs: () => syncs };
}
