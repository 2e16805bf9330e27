import { rmSync, writeFileSync } from 'node:fs';
import { createApi } from '../../node/api/call.ts';
import type { NodeOperations } from '../../node/api/index.ts';
import { runDaemon } from '../../node/daemon.ts';
import type { NodeParts } from '../../node/parts.ts';
import type { World } from '../../ports/world.ts';
import { BitDustError } from '../../protocol/errors.ts';
import * as samples from './api-samples.ts';
import { fakeOperations } from './fake-operations.ts';

/** The real daemon and gateway around operations that answer with samples. */
export function fakeParts(operations: NodeOperations, options: { readonly startFails?: boolean } = {}): NodeParts {
  return {
    createWorld: async () => {
      const disk = { lock: async (path: string) => lockFile(path) };
      return { disk, log: { write: () => undefined } } as unknown as World;
    },
    createNode: async () => ({
      api: createApi(operations),
      start: () => (options.startFails ? Promise.reject(new BitDustError('DISK_FULL')) : Promise.resolve()),
      stop: async () => ({ late: [] }),
      health: () => ({ ok: true, down: [] }),
      metrics: null,
    }),
  };
}

function lockFile(path: string) {
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx' });
  } catch {
    throw new BitDustError('HOME_LOCKED');
  }
  return { release: async () => rmSync(path, { force: true }) };
}

/** Tasks that behave as the name of the set or of the file to restore says, for the transcripts. */
function storyOperations(home: string): NodeOperations {
  const pid = process.pid;
  async function* silent(signal: AbortSignal) {
    process.stdout.write('following\n');
    yield samples.task;
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  }
  async function* rows(...values: (typeof samples.task)[]) {
    yield* values;
  }
  const stalled = {
    ...samples.task,
    phase: 'stalled',
    error: {
      code: 'BACKUP_STALLED',
      message: 'The version cannot be stored now.',
      hint: null,
      details: { task: 't20', state: 'thin' },
    },
  };
  const tooFew = {
    code: 'TOO_FEW_PIECES',
    message: 'Too few pieces can be reached to read this.',
    hint: null,
    details: { blocks: [{ block: samples.block, have: 3, k: 4 }], suppliers: [], paths: ['/home/a/src'] },
  };
  const safe = { ...samples.taskDone, result: { ...samples.backup, state: 'safe', safety: 'safe', skipped: [] } };
  return fakeOperations({
    status: async () => ({ ...samples.status, home, pid, uptimeMs: 61_000 }),
    backup: async ({ set = 'src' }) => ({
      ...samples.backupStarted,
      set,
      task: set === 'stalled' ? 't20' : set === 'endless' ? 't21' : 't12',
    }),
    restore: async ({ at }) => ({ ...samples.restoreStarted, task: at === 'lost' ? 't30' : 't13' }),
    tasks: {
      watch: async ({ task }, { signal }) => {
        if (task === 't20') return rows(samples.task, stalled);
        if (task === 't21') return silent(signal);
        if (task === 't30') return rows({ ...samples.task, state: 'failed', error: tooFew });
        if (task === 't13') return rows({ ...samples.taskDone, kind: 'restore', result: samples.restore });
        if (task === 't14') return rows({ ...samples.taskDone, kind: 'verify', result: samples.verify });
        if (task === 't15')
          return rows({ ...samples.taskDone, kind: 'rebuild-catalogue', result: samples.rebuildCatalogue });
        if (task === 't16')
          return rows({ ...samples.taskDone, kind: 'replace', result: { ...samples.seatChange, state: 'done' } });
        return rows(samples.task, samples.taskDone, safe);
      },
    },
  });
}

if (import.meta.main) {
  const [home = ''] = process.argv.slice(2);
  const stop = new AbortController();
  process.once('SIGTERM', () => stop.abort());
  await runDaemon({
    home,
    parts: fakeParts(storyOperations(home)),
    environment: {},
    signal: stop.signal,
    onReady: () => process.stdout.write('ready\n'),
  });
}
