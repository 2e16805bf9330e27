import { z } from 'zod';
import { one, rawBytes } from './operation.ts';
import { bytes, count, deviceId, hex32, path, safety, seat, time } from './values.ts';

const kind = z.enum(['file', 'folder', 'link']);

/** A version, the first digits of one, or a time: the newest version not after it. */
export const at = z.string().min(1).max(80);

/** One thing in the catalogue. */
export const entryRow = z.object({
  path: z.string(),
  name: z.string(),
  nameBytes: z.string().nullable(),
  kind,
  mode: z.string(),
  sizeBytes: bytes,
  mtime: time,
  target: z.string().nullable(),
  set: z.string(),
  version: hex32,
  versions: count,
  safety,
  deleted: z.boolean(),
});

/** An entry as `ls` shows it. */
export type EntryRow = z.output<typeof entryRow>;

/** A path as typed: absolute, relative to `cwd`, or a unique end of a catalogue path. */
const where = { path, cwd: path.optional() };
const errors = ['SERVICE_OFF', 'CATALOGUE_UNAVAILABLE', 'ENTRY_NOT_FOUND', 'ENTRY_AMBIGUOUS'] as const;

const whyBlock = z.object({
  block: hex32,
  k: count,
  n: count,
  held: count,
  away: count,
  lost: count,
  seats: z.array(
    z.object({
      seat,
      device: deviceId.nullable(),
      piece: z.enum(['held', 'away', 'lost', 'moving']),
      since: time,
    }),
  ),
  next: z.string().nullable(),
  nextAt: time.nullable(),
});

/** What is stored, by name. */
export const catalogueOperations = {
  ls: one({
    summary: 'Direct children of a folder, sorted by name; without a path, the top entries of all sets.',
    method: 'GET',
    path: '/catalogue/entries',
    input: z.strictObject({
      path: path.optional(),
      cwd: path.optional(),
      at: at.optional(),
      all: z.boolean().default(false),
    }),
    answer: z.object({
      path: z.string().nullable(),
      at: time.nullable(),
      total: count,
      entries: z.array(entryRow),
    }),
    errors: [...errors, 'VERSION_NOT_FOUND'],
  }),
  versions: one({
    summary: 'Every version that holds a path.',
    method: 'GET',
    path: '/catalogue/versions',
    input: z.strictObject(where),
    answer: z.object({
      path: z.string(),
      versions: z.array(
        z.object({
          version: hex32,
          at: time,
          device: deviceId,
          state: z.enum(['thin', 'stored', 'safe']),
          sizeBytes: bytes,
          mtime: time,
          mode: z.string(),
          kind,
          safety,
        }),
      ),
    }),
    errors,
  }),
  rm: one({
    summary: 'Retires the versions of a path; they come back by `undelete` until the time told.',
    method: 'POST',
    path: '/catalogue/remove',
    input: z.strictObject(where),
    answer: z.object({ path: z.string(), versions: count, undeleteUntil: time }),
    errors: [...errors, 'REMOVAL_PAUSED'],
  }),
  undelete: one({
    summary: 'Brings retired versions of a path back.',
    method: 'POST',
    path: '/catalogue/undelete',
    input: z.strictObject(where),
    answer: z.object({ path: z.string(), versions: count, undeleteUntil: time.nullable() }),
    errors,
  }),
  why: one({
    summary: 'How safe a path is, block by block, and what happens next.',
    method: 'GET',
    path: '/catalogue/why',
    input: z.strictObject({ ...where, at: at.optional() }),
    answer: z.object({
      path: z.string(),
      version: hex32,
      safety,
      blocks: z.array(whyBlock),
      next: z.string().nullable(),
      nextAt: time.nullable(),
      sentence: z.string(),
    }),
    errors: [...errors, 'VERSION_NOT_FOUND'],
  }),
  cat: rawBytes({
    summary: 'The bytes of a file.',
    method: 'GET',
    path: '/catalogue/content',
    input: z.strictObject({ ...where, at: at.optional() }),
    answer: z.never(),
    errors: [...errors, 'VERSION_NOT_FOUND', 'NOT_A_FILE', 'TOO_FEW_PIECES'],
  }),
} as const;
