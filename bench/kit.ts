import { execFileSync } from 'node:child_process';
import { cpus, totalmem } from 'node:os';

/** One measured figure. `ratio` and `against` compare with something measured in the same run. */
export interface BenchRow {
  readonly name: string;
  readonly runs: number;
  readonly median: number;
  readonly unit: string;
  readonly ratio: number | null;
  readonly against: string | null;
  readonly [more: string]: unknown;
}

/** What every `<name>.bench.ts` exports. */
export interface Bench {
  run(): Promise<readonly BenchRow[]>;
}

/** The whole answer of `npm run bench -- --json`. */
export interface BenchReport {
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly memoryBytes: number;
    readonly node: string;
  };
  readonly commit: string | null;
  readonly at: string;
  readonly rows: readonly BenchRow[];
}

/** The middle one of the values. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Milliseconds of each run, after one that is not counted. */
export async function measure(runs: number, run: () => unknown): Promise<readonly number[]> {
  await run();
  const times: number[] = [];
  for (let index = 0; index < runs; index += 1) {
    const begin = performance.now();
    await run();
    times.push(performance.now() - begin);
  }
  return times;
}

/** Two things measured in turns, so that a busy moment of the machine meets both alike. */
export async function measureInTurns(
  runs: number,
  first: () => unknown,
  second: () => unknown,
): Promise<readonly [readonly number[], readonly number[]]> {
  const times: [number[], number[]] = [[], []];
  await first();
  await second();
  for (let index = 0; index < runs; index += 1) {
    for (const [which, run] of [first, second].entries()) {
      const begin = performance.now();
      await run();
      times[which]!.push(performance.now() - begin);
    }
  }
  return times;
}

/** 10^6 bytes a second, as the median of the runs. */
export function megabytesPerSecond(bytes: number, timesMs: readonly number[]): number {
  return bytes / 1000 / median(timesMs);
}

/** Two decimals are more than a noisy machine can tell. */
export function rounded(value: number): number {
  return value >= 100 ? Math.round(value) : Math.round(value * 100) / 100;
}

function commit(): string | null {
  try {
    return execFileSync('git', ['rev-parse', '--short=12', 'HEAD'], { encoding: 'utf8', stdio: 'pipe' }).trim();
  } catch {
    return null;
  }
}

/** Rows with the machine they were measured on. */
export function report(rows: readonly BenchRow[]): BenchReport {
  const machine = {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryBytes: totalmem(),
    node: process.version,
  };
  return { machine, commit: commit(), at: new Date().toISOString(), rows };
}

/** The rows as lines for people. */
export function table(rows: readonly BenchRow[]): string {
  const lines = rows.map(({ name, k, n, median: middle, unit, ratio, against }) => {
    const shape = k === undefined ? '' : ` ${String(k)}/${String(n)}`;
    const compared = ratio === null ? '' : `${ratio} x ${against ?? ''}`;
    return [`${name}${shape}`, `${rounded(middle)} ${unit}`, compared];
  });
  const width = Math.max(...lines.map(([left]) => left!.length));
  return lines
    .map(([left, value, compared]) => `${left!.padEnd(width)}  ${value!.padStart(18)}  ${compared}`)
    .join('\n');
}
