import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compareTrees } from '../cli/demo/compare.ts';
import { type BackupNetwork, openBackupNetwork, type TaskTaken } from './backup-network.ts';
import { type BenchRow, rounded } from './kit.ts';
import { createRestic, type Restic, type Taken } from './restic.ts';
import { makeLargeFiles, makeSmallFiles, type Sample } from './sample-files.ts';

const GIB = 2 ** 30;

/** Backup, restore and a second backup of large and of small files to eight processes, beside restic to a local folder. */
export async function run(): Promise<readonly BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bitdust-bench-'));
  try {
    const rows: BenchRow[] = [];
    for (const make of [makeLargeFiles, makeSmallFiles]) {
      const sample = make(join(folder, make.name, 'source'));
      const restic = await createRestic(join(folder, make.name, 'restic'));
      if (!restic) console.error('restic is not on PATH: its figures are left out.');
      const network = await openBackupNetwork();
      try {
        rows.push(...(await measureSample(network, sample, restic)));
      } finally {
        await network.close();
      }
    }
    return rows;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measureSample(
  network: BackupNetwork,
  sample: Sample,
  restic: Restic | undefined,
): Promise<readonly BenchRow[]> {
  const { folder, bytes } = sample;
  const theirBackup = await restic?.backup(folder);
  const backup = await network.backup(folder);
  const theirRestore = await restic?.restore(join(network.folder, 'restored-by-restic'));
  const restore = await network.restore(folder, join(network.folder, 'restored'));
  await assertSame(sample, restore.restored);

  const changedBytes = sample.change();
  const theirSecond = await restic?.backup(folder);
  const second = await network.backup(folder);
  const { sent, stored } = backup.answer.bytes;
  return [
    row(sample, 'backup', backup, theirBackup, { storedMs: rounded(backup.storedMs), sentBytes: sent }),
    ...theirs(sample, 'backup', theirBackup),
    row(sample, 'restore', restore, theirRestore, { fetchedBytes: restore.answer.bytes.fetched }),
    ...theirs(sample, 'restore', theirRestore),
    ...secondRows(sample, { second, theirSecond, changedBytes, first: { sent, stored } }),
    {
      ...plain(`${sample.name}, most memory of the customer's process`, network.peakBytes() / 2 ** 20, 'MiB'),
      bytes,
    },
  ];
}

/** Speed, and beside it what it cost: a ratio above one is faster than restic. */
function row(
  { name, files, bytes }: Sample,
  what: string,
  taken: TaskTaken,
  their: Taken | undefined,
  more: Readonly<Record<string, unknown>>,
): BenchRow {
  const areMany = files > 1000;
  return {
    name: `${what} of ${name}`,
    runs: 1,
    median: rounded(areMany ? files / (taken.ms / 1000) : bytes / 1000 / taken.ms),
    unit: areMany ? 'files/s' : 'MB/s',
    ratio: their ? rounded(their.ms / taken.ms) : null,
    against: their ? 'restic' : null,
    ms: rounded(taken.ms),
    customerCpuSeconds: rounded(taken.customerCpuSeconds),
    allCpuSeconds: rounded(taken.allCpuSeconds),
    allCpuSecondsPerGib: rounded((taken.allCpuSeconds * GIB) / bytes),
    ...more,
  };
}

function theirs(sample: Sample, what: string, taken: Taken | undefined): readonly BenchRow[] {
  if (!taken) return [];
  const areMany = sample.files > 1000;
  const speed = areMany ? sample.files / (taken.ms / 1000) : sample.bytes / 1000 / taken.ms;
  const name = `restic ${what} of ${sample.name}`;
  const more = { ms: rounded(taken.ms), cpuSeconds: rounded(taken.cpuSeconds) };
  return [{ ...plain(name, speed, areMany ? 'files/s' : 'MB/s'), ...more }];
}

function secondRows(
  { name }: Sample,
  {
    second,
    theirSecond,
    changedBytes,
    first,
  }: {
    readonly second: Awaited<ReturnType<BackupNetwork['backup']>>;
    readonly theirSecond: Taken | undefined;
    readonly changedBytes: number;
    readonly first: { readonly sent: number; readonly stored: number };
  },
): readonly BenchRow[] {
  const sentBytes = second.answer.bytes.sent;
  return [
    {
      ...plain(`second backup of ${name}, 1 % changed`, second.ms / 1000, 's'),
      ratio: theirSecond ? rounded(theirSecond.ms / second.ms) : null,
      against: theirSecond ? 'restic' : null,
      customerCpuSeconds: rounded(second.customerCpuSeconds),
    },
    {
      ...plain(`second backup of ${name}, bytes sent`, sentBytes / 1e6, 'MB'),
      ratio: rounded(sentBytes / first.sent),
      against: 'the first',
      changedBytes,
      sentBytes,
      firstSentBytes: first.sent,
    },
  ];
}

function plain(name: string, value: number, unit: string): BenchRow {
  return { name, runs: 1, median: rounded(value), unit, ratio: null, against: null };
}

async function assertSame(sample: Sample, restored: string): Promise<void> {
  const { files, differences } = await compareTrees(sample.folder, restored);
  if (files === sample.files && differences.length === 0) return;
  throw new Error(`${sample.name}: ${files} files came back and ${differences.length} entries differ.`);
}
