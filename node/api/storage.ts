import { z } from 'zod';
import { one } from './operation.ts';
import { bytes, count, deviceId, hex32, safety, seat, taskId, time } from './values.ts';

/** Safety figures of everything stored. */
export const storageAnswer = z.object({
  safety,
  sets: z.array(z.object({ name: z.string(), bytes, blocks: count, safety })),
  bytes: z.object({ source: bytes, stored: bytes, staged: bytes }),
  blocks: z.object({ total: count, safe: count, enough: count, endangered: count, unreadable: count }),
  histogram: z.array(z.object({ k: count, n: count, held: count, blocks: count })),
  weakest: z.object({ block: hex32, k: count, n: count, held: count, away: count }).nullable(),
  repair: z.object({ running: count, queued: count, repaired: count, sentBytes: bytes }),
  lossProbabilityYear: z.number().min(0).max(1).nullable(),
  uptimeMeasured: z.number().min(0).max(1).nullable(),
  space: z.object({ donatedBytes: bytes, usedBytes: bytes, daysUntilFull: z.number().min(0).nullable() }),
  audits: z.array(z.object({ seat, at: time.nullable(), verdict: z.string().nullable() })),
  checkedAt: time.nullable(),
});

/** Storage figures, as `storage status` prints them. */
export type StorageAnswer = z.output<typeof storageAnswer>;

/** What a finished check gives. */
export const verifyAnswer = z.object({
  checked: z.object({ blocks: count, pieces: count, bytes }),
  bad: z.array(z.object({ block: hex32, seat, device: deviceId.nullable(), problem: z.enum(['lost', 'corrupt']) })),
  ok: z.boolean(),
});

/** The result of a `storage verify` task. */
export type VerifyAnswer = z.output<typeof verifyAnswer>;

/** What reading the catalogue back from the blocks gives. */
export const rebuildCatalogueAnswer = z.object({
  task: taskId,
  blocks: z.object({ read: count, withoutFooter: count }),
  catalogue: z.object({ sets: count, versions: count, files: count, bytes }),
  unreadable: z.array(hex32),
  ok: z.boolean(),
});

/** The result of a `storage rebuild-catalogue` task. */
export type RebuildCatalogueAnswer = z.output<typeof rebuildCatalogueAnswer>;

/** Safety, checks and recovery of what is stored. */
export const storageOperations = {
  'storage.status': one({
    summary: 'Safety of every set, blocks by safety, repair, space and the loss to be expected.',
    method: 'GET',
    path: '/storage',
    input: z.strictObject({}),
    answer: storageAnswer,
    errors: ['SERVICE_OFF'],
  }),
  'storage.verify': one({
    summary: 'Checks what the suppliers hold, and reads a share of the data back when one is given.',
    method: 'POST',
    path: '/storage/verify',
    input: z.strictObject({
      /** A share of the blocks, `5%`. */
      data: z
        .string()
        .regex(/^(100|[0-9]{1,2})(\.[0-9]{1,4})?%$/)
        .optional(),
    }),
    answer: z.object({ task: taskId, state: z.literal('checking') }),
    errors: ['SERVICE_OFF', 'CATALOGUE_UNAVAILABLE'],
  }),
  'storage.rebuildCatalogue': one({
    summary: "Makes the catalogue again from the blocks' own footers, without its index.",
    method: 'POST',
    path: '/storage/rebuild-catalogue',
    input: z.strictObject({}),
    answer: z.object({ task: taskId, state: z.literal('reading') }),
    errors: ['SERVICE_OFF', 'SUPPLIERS_TOO_FEW'],
  }),
} as const;
