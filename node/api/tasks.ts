import { z } from 'zod';
import { lines, one } from './operation.ts';
import { bytes, count, durationMs, failure, taskId, time } from './values.ts';

/** How far a task is. Unknown totals are null. */
export const taskProgress = z.object({
  doneBytes: bytes,
  totalBytes: bytes.nullable(),
  doneItems: count,
  totalItems: count.nullable(),
  bytesPerSecond: z.number().min(0).nullable(),
  leftMs: durationMs.nullable(),
  /** What it waits for, or what else a person should know. */
  note: z.string().nullable(),
});

/** Long work. `result` is the answer of the command once `state` is done; of a backup it is there when stored, and changes when safe. */
export const taskRow = z.object({
  task: taskId,
  kind: z.enum(['backup', 'restore', 'verify', 'rebuild-catalogue', 'replace']),
  title: z.string(),
  state: z.enum(['running', 'done', 'failed', 'cancelled']),
  phase: z.string(),
  progress: taskProgress,
  startedAt: time,
  endedAt: time.nullable(),
  result: z.record(z.string(), z.unknown()).nullable(),
  error: failure.nullable(),
});

/** A task with its progress and, at the end, its result or failure. */
export type TaskRow = z.output<typeof taskRow>;

const input = z.strictObject({ task: taskId });

/** Long work can be watched and cancelled. */
export const tasksOperations = {
  'tasks.list': one({
    summary: 'Running tasks, and those that ended lately.',
    method: 'GET',
    path: '/tasks',
    input: z.strictObject({}),
    answer: z.object({ tasks: z.array(taskRow) }),
    errors: [],
  }),
  'tasks.show': one({
    summary: 'One task with its progress.',
    method: 'GET',
    path: '/tasks/:task',
    input,
    answer: taskRow,
    errors: ['TASK_NOT_FOUND'],
  }),
  'tasks.watch': lines({
    summary: 'A task each time it changes, until it has ended; a backup until it is safe when `until` says so.',
    method: 'GET',
    path: '/tasks/:task/watch',
    input: z.strictObject({ task: taskId, until: z.enum(['ended', 'safe']).default('ended') }),
    answer: taskRow,
    errors: ['TASK_NOT_FOUND'],
  }),
  'tasks.cancel': one({
    summary: 'Cancels a task; what it has stored stays.',
    method: 'POST',
    path: '/tasks/:task/cancel',
    input,
    answer: taskRow,
    errors: ['TASK_NOT_FOUND'],
  }),
} as const;
