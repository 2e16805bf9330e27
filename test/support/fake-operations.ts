import type { NodeOperations } from '../../node/api/index.ts';
import { BitDustError } from '../../protocol/errors.ts';
import * as samples from './api-samples.ts';

type Overrides = { readonly [K in keyof NodeOperations]?: Partial<NodeOperations[K]> | NodeOperations[K] };

/** Operations that answer with the samples, for tests of the faces. Single ones can be replaced. */
export function fakeOperations(overrides: Overrides = {}): NodeOperations {
  const answer =
    <T>(value: T) =>
    () =>
      Promise.resolve(value);
  const base: NodeOperations = {
    status: answer(samples.status),
    stop: answer({ stopped: true, pid: 4242, late: [] }),
    id: { show: answer(samples.id), confirmWords: answer({ confirmed: true }) },
    find: ({ nickname }) => Promise.resolve({ nickname, claims: [samples.claim] }),
    ping: ({ who }) => Promise.resolve({ ...samples.ping, who }),
    services: {
      list: answer({ services: [samples.service] }),
      start: service,
      stop: service,
      restart: service,
      health: answer({ ...samples.service, healthy: true, checks: [{ name: 'records', ok: true, message: 'open' }] }),
    },
    automats: {
      list: answer({ automats: [samples.automat], total: 214 }),
      show: automat,
      watch: async () => each([samples.transition]),
      chart: answer(samples.chart),
    },
    suppliers: {
      list: answer({ k: 4, n: 8, connected: 1, suppliers: [samples.supplier, samples.emptySeat] }),
      set: async (input) => ('auto' in input ? samples.geometryAuto : { ...samples.geometryAuto, ...input }),
      replace: ({ seat }) => Promise.resolve({ ...samples.seatChange, seat }),
      switch: ({ seat, device }) => Promise.resolve({ ...samples.seatChange, seat, to: device }),
      ping: answer({ suppliers: [samples.supplierPing] }),
    },
    customers: {
      list: answer({ ...samples.donation, customers: [samples.customer] }),
      reject: answer({ ...samples.customer, state: 'onNotice' as const }),
    },
    donate: ({ bytes }) =>
      Promise.resolve({ ...samples.donation, donatedBytes: bytes, fromBytes: samples.donation.donatedBytes }),
    backup: answer(samples.backupStarted),
    sets: { list: answer({ sets: [samples.set] }) },
    ls: async ({ path }) => ({ path: path ?? null, at: null, total: 1, entries: [samples.entry] }),
    versions: ({ path }) => Promise.resolve({ path, versions: [samples.version] }),
    rm: ({ path }) => Promise.resolve({ path, versions: 2, undeleteUntil: samples.at }),
    undelete: ({ path }) => Promise.resolve({ path, versions: 2, undeleteUntil: null }),
    why: ({ path }) => Promise.resolve({ ...samples.why, path }),
    cat: async () => each([Buffer.from('hello '), Buffer.from('world\n')]),
    restore: answer(samples.restoreStarted),
    storage: {
      status: answer(samples.storage),
      verify: answer({ task: 't14', state: 'checking' as const }),
      rebuildCatalogue: answer({ task: 't15', state: 'reading' as const }),
    },
    config: {
      list: answer({ values: [samples.configRow] }),
      get: ({ key }) => Promise.resolve({ ...samples.configRow, key }),
      set: ({ key, value }) =>
        Promise.resolve({ ...samples.configRow, key, value, origin: 'settings', from: null, overridden: null }),
    },
    events: async ({ follow }, { signal }) => (follow ? endless(signal) : each([samples.event])),
    logs: async () => each([samples.logLine]),
    tasks: {
      list: answer({ tasks: [samples.task] }),
      show: task,
      watch: async () => each([samples.task, samples.taskDone]),
      cancel: async (input) => ({ ...(await task(input)), state: 'cancelled' as const }),
    },
  };
  return merge(base, overrides);
}

async function service({ service: name }: { service: string }) {
  if (name !== samples.service.name) throw new BitDustError('SERVICE_UNKNOWN');
  return samples.service;
}

async function automat({ id }: { id: string }) {
  if (id !== samples.automat.id) throw new BitDustError('AUTOMAT_NOT_FOUND');
  return { ...samples.automat, context: { seat: 3 }, next: ['cancel'], children: [], recent: [samples.recent] };
}

async function task({ task: name }: { task: string }) {
  if (name !== samples.task.task) throw new BitDustError('TASK_NOT_FOUND');
  return samples.task;
}

async function* each<T>(values: readonly T[]): AsyncIterable<T> {
  yield* values;
}

/** One event, then silence until the caller leaves. */
async function* endless(signal: AbortSignal): AsyncIterable<typeof samples.event> {
  yield samples.event;
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

function merge(base: NodeOperations, overrides: Overrides): NodeOperations {
  const merged: Record<string, unknown> = { ...base };
  for (const [name, override] of Object.entries(overrides)) {
    merged[name] = typeof override === 'function' ? override : { ...(merged[name] as object), ...override };
  }
  return merged as unknown as NodeOperations;
}
