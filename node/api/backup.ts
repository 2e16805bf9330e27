import { z } from 'zod';
import { one } from './operation.ts';
import { bytes, count, durationMs, hex32, name, path, safety, skipped, taskId, time } from './values.ts';

/** A version that is stored or safe: what a finished backup gives. */
export const backupAnswer = z.object({
  task: taskId,
  set: z.string(),
  version: hex32,
  state: z.enum(['stored', 'safe']),
  safety,
  resumed: z.boolean(),
  files: z.object({
    total: count,
    new: count,
    changed: count,
    unchanged: count,
    removed: count,
    skipped: count,
  }),
  bytes: z.object({ source: bytes, read: bytes, deduplicated: bytes, stored: bytes, sent: bytes }),
  blocks: z.object({ new: count, total: count }),
  skipped,
  startedAt: time,
  durationMs,
});

/** The result of a backup task, as `backup` prints it. */
export type BackupAnswer = z.output<typeof backupAnswer>;

/** A backup that was begun, or joined when the same paths are being stored already. */
export const backupStarted = z.object({
  task: taskId,
  set: z.string(),
  state: z.enum(['scanning', 'storing', 'settling', 'committing', 'stalled']),
});

/** A backup under way, as `backup --no-wait` prints it. */
export type BackupStarted = z.output<typeof backupStarted>;

/** Making versions. */
export const backupOperations = {
  backup: one({
    summary:
      'Makes a version of files and folders now; the task is done when the version is stored, then follow `safe`.',
    method: 'POST',
    path: '/backups',
    input: z.strictObject({ paths: z.array(path).min(1).max(10_000), cwd: path.optional(), set: name.optional() }),
    answer: backupStarted,
    errors: [
      'SERVICE_OFF',
      'PATH_NOT_FOUND',
      'SET_PATHS_DIFFER',
      'CATALOGUE_UNAVAILABLE',
      'SUPPLIERS_TOO_FEW',
      'DISK_FULL',
    ],
  }),
  'sets.list': one({
    summary: 'Backup sets with geometry, schedule, retention and safety.',
    method: 'GET',
    path: '/sets',
    input: z.strictObject({}),
    answer: z.object({
      sets: z.array(
        z.object({
          name: z.string(),
          paths: z.array(z.string()),
          k: count.nullable(),
          n: count.nullable(),
          every: z.string().nullable(),
          keep: z.record(z.string(), count),
          versions: count,
          newestAt: time.nullable(),
          bytes,
          safety,
        }),
      ),
    }),
    errors: ['SERVICE_OFF', 'CATALOGUE_UNAVAILABLE'],
  }),
} as const;
