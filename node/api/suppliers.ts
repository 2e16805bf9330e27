import { z } from 'zod';
import { one } from './operation.ts';
import { bytes, count, deviceId, personId, reason, seat, taskId, time } from './values.ts';

const contract = z.object({ bytes, usedBytes: bytes, noticeUntil: time.nullable() });

/** One seat of the family; empty ones have nulls. */
export const supplierRow = z.object({
  seat,
  person: personId.nullable(),
  device: deviceId.nullable(),
  nickname: z.string().nullable(),
  state: z.enum(['empty', 'seeking', 'asking', 'connected', 'disconnected', 'away', 'refused', 'leaving']),
  since: time,
  hiredAt: time.nullable(),
  seenAt: time.nullable(),
  path: z.string().nullable(),
  contract: contract.nullable(),
  pieces: z.object({ wanted: count, held: count, moving: count, lost: count }),
  standing: z.enum(['good', 'watched', 'suspected', 'condemned']).nullable(),
  rttMs: z.number().min(0).nullable(),
  reason,
});

/** A seat as `suppliers` shows it. */
export type SupplierRow = z.output<typeof supplierRow>;

/** How far a change of a seat has come. */
export const seatChange = z.object({
  seat,
  from: deviceId.nullable(),
  to: deviceId.nullable(),
  state: z.enum(['hiring', 'rebuilding', 'done']),
  task: taskId,
});

/** A replaced or switched seat. */
export type SeatChange = z.output<typeof seatChange>;

/** The devices that keep this owner's pieces. */
export const suppliersOperations = {
  'suppliers.list': one({
    summary: 'One row per seat, in order of seat, empty ones too.',
    method: 'GET',
    path: '/suppliers',
    input: z.strictObject({}),
    answer: z.object({ k: count.nullable(), n: count, connected: count, suppliers: z.array(supplierRow) }),
    errors: ['SERVICE_OFF'],
  }),
  'suppliers.set': one({
    summary: 'Sets k and n of new blocks; without both, by the uptime of the suppliers.',
    method: 'PUT',
    path: '/suppliers/geometry',
    input: z.union([
      z.strictObject({ auto: z.literal(true) }),
      z
        .strictObject({ k: z.int().min(1).max(64), n: z.int().min(1).max(64) })
        .refine(({ k, n }) => k <= n, 'k is at most n'),
    ]),
    answer: z.object({
      k: count.nullable(),
      n: count,
      from: z.object({ k: count.nullable(), n: count }),
    }),
    errors: ['SERVICE_OFF'],
  }),
  'suppliers.replace': one({
    summary: 'Hires another supplier for a seat; answers when he is hired, the task ends when his pieces are there.',
    method: 'POST',
    path: '/suppliers/:seat/replace',
    input: z.strictObject({ seat }),
    answer: seatChange,
    errors: ['SERVICE_OFF', 'SEAT_NOT_FOUND', 'SUPPLIERS_TOO_FEW'],
  }),
  'suppliers.switch': one({
    summary: 'Hires a named device for a seat; answers when it is hired, the task ends when its pieces are there.',
    method: 'POST',
    path: '/suppliers/:seat/switch',
    input: z.strictObject({ seat, device: deviceId }),
    answer: seatChange,
    errors: ['SERVICE_OFF', 'SEAT_NOT_FOUND', 'SUPPLIER_REFUSED', 'SUPPLIER_ALREADY_HIRED', 'PEER_UNREACHABLE'],
  }),
  'suppliers.ping': one({
    summary: 'Asks every supplier for an answer now.',
    method: 'POST',
    path: '/suppliers/ping',
    input: z.strictObject({}),
    answer: z.object({
      suppliers: z.array(
        z.object({
          seat,
          device: deviceId,
          reached: z.boolean(),
          rttMs: z.number().min(0).nullable(),
          path: z.string().nullable(),
          reason,
        }),
      ),
    }),
    errors: ['SERVICE_OFF'],
  }),
} as const;
