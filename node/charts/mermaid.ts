import { transitionLabel } from './labels.ts';
import type { Chart, ChartState } from './model.ts';

const ANY = 'any_state';

/** The chart as a Mermaid state diagram, states in the order of the source so that a change is a small difference. */
export function mermaidOf(chart: Chart): string {
  const lines = [
    '---',
    `title: ${chart.machine}`,
    '---',
    'stateDiagram-v2',
    ...statesIn(chart, '', 1),
    ...moves(chart),
    ...chart.states
      .filter((state) => state.final && state.parent === '')
      .map((state) => `  ${idOf(state.path)} --> [*]`),
  ];
  return `${lines.join('\n')}\n`;
}

function statesIn(chart: Chart, parent: string, depth: number): string[] {
  const indent = '  '.repeat(depth);
  const children = chart.states.filter((state) => state.parent === parent);
  const isParallel = chart.states.find((state) => state.path === parent)?.kind === 'parallel';
  return children.flatMap((state, index) => [
    ...(isParallel && index > 0 ? [`${indent}--`] : []),
    ...stateLines(chart, state, depth),
    ...(state.initial && !isParallel ? [`${indent}[*] --> ${idOf(state.path)}`] : []),
  ]);
}

function stateLines(chart: Chart, state: ChartState, depth: number): string[] {
  const indent = '  '.repeat(depth);
  const id = idOf(state.path);
  const invokes = state.invokes.map((name) => `${indent}${id} : runs ${name}`);
  const title = `${indent}state "${state.name}" as ${id}`;
  if (state.kind !== 'compound' && state.kind !== 'parallel') return [title, ...invokes];
  return [`${title} {`, ...statesIn(chart, state.path, depth + 1), `${indent}}`, ...invokes];
}

function moves(chart: Chart): string[] {
  const rows = chart.transitions.filter((transition) => transition.moves);
  const fromAny = rows.some((row) => row.from === '') ? [`  state "any state" as ${ANY}`] : [];
  const lines = rows.map((row) => {
    const from = row.from === '' ? ANY : idOf(row.from);
    return `  ${from} --> ${idOf(row.to)} : ${transitionLabel(row).replaceAll(':', ' ')}`;
  });
  return [...fromAny, ...new Set(lines)];
}

function idOf(path: string): string {
  return path.replaceAll('.', '__').replaceAll('-', '_');
}
