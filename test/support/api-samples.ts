import type { z } from 'zod';
import type { AnswerOf } from '../../node/api/index.ts';
import type * as local from '../../node/api/local.ts';
import type { taskRow } from '../../node/api/tasks.ts';
import { at, block, device, person } from './api-ids.ts';
import { backup } from './api-samples-storage.ts';

/** One example of every JSON shape, as the command line prints it. */
export * from './api-ids.ts';
export * from './api-samples-storage.ts';

export const status: AnswerOf<'status'> = {
  home: '/home/alice/.local/share/bitdust',
  pid: 4242,
  version: '0.1.0',
  state: 'running',
  startedAt: at,
  uptimeMs: 61_000,
  person,
  device,
  nickname: 'alice',
  role: 'full',
  api: { url: 'http://127.0.0.1:41234', socket: '/home/alice/api.sock', tokenFile: '/home/alice/token' },
  page: null,
  bootstrap: ['127.0.0.1:49737'],
  addresses: ['tcp://127.0.0.1:7771'],
  network: { state: 'connected', name: null, id: block, links: 12 },
  directory: { state: 'joined', neighbours: 12 },
  services: { on: 6, waiting: 0, off: 2, failed: 0 },
  suppliers: { k: 4, n: 8, connected: 8 },
  customers: { count: 3, donatedBytes: 20 * 2 ** 30, promisedBytes: 0, usedBytes: 0 },
  storage: { safety: 'safe', blocks: 21, inDanger: 0 },
  engine: 'rocksdb',
  warnings: [
    { code: 'WORDS_NOT_CONFIRMED', message: 'The 24 words were not confirmed.', hint: 'bitdust id confirm-words' },
  ],
};

export const id: AnswerOf<'id.show'> = {
  home: '/home/alice/.local/share/bitdust',
  person,
  device,
  nickname: 'alice',
  fingerprint: 'ab12 cd34 ef56 ab78',
  revision: 1,
  issuedAt: at,
  expiresAt: null,
  devices: [{ device, label: 'laptop', addedAt: at, current: true }],
  services: ['supplier'],
  addresses: ['tcp://127.0.0.1:7771'],
  sources: [],
};

export const claim = { person, fingerprint: 'ab12', claimedAt: at, contactsInCommon: 0, lookAlike: false };
export const ping: AnswerOf<'ping'> = {
  who: 'bob',
  person,
  device,
  reached: true,
  rttMs: 0.8,
  path: 'tcp',
  reason: null,
};

export const service: AnswerOf<'services.start'> = {
  name: 'customer',
  state: 'on',
  enabled: true,
  needs: ['network', 'directory', 'contacts'],
  since: at,
  reason: null,
  automats: 12,
  restarts: 0,
};

export const automat: AnswerOf<'automats.list'>['automats'][number] = {
  id: 'supplier-finder:3',
  machine: 'supplier-finder',
  chapter: 'suppliers',
  service: 'customer',
  state: 'asking',
  subject: { seat: 3 },
  since: at,
  openedAt: at,
  lastEvent: 'xstate.done.actor.lookUpCandidates',
  transitions: 4,
  status: 'active',
};
export const recent = { at, event: 'begin', from: null, to: 'asking' };
export const transition: AnswerOf<'automats.watch'> = {
  seq: 7,
  at,
  automat: 'supplier-finder:3',
  machine: 'supplier-finder',
  event: 'candidate.found',
  from: 'searching',
  to: 'asking',
};
export const chart: AnswerOf<'automats.chart'> = {
  machine: 'supplier-finder',
  chapter: 'suppliers',
  description: 'Finds a supplier for a seat.',
  states: [{ path: 'searching', initial: true, final: false, invokes: ['lookUpCandidates'] }],
  transitions: [{ from: 'searching', to: 'asking', event: 'done', guard: null, delayMs: null }],
};

export const configRow: AnswerOf<'config.get'> = {
  key: 'services.supplier.donate',
  value: '200GiB',
  origin: 'file',
  restart: false,
};
export const event: AnswerOf<'events'> = { seq: 6, at, type: 'supplier.hired', seat: 0, supplier: device, person };
export const logLine: AnswerOf<'logs'> = {
  at,
  level: 'info',
  chapter: 'system',
  code: null,
  message: 'The node runs.',
};

export const task: z.output<typeof taskRow> = {
  task: 't12',
  kind: 'backup',
  title: '/home/a/src',
  state: 'running',
  phase: 'storing',
  progress: {
    doneBytes: 74_500_000,
    totalBytes: 149_000_000,
    doneItems: 3000,
    totalItems: 6328,
    bytesPerSecond: 40_000_000,
    leftMs: 1900,
    note: null,
  },
  startedAt: at,
  endedAt: null,
  result: null,
  error: null,
};
export const taskDone: typeof task = { ...task, state: 'done', phase: 'stored', endedAt: at, result: backup };

export const init: local.InitAnswer = {
  home: '/home/alice/.local/share/bitdust',
  person,
  device,
  nickname: 'alice',
  role: 'full',
  recovered: false,
  phrase: Array(24).fill('abandon').join(' '),
  network: { name: null, id: null, bootstrap: ['127.0.0.1:49737'], founded: false },
  card: { network: null, id: null, seeds: ['127.0.0.1:49737'] },
};
export const recover: local.RecoverAnswer = {
  home: '/home/alice/.local/share/bitdust',
  person,
  device,
  nickname: 'alice',
  role: 'full',
  network: { name: null, id: block, bootstrap: ['127.0.0.1:49737'], founded: false },
  recovered: true,
  complete: true,
  missing: [],
  revision: 2,
  newest: { at, from: 7, of: 8 },
  removal: 'paused',
  suppliers: { known: 8, reachable: 7 },
  catalogue: { sets: 1, versions: 2, files: 6328, bytes: 149_000_000, newestAt: at },
};
