import { randomFillSync } from 'node:crypto';
import { createChunker } from '../protocol/fastcdc/chunker.ts';
import { type BenchRow, measure, megabytesPerSecond, rounded } from './kit.ts';

const BYTES = 128 * 1024 * 1024;
const RUNS = 5;

/** Cutting random bytes on one core. */
export async function run(): Promise<readonly BenchRow[]> {
  const data = randomFillSync(new Uint8Array(BYTES));
  const chunker = createChunker(new Uint8Array(32).fill(5));
  let chunks = 0;
  const times = await measure(RUNS, () => {
    chunks = 0;
    for (let at = 0; at < data.length; chunks += 1) at += chunker.cut(data.subarray(at));
  });
  const mbPerSecond = rounded(megabytesPerSecond(BYTES, times));
  const averageBytes = Math.round(BYTES / chunks);
  return [{ name: 'fastcdc', runs: RUNS, median: mbPerSecond, unit: 'MB/s', ratio: null, against: null, averageBytes }];
}
