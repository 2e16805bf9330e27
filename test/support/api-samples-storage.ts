import type { AnswerOf } from '../../node/api/index.ts';
import { at, block, device, otherDevice, person } from './api-ids.ts';

export const supplier: AnswerOf<'suppliers.list'>['suppliers'][number] = {
  seat: 0,
  person,
  device,
  nickname: 'supplier3',
  state: 'connected',
  since: at,
  hiredAt: at,
  seenAt: at,
  path: 'tcp',
  contract: { bytes: 16_777_216, usedBytes: 0, noticeUntil: null },
  pieces: { wanted: 21, held: 21, moving: 0, lost: 0 },
  standing: null,
  rttMs: 1,
  reason: null,
};
export const emptySeat: typeof supplier = {
  ...supplier,
  seat: 1,
  person: null,
  device: null,
  nickname: null,
  state: 'seeking',
  hiredAt: null,
  seenAt: null,
  path: null,
  contract: null,
  pieces: { wanted: 0, held: 0, moving: 0, lost: 0 },
  rttMs: null,
};
export const geometryAuto: AnswerOf<'suppliers.set'> = { k: null, n: 8, from: { k: 4, n: 8 } };
export const seatChange: AnswerOf<'suppliers.replace'> = {
  seat: 0,
  from: device,
  to: otherDevice,
  state: 'rebuilding',
  task: 't16',
};
export const supplierPing: AnswerOf<'suppliers.ping'>['suppliers'][number] = {
  seat: 0,
  device,
  reached: true,
  rttMs: 0.8,
  path: 'tcp',
  reason: null,
};

export const donation = {
  donatedBytes: 20 * 2 ** 30,
  promisedBytes: 48 * 2 ** 20,
  usedBytes: 1,
  trashBytes: 0,
  freeBytes: 2 ** 40,
};
export const customer: AnswerOf<'customers.list'>['customers'][number] = {
  person,
  nickname: null,
  state: 'active',
  contract: { bytes: 16_777_216, usedBytes: 1, noticeUntil: null },
  pieces: 21,
  seenAt: at,
};

export const backupStarted: AnswerOf<'backup'> = { task: 't12', set: 'src', state: 'scanning' };
export const backup = {
  task: 't12',
  set: 'src',
  version: block,
  state: 'stored',
  safety: 'enough',
  resumed: false,
  files: { total: 6328, new: 12, changed: 3, unchanged: 6313, removed: 0, skipped: 1 },
  bytes: { source: 149_000_000, read: 1, deduplicated: 1, stored: 1, sent: 1 },
  blocks: { new: 2, total: 21 },
  skipped: [{ path: '/home/a/src/secret', code: 'FILE_UNREADABLE', message: 'The file cannot be read.' }],
  startedAt: at,
  durationMs: 1200,
};
export const set: AnswerOf<'sets.list'>['sets'][number] = {
  name: 'src',
  paths: ['/home/a/src'],
  k: 4,
  n: 8,
  every: null,
  keep: { daily: 14, monthly: 12 },
  versions: 2,
  newestAt: at,
  bytes: 149_000_000,
  safety: 'safe',
};

export const entry: AnswerOf<'ls'>['entries'][number] = {
  path: '/home/a/src/x.txt',
  name: 'x.txt',
  nameBytes: null,
  kind: 'file',
  mode: '0640',
  sizeBytes: 3,
  mtime: at,
  target: null,
  set: 'src',
  version: block,
  versions: 2,
  safety: 'safe',
  deleted: false,
};
export const version: AnswerOf<'versions'>['versions'][number] = {
  version: block,
  at,
  device,
  state: 'safe',
  sizeBytes: 3,
  mtime: at,
  mode: '0640',
  kind: 'file',
  safety: 'safe',
};
export const why: AnswerOf<'why'> = {
  path: '/home/a/src/x.txt',
  version: block,
  safety: 'enough',
  blocks: [
    {
      block,
      k: 4,
      n: 8,
      held: 7,
      away: 1,
      lost: 0,
      seats: [{ seat: 0, device, piece: 'away', since: at }],
      next: 'waits for the supplier of seat 0',
      nextAt: at,
    },
  ],
  next: null,
  nextAt: null,
  sentence: '7 of 8 pieces are held, 4 are needed.',
};

export const restoreStarted: AnswerOf<'restore'> = {
  task: 't13',
  paths: ['/home/a/src'],
  to: '/tmp/out/src',
  version: block,
  state: 'planning',
};
export const restore = {
  task: 't13',
  to: '/tmp/out/src',
  version: block,
  state: 'restored',
  files: 6000,
  folders: 300,
  links: 28,
  bytes: { restored: 149_000_000, fetched: 1 },
  blocks: { fetched: 21, decoded: 9 },
  suppliers: 5,
  resumed: false,
  skipped: [],
  startedAt: at,
  durationMs: 900,
};

export const storage: AnswerOf<'storage.status'> = {
  safety: 'safe',
  sets: [{ name: 'src', bytes: 149_000_000, blocks: 21, safety: 'safe' }],
  bytes: { source: 149_000_000, stored: 298_000_000, staged: 0 },
  blocks: { total: 21, safe: 21, enough: 0, endangered: 0, unreadable: 0 },
  histogram: [{ k: 4, n: 8, held: 8, blocks: 21 }],
  weakest: { block, k: 4, n: 8, held: 8, away: 0 },
  repair: { running: 0, queued: 0, repaired: 0, sentBytes: 0 },
  lossProbabilityYear: 0.000001,
  uptimeMeasured: 1,
  space: { donatedBytes: 0, usedBytes: 0, daysUntilFull: null },
  audits: [{ seat: 0, at: null, verdict: null }],
  checkedAt: at,
};
export const verify = {
  checked: { blocks: 21, pieces: 168, bytes: 0 },
  bad: [{ block, seat: 2, device, problem: 'lost' }],
  ok: false,
};
export const rebuildCatalogue = {
  task: 't15',
  blocks: { read: 21, withoutFooter: 0 },
  catalogue: { sets: 1, versions: 2, files: 6328, bytes: 149_000_000 },
  unreadable: [],
  ok: true,
};
