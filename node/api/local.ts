import { z } from 'zod';
import { statusAnswer } from './status.ts';
import { bytes, count, deviceId, failure, hex32, personId, time } from './values.ts';

/** The network a home belongs to. */
export const networkAnswer = z.object({
  name: z.string().nullable(),
  id: hex32.nullable(),
  bootstrap: z.array(z.string()),
  founded: z.boolean(),
});

/** What a new home is: person, device and the recovery card. */
export const initAnswer = z.object({
  home: z.string(),
  person: personId,
  device: deviceId,
  nickname: z.string().nullable(),
  role: z.string(),
  recovered: z.literal(false),
  phrase: z.string(),
  network: networkAnswer,
  card: z.object({ network: z.string().nullable(), id: hex32.nullable(), seeds: z.array(z.string()) }),
});

/** What `init` prints. */
export type InitAnswer = z.output<typeof initAnswer>;

/** What came back by the words alone. */
export const recoverAnswer = initAnswer.omit({ phrase: true, card: true, recovered: true }).extend({
  recovered: z.literal(true),
  complete: z.boolean(),
  missing: z.array(z.enum(['identity', 'suppliers', 'catalogue', 'contacts', 'settings'])),
  revision: count,
  newest: z.object({ at: time.nullable(), from: count, of: count }),
  removal: z.enum(['paused', 'open']),
  suppliers: z.object({ known: count, reachable: count }),
  catalogue: z.object({ sets: count, versions: count, files: count, bytes, newestAt: time.nullable() }),
});

/** What `init --recover` prints. */
export type RecoverAnswer = z.output<typeof recoverAnswer>;

/** What `start` and `restart` print; `started` is false when the node ran already. */
export const startAnswer = statusAnswer.extend({ started: z.boolean() });

/** What `status` prints of a node that does not run. */
export const stoppedAnswer = z.object({ state: z.literal('stopped'), home: z.string(), error: failure });

/** The first line of `seed`. */
export const seedLine = z.object({
  bootstrap: z.array(z.string()),
  id: hex32.nullable(),
  pid: count,
  home: z.string(),
});

/** The first line of `testnet`. */
export const testnetLine = z.object({
  bootstrap: z.array(z.string()),
  networkFile: z.string(),
  nodes: z.array(
    z.object({
      home: z.string(),
      pid: count,
      person: personId,
      device: deviceId,
      role: z.string(),
      api: z.string().nullable(),
    }),
  ),
});

/** A line of `demo`; steps have figures of their own. */
export const demoLine = z.looseObject({
  at: time,
  step: z.enum(['network', 'hire', 'backup', 'kill', 'repair', 'erase', 'recover', 'restore', 'compare', 'done']),
  message: z.string(),
});
