import { Worker } from 'node:worker_threads';
import type { Workers } from '../../ports/workers.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { fromFailure, type JobFailure } from './jobs.ts';

const SELF_ENDING = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
const ENTRY = new URL(`./worker-entry.${SELF_ENDING}`, import.meta.url);

interface Task {
  readonly job: string;
  readonly input: unknown;
  readonly transfer: readonly ArrayBuffer[];
  readonly background: boolean;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: unknown) => void;
  retried: boolean;
}

interface Thread {
  readonly worker: Worker;
  task: Task | null;
  timer: NodeJS.Timeout | undefined;
  retiring: boolean;
}

type Reply = { readonly answer: unknown } | { readonly failure: JobFailure };

/** Worker threads behind one queue. `close` ends them all and rejects what was waiting. */
export interface WorkerPool extends Workers {
  close(): Promise<void>;
}

/**
 * Threads that run the jobs of `jobs.ts`. Buffers are transferred in and back. A job whose thread died is tried once more
 * on another one, unless its buffers died with the thread. Of background jobs one runs at a time, when nothing else waits.
 */
export function createWorkerPool(options: { readonly jobDeadlineMs?: number; readonly entry?: URL } = {}): WorkerPool {
  const { jobDeadlineMs = 60_000, entry = ENTRY } = options;
  const threads = new Set<Thread>();
  const queue: Task[] = [];
  const listeners = new Set<(demand: 'raise' | 'lower' | 'lost-worker') => void>();
  let demanded: 'raise' | 'lower' = 'lower';
  let closed = false;

  const tell = (demand: 'raise' | 'lower' | 'lost-worker') => {
    for (const listener of listeners) listener(demand);
  };
  const alive = () => [...threads].filter(({ retiring }) => !retiring).length;
  const busy = () => [...threads].filter(({ task }) => task !== null).length;

  /** Told when the queue crosses a mark, not once a task: raise at the first that must wait, lower when all is idle. */
  function weigh(): void {
    const next = queue.length > 0 ? 'raise' : busy() === 0 ? 'lower' : demanded;
    if (next === demanded) return;
    demanded = next;
    tell(next);
  }

  function takeTask(): Task | undefined {
    const foreground = queue.findIndex(({ background }) => !background);
    if (foreground >= 0) return queue.splice(foreground, 1)[0];
    const running = [...threads].some(({ task }) => task?.background === true);
    return running ? undefined : queue.shift();
  }

  function pump(): void {
    for (const thread of threads) {
      if (thread.task !== null || thread.retiring) continue;
      const task = takeTask();
      if (task === undefined) break;
      begin(thread, task);
    }
    weigh();
  }

  function begin(thread: Thread, task: Task): void {
    thread.task = task;
    thread.worker.ref();
    thread.timer = setTimeout(() => void thread.worker.terminate(), jobDeadlineMs);
    thread.timer.unref();
    try {
      thread.worker.postMessage({ job: task.job, input: task.input }, [...task.transfer]);
    } catch (error) {
      release(thread);
      task.reject(error);
    }
  }

  function release(thread: Thread): Task | null {
    const { task } = thread;
    clearTimeout(thread.timer);
    thread.task = null;
    thread.worker.unref();
    return task;
  }

  function answered(thread: Thread, reply: Reply): void {
    const task = release(thread);
    if ('answer' in reply) task?.resolve(reply.answer);
    else task?.reject(fromFailure(reply.failure));
    if (thread.retiring) void thread.worker.terminate();
    pump();
  }

  function lost(thread: Thread): void {
    if (!threads.delete(thread)) return;
    const task = release(thread);
    if (task !== null) {
      if (task.retried || task.transfer.length > 0 || closed) task.reject(new BitDustError('WORKER_LOST'));
      else queue.unshift(Object.assign(task, { retried: true }));
    }
    if (!thread.retiring && !closed) tell('lost-worker');
    pump();
  }

  function start(): Promise<void> {
    const worker = new Worker(entry);
    const thread: Thread = { worker, task: null, timer: undefined, retiring: false };
    worker.unref();
    worker.on('message', (reply: Reply) => answered(thread, reply));
    worker.on('error', () => lost(thread));
    worker.on('exit', () => lost(thread));
    threads.add(thread);
    return new Promise((resolve) => {
      worker.once('online', resolve);
      worker.once('exit', () => resolve());
    });
  }

  function enqueue<Answer>(job: string, input: unknown, options: Parameters<Workers['run']>[2] = {}): Promise<Answer> {
    const { transfer = [], signal, background = false } = options;
    if (closed) return Promise.reject(new BitDustError('WORKER_LOST'));
    if (queue.length >= LIMITS.workerQueueMax.value * 16) return Promise.reject(new BitDustError('QUEUE_FULL'));
    signal?.throwIfAborted();
    return new Promise<Answer>((resolve, reject) => {
      const onAbort = () => {
        const at = queue.indexOf(task);
        if (at >= 0) queue.splice(at, 1);
        reject(signal?.reason);
      };
      const done = () => signal?.removeEventListener('abort', onAbort);
      const task: Task = {
        ...{ job, input, transfer, background, retried: false },
        resolve: (answer) => {
          done();
          resolve(answer as Answer);
        },
        reject: (error) => {
          done();
          reject(error);
        },
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      queue.push(task);
      pump();
    });
  }

  return {
    run: async (job, input, runOptions) => enqueue(job, input, runOptions),
    async spawn(count) {
      const room = LIMITS.workersMax.value + 1 - alive();
      await Promise.all(Array.from({ length: Math.max(0, Math.min(count, room)) }, start));
      pump();
      return { alive: alive() };
    },
    async retire(count) {
      const idleFirst = [...threads]
        .filter(({ retiring }) => !retiring)
        .sort((a, b) => Number(a.task !== null) - Number(b.task !== null));
      for (const thread of idleFirst.slice(0, count)) {
        thread.retiring = true;
        if (thread.task === null) await thread.worker.terminate();
      }
      return { alive: alive() };
    },
    status: () => ({ alive: alive(), busy: busy(), queued: queue.length }),
    onDemand(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close() {
      closed = true;
      for (const task of queue.splice(0)) task.reject(new BitDustError('WORKER_LOST'));
      await Promise.all([...threads].map(({ worker }) => worker.terminate()));
    },
  };
}
