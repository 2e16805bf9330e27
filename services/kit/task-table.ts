import type { Records } from '../../ports/records.ts';
import type { TaskControl, TaskHandle, TaskProgress, TaskTable, TaskView } from '../../ports/tasks.ts';
import type { Clock } from '../../ports/world.ts';
import { BitDustError, ERRORS, isBitDustError } from '../../protocol/errors.ts';
import { textBytes } from '../../protocol/hash.ts';
import { inOrder } from './in-order.ts';

export interface TaskTableNeeds {
  readonly records: Records;
  readonly clock: Clock;
}

interface Row {
  view: TaskView;
  readonly control: TaskControl;
  readonly listeners: Set<(view: TaskView) => void>;
}

const ENDED_KEPT_MAX = 100;
const NEXT_KEY = 'next';

const NOTHING_DONE: TaskProgress = {
  doneBytes: 0,
  totalBytes: null,
  doneItems: 0,
  totalItems: null,
  bytesPerSecond: null,
  leftMs: null,
  note: null,
};

function failureOf(error: unknown) {
  const known = isBitDustError(error) ? error : new BitDustError('INTERNAL', undefined, { cause: error });
  return { code: known.code, message: known.message, hint: ERRORS[known.code].hint, details: known.details };
}

/** The table of long work. Names are never used twice, also not after a restart; ended tasks are kept in memory for a while. */
export function createTaskTable({ records, clock }: TaskTableNeeds): TaskTable {
  const rows = new Map<string, Row>();
  const oneByOne = inOrder();

  function drawName(): Promise<string> {
    return oneByOne(async () => {
      const stored = await records.get(NEXT_KEY);
      const next = stored === undefined ? 1 : Number(new TextDecoder().decode(stored));
      await records.batch([{ put: NEXT_KEY, value: textBytes(String(next + 1)) }], { durable: true });
      return `t${next}`;
    });
  }

  function change(row: Row, view: Partial<TaskView>): void {
    row.view = { ...row.view, ...view };
    for (const listener of [...row.listeners]) listener(row.view);
  }

  function forgetOldest(): void {
    const ended = [...rows.values()].filter((row) => row.view.endedAt !== null);
    for (const row of ended.slice(0, Math.max(0, ended.length - ENDED_KEPT_MAX))) rows.delete(row.view.task);
  }

  function end(row: Row, view: Partial<TaskView>): void {
    if (row.view.state !== 'running') return;
    change(row, { ...view, endedAt: clock.now() });
    forgetOldest();
  }

  function find(task: string): Row {
    const row = rows.get(task);
    if (row === undefined) throw new BitDustError('TASK_NOT_FOUND');
    return row;
  }

  function handleOf(row: Row): TaskHandle {
    return {
      task: row.view.task,
      view: () => row.view,
      update: (view) => change(row, view),
      finish: (result) => end(row, { state: 'done', phase: 'done', result, error: null }),
      fail: (error) => end(row, { state: 'failed', phase: 'failed', error: failureOf(error) }),
      cancelled: () => end(row, { state: 'cancelled', phase: 'cancelled' }),
    };
  }

  return {
    list: () => [...rows.values()].map((row) => row.view),
    get: (task) => rows.get(task)?.view,
    watch(task, listener) {
      const { listeners } = find(task);
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async cancel(task) {
      const row = find(task);
      if (row.view.state === 'running') await row.control.cancel();
      return row.view;
    },
    async resume(task) {
      const row = find(task);
      if (row.view.state === 'running') await row.control.resume?.();
      return row.view;
    },
    async open({ kind, title, phase, control, task, startedAt }) {
      const name = task ?? (await drawName());
      const view: TaskView = {
        task: name,
        kind,
        title,
        state: 'running',
        phase,
        progress: NOTHING_DONE,
        startedAt: startedAt ?? clock.now(),
        endedAt: null,
        result: null,
        error: null,
      };
      const row: Row = { view, control, listeners: new Set() };
      rows.set(name, row);
      return handleOf(row);
    },
  };
}
