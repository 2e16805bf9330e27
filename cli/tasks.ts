import { failureToError } from '../node/api/failures.ts';
import type { TaskRow } from '../node/api/tasks.ts';
import { BitDustError } from '../protocol/errors.ts';
import type { Context } from './context.ts';
import { Interrupted } from './interrupt.ts';
import { createProgressLine } from './print/progress.ts';

/** How a command follows its task. */
export interface FollowOptions {
  readonly until?: 'ended' | 'safe';
  /** What becomes of the task at Ctrl-C. */
  readonly onInterrupt?: 'cancel' | 'leave';
  /** Called with each state; true ends the watch with that row. */
  readonly isEnough?: (row: TaskRow) => boolean;
  /** Ends the watch with the last row when it aborts. */
  readonly enough?: AbortSignal;
}

/** Draws a task until it has ended and gives its last row; a failed one throws its error. */
export async function followTask(context: Context, task: string, options: FollowOptions = {}): Promise<TaskRow> {
  const { until = 'ended', onInterrupt = 'cancel', isEnough = () => false, enough } = options;
  const client = await context.client();
  const progress = createProgressLine(process.stderr, context.interactive);
  const signal = enough ? AbortSignal.any([context.signal, enough]) : context.signal;
  let last: TaskRow | undefined;
  try {
    for await (const row of await client.call('tasks.watch', { task, until }, { signal })) {
      last = row;
      progress.show(row);
      if (row.state === 'failed' || row.state === 'cancelled' || isEnough(row)) break;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    progress.clear();
  }
  if (context.signal.aborted) return interrupted(context, task, onInterrupt);
  return ended(last, enough?.aborted === true || (last !== undefined && isEnough(last)));
}

/** The result of a task, as the command prints it. */
export async function resultOf<T>(context: Context, task: string, options: FollowOptions = {}): Promise<T> {
  return (await followTask(context, task, options)).result as unknown as T;
}

function ended(last: TaskRow | undefined, mayRun: boolean): TaskRow {
  if (last?.state === 'failed') throw failureToError(last.error ?? {});
  if (last?.state === 'cancelled') throw new BitDustError('CANCELLED');
  // A stream that ends before its task does is a node that stopped.
  if (!last || (last.state === 'running' && !mayRun)) throw new BitDustError('NODE_LOST');
  return last;
}

async function interrupted(context: Context, task: string, what: 'cancel' | 'leave'): Promise<never> {
  if (what === 'leave') throw new Interrupted(`Interrupted; the task ${task} goes on.`);
  const client = await context.client();
  await client.call('tasks.cancel', { task }).catch(() => undefined);
  throw new Interrupted(`Interrupted; the task ${task} is cancelled.`);
}
