import { randomFillSync } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import { runJob, toFailure, transferable } from './jobs.ts';

const POOL_BYTES = 4096;
const pool = new Uint8Array(POOL_BYTES);
let used = POOL_BYTES;

/** Fresh random bytes, drawn in larger portions; each is given once and erased from the portion. */
function random(length: number): Uint8Array {
  if (length > POOL_BYTES) return randomFillSync(new Uint8Array(length));
  if (used + length > POOL_BYTES) {
    randomFillSync(pool);
    used = 0;
  }
  const bytes = pool.slice(used, used + length);
  pool.fill(0, used, used + length);
  used += length;
  return bytes;
}

const port = parentPort;
if (port === null) throw new Error('this file runs as a worker thread');

port.on('message', ({ job, input }: { readonly job: string; readonly input: unknown }) => {
  try {
    const answer = runJob(job, input, { random });
    port.postMessage({ answer }, transferable(answer));
  } catch (error) {
    port.postMessage({ failure: toFailure(error) });
  }
});
