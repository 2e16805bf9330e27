import type { Workers } from '../../ports/workers.ts';
import type { JobAnswer, JobInput, JobName } from './jobs.ts';

export interface JobOptions {
  readonly signal: AbortSignal;
  readonly transfer?: readonly ArrayBuffer[];
  readonly background?: boolean;
}

/** Runs a job of the table with the input and the answer it has there. */
export function callJob<Name extends JobName>(
  workers: Workers,
  name: Name,
  input: JobInput<Name>,
  options: JobOptions,
): Promise<JobAnswer<Name>> {
  return workers.run<JobAnswer<Name>>(name, input, options);
}
