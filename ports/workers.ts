/** Runs jobs of named kinds beside the main thread (real: worker threads; seeded: inline). The job table is `storage/pipeline/jobs.ts`. */
export interface Workers {
  /** Transfers the listed buffers there and the answer's buffers back. Rejects with `WORKER_LOST` after one retry, or the job's error. */
  run<Answer>(
    job: string,
    input: unknown,
    options?: {
      readonly transfer?: readonly ArrayBuffer[];
      readonly signal?: AbortSignal;
      readonly background?: boolean;
    },
  ): Promise<Answer>;
  spawn(count: number): Promise<{ readonly alive: number }>;
  retire(count: number): Promise<{ readonly alive: number }>;
  status(): { readonly alive: number; readonly busy: number; readonly queued: number };
  onDemand(listener: (demand: 'raise' | 'lower' | 'lost-worker') => void): () => void;
}
