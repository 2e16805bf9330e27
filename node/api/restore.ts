import { z } from 'zod';
import { at } from './catalogue.ts';
import { one } from './operation.ts';
import { bytes, count, durationMs, hex32, path, skipped, taskId, time } from './values.ts';

/** What a finished restore gives. */
export const restoreAnswer = z.object({
  task: taskId,
  to: z.string(),
  version: hex32,
  state: z.literal('restored'),
  files: count,
  folders: count,
  links: count,
  bytes: z.object({ restored: bytes, fetched: bytes }),
  blocks: z.object({ fetched: count, decoded: count }),
  suppliers: count,
  resumed: z.boolean(),
  skipped,
  startedAt: time,
  durationMs,
});

/** The result of a restore task, as `restore` prints it. */
export type RestoreAnswer = z.output<typeof restoreAnswer>;

/** Bringing files back. */
export const restoreOperations = {
  restore: one({
    summary: 'Restores files and folders, to a folder or to where they were.',
    method: 'POST',
    path: '/restores',
    input: z.strictObject({
      paths: z.array(path).min(1).max(10_000),
      cwd: path.optional(),
      at: at.optional(),
      to: path.optional(),
      force: z.boolean().default(false),
    }),
    answer: z.object({
      task: taskId,
      /** The catalogue paths that were meant, in the order of the input. */
      paths: z.array(z.string()),
      to: z.string(),
      version: hex32,
      state: z.enum(['planning', 'restoring', 'stalled']),
    }),
    errors: [
      'SERVICE_OFF',
      'CATALOGUE_UNAVAILABLE',
      'ENTRY_NOT_FOUND',
      'ENTRY_AMBIGUOUS',
      'VERSION_NOT_FOUND',
      'RESTORE_EXISTS',
      'DISK_FULL',
      'TOO_FEW_PIECES',
    ],
  }),
} as const;
