import { z } from 'zod';
import { one } from './operation.ts';
import { bytes, count, deviceId, durationMs, hex32, personId, safety, time } from './values.ts';

/** Something the owner should know and can act on. */
export const warning = z.object({ code: z.string(), message: z.string(), hint: z.string().nullable() });

/** Everything a person wants to see first: identity, network, services, suppliers, safety. */
export const statusAnswer = z.object({
  home: z.string(),
  pid: count,
  version: z.string(),
  state: z.enum(['starting', 'running', 'degraded', 'stopping']),
  startedAt: time,
  uptimeMs: durationMs,
  person: personId,
  device: deviceId,
  nickname: z.string().nullable(),
  role: z.string(),
  api: z.object({ url: z.string().nullable(), socket: z.string().nullable(), tokenFile: z.string().nullable() }),
  page: z.string().nullable(),
  bootstrap: z.array(z.string()),
  addresses: z.array(z.string()),
  network: z.object({
    state: z.enum(['connected', 'impaired', 'offline']),
    name: z.string().nullable(),
    id: hex32.nullable(),
    links: count,
  }),
  directory: z.object({ state: z.enum(['alone', 'joining', 'joined', 'thin']), neighbours: count }),
  services: z.object({ on: count, waiting: count, off: count, failed: count }),
  suppliers: z.object({ k: count.nullable(), n: count, connected: count }),
  customers: z.object({ count, donatedBytes: bytes, promisedBytes: bytes, usedBytes: bytes }),
  storage: z.object({ safety, blocks: count, inDanger: count }),
  engine: z.enum(['rocksdb', 'leveldb', 'memory']),
  warnings: z.array(warning),
});

/** The status of a running node. */
export type StatusAnswer = z.output<typeof statusAnswer>;

/** What `stop` answers. */
export const stopAnswer = z.object({ stopped: z.boolean(), pid: count.nullable(), late: z.array(z.string()) });

/** The node itself. */
export const statusOperations = {
  status: one({
    summary: 'Identity, services, peers, storage safety and API address of the node.',
    method: 'GET',
    path: '/status',
    input: z.strictObject({}),
    answer: statusAnswer,
    errors: [],
  }),
  stop: one({
    summary: 'Stops the node in order; answers when its services have stopped, and names those that were late.',
    method: 'POST',
    path: '/stop',
    input: z.strictObject({}),
    answer: stopAnswer,
    errors: [],
  }),
} as const;
