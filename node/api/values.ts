import { z } from 'zod';
import type { DeviceId, PersonId } from '../../protocol/ids.ts';

/** A person's id as it is written everywhere. */
export const personId = z.string().regex(/^bd1[02-9ac-hj-np-z]{6,120}$/) as unknown as z.ZodType<PersonId, PersonId>;

/** A device's id as it is written everywhere. */
export const deviceId = z.string().regex(/^bdd1[02-9ac-hj-np-z]{6,120}$/) as unknown as z.ZodType<DeviceId, DeviceId>;

/** A block or a version: 32 bytes in lower-case hex. */
export const hex32 = z.string().regex(/^[0-9a-f]{64}$/);
/** ISO 8601 in UTC with `Z`. */
export const time = z.iso.datetime();
/** A count of things. */
export const count = z.int().min(0);
/** A size in bytes. */
export const bytes = z.int().min(0);
/** A duration in milliseconds; fractions are kept for round trips. */
export const durationMs = z.number().min(0);
/** The number of a seat among the suppliers. */
export const seat = z.int().min(0).max(254);
/** The name of a running task, `t12`. */
export const taskId = z.string().regex(/^t[0-9]{1,12}$/);
/** A path as a person types it; the node resolves it against `cwd`. */
export const path = z
  .string()
  .min(1)
  .max(4096)
  .refine((text) => !text.includes('\0'), 'a path holds no zero byte');
/** A name of a set, a service, a machine or a key. */
export const name = z.string().min(1).max(200);
/** An error code of the catalogue, or null. */
export const reason = z.string().nullable();

/** How safe something stored is. */
export const safety = z.enum(['empty', 'safe', 'enough', 'endangered', 'unreadable', 'unknown']);

/** What a failure looks like to programs, on every face. */
export const failure = z.object({
  code: z.string(),
  message: z.string(),
  hint: z.string().nullable(),
  details: z.record(z.string(), z.unknown()),
});

/** A failure as it is printed, sent and kept in a task. */
export type Failure = z.output<typeof failure>;

/** A file that was left out, and why. */
export const skipped = z.array(z.object({ path: z.string(), code: z.string(), message: z.string() }));

/** k of n, as people write it. */
export const geometry = z.object({ k: z.int().min(1).max(64), n: z.int().min(1).max(64) });
