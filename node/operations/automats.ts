import { BitDustError } from '../../protocol/errors.ts';
import type { AutomatRow } from '../api/automats.ts';
import type { NodeOperations } from '../api/index.ts';
import { chartOf, drawnChart } from '../charts/index.ts';
import type { EventStream } from '../event-stream.ts';
import type { AutomatView, Inspector, TransitionRecord } from '../inspector.ts';
import { iso } from './status.ts';

/** True when a pattern with `*` matches one of the texts; no pattern matches all. */
export function matcher(pattern: string | undefined): (...texts: readonly string[]) => boolean {
  if (pattern === undefined || pattern === '*') return () => true;
  const parts = pattern.split(',').map((part) =>
    part
      .trim()
      .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*'),
  );
  const expression = new RegExp(`^(${parts.join('|')})$`);
  const begins = new RegExp(`^(${parts.join('|')})(:|$)`);
  return (...texts) => texts.some((text) => expression.test(text) || begins.test(text));
}

function row(view: AutomatView): AutomatRow {
  return {
    id: view.id,
    machine: view.machine,
    chapter: view.chapter,
    service: view.service,
    state: view.state,
    subject: { ...view.subject },
    since: iso(view.since),
    openedAt: iso(view.openedAt),
    lastEvent: view.lastEvent,
    transitions: view.transitions,
    status: view.status,
  };
}

function line({ seq, at, automat, machine, event, from, to }: TransitionRecord) {
  return { seq, at: iso(at), automat, machine, event, from, to };
}

/** What runs, and how it moves. */
export function automatsOperations(needs: {
  readonly inspector: Inspector;
  readonly events: EventStream;
}): NodeOperations['automats'] {
  const { inspector, events } = needs;
  return {
    list: async ({ pattern, limit }) => {
      const isWanted = matcher(pattern);
      const automats = inspector.automats().filter((view) => isWanted(view.id, view.machine, view.chapter));
      return { automats: automats.slice(0, limit).map(row), total: automats.length };
    },
    show: async ({ id }) => {
      const found = inspector.automat(id);
      if (!found) throw new BitDustError('AUTOMAT_NOT_FOUND');
      const recent = found.recent.map(({ at, event, from, to }) => ({ at: iso(at), event, from, to }));
      return {
        ...row(found),
        context: { ...found.context },
        next: [...found.next],
        children: [...found.children],
        recent,
      };
    },
    watch: async ({ pattern, after }, { signal }) => {
      const isWanted = matcher(pattern);
      const release = inspector.watch();
      return (async function* () {
        try {
          for await (const entry of events.follow({ after, kind: 'transition', signal })) {
            if (entry.kind === 'transition' && isWanted(entry.transition.automat, entry.transition.machine))
              yield line(entry.transition);
          }
        } finally {
          release();
        }
      })();
    },
    chart: async ({ machine, format }) => {
      if (format !== 'json') return { machine, format, text: drawnChart(machine, format) };
      return chartOf(machine) as never;
    },
  };
}
