import type { TaskView } from '../../ports/tasks.ts';
import { BitDustError } from '../../protocol/errors.ts';
import type { NodeOperations } from '../api/index.ts';
import type { TaskRow } from '../api/tasks.ts';
import type { Core } from '../assembly/core.ts';
import { iso, isoOrNull } from './status.ts';

/** A task as the faces show it; times inside a result become text. */
export function taskRow(view: TaskView): TaskRow {
  return {
    ...view,
    progress: { ...view.progress },
    startedAt: iso(view.startedAt),
    endedAt: isoOrNull(view.endedAt),
    result: view.result === null ? null : withTimes(view.result),
    error: view.error === null ? null : { ...view.error, details: { ...view.error.details } },
  };
}

/** Fields that end in `At` hold a time. */
function withTimes(result: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(result).map(([key, value]) => [
      key,
      key.endsWith('At') && typeof value === 'number' ? iso(value) : value,
    ]),
  );
}

/** Long work can be watched and cancelled. */
export function tasksOperations({ tasks, bus }: Pick<Core, 'tasks' | 'bus'>): NodeOperations['tasks'] {
  const known = (task: string): TaskView => {
    const view = tasks.get(task);
    if (!view) throw new BitDustError('TASK_NOT_FOUND');
    return view;
  };
  const isOver = (view: TaskView, until: 'ended' | 'safe'): boolean => {
    if (view.endedAt === null) return false;
    return until === 'ended' || view.kind !== 'backup' || view.state !== 'done' || view.result?.['state'] === 'safe';
  };
  return {
    list: async () => ({ tasks: tasks.list().map(taskRow) }),
    show: async ({ task }) => taskRow(known(task)),
    cancel: async ({ task }) => taskRow(await tasks.cancel(task)),
    watch: async ({ task, until }, { signal }) => {
      known(task);
      return (async function* () {
        let wake = Promise.withResolvers<void>();
        const leave = tasks.watch(task, () => wake.resolve());
        const end = bus.subscribe(['health.measured', 'version.became-safe'], () => wake.resolve());
        const abort = (): void => wake.resolve();
        signal.addEventListener('abort', abort);
        try {
          for (let view = known(task); ; view = known(task)) {
            yield taskRow(view);
            if (isOver(view, until) || signal.aborted) return;
            await wake.promise;
            wake = Promise.withResolvers<void>();
          }
        } finally {
          leave();
          end();
          signal.removeEventListener('abort', abort);
        }
      })();
    },
  };
}
