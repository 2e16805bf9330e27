import { eventLabel } from './labels.ts';
import type { Chart, ChartState, ChartTransition } from './model.ts';

/** One line of text in a box: a transition, a port that runs, or what is heard without moving. */
export interface BoxRow {
  readonly text: string;
  readonly detail: string;
  readonly kind: 'invoke' | 'move' | 'stay';
  readonly transition: ChartTransition | null;
  readonly y: number;
}

export interface Box {
  readonly path: string;
  readonly title: string;
  readonly state: ChartState | null;
  readonly isRegion: boolean;
  readonly depth: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly rows: readonly BoxRow[];
}

/** A wire from a row to the head of the state it leads to. */
export interface Wire {
  readonly transition: ChartTransition;
  readonly fromX: number;
  readonly fromY: number;
  readonly laneX: number;
  readonly toX: number;
  readonly toY: number;
  readonly colour: number;
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly Box[];
  readonly wires: readonly Wire[];
}

export const HEAD_HEIGHT = 24;
export const ROW_HEIGHT = 17;
export const CHAR_WIDTH = 6.9;
const PADDING = 10;
const INDENT = 22;
const GAP = 10;
const TOP = 62;
const LEFT = 20;
const LANE_GAP = 13;
const LANES_FROM = 26;
const STAY_CHARS_MAX = 84;

/** States stand below each other in the order of the source, each with its transitions written in its box; wires to their targets run in lanes at the right. */
export function layOut(chart: Chart): Layout {
  const inner = Math.max(...chart.states.map(depthOf), 0);
  const texts = [null, ...chart.states].flatMap((state) => rowsOf(chart, state?.path ?? '', state));
  const longest = Math.max(24, ...texts.map((row) => row.text.length + row.detail.length + 2));
  const width = Math.ceil(longest * CHAR_WIDTH + 2 * PADDING + 2 * inner * INDENT);
  const boxes: Box[] = [];
  let y = TOP;

  function place(state: ChartState | null, path: string): void {
    const depth = state ? depthOf(state) : 0;
    const start = y;
    const rows = rowsOf(chart, path, state);
    y += HEAD_HEIGHT;
    const placed = rows.map((row) => ({ ...row, y: (y += ROW_HEIGHT) - ROW_HEIGHT / 2 }));
    y += rows.length > 0 ? PADDING / 2 : 0;
    const at = boxes.length;
    const children = state ? chart.states.filter((child) => child.parent === path) : [];
    if (children.length > 0) y += GAP / 2;
    for (const child of children) place(child, child.path);
    boxes.splice(at, 0, {
      path,
      title: state?.name ?? 'in any state',
      state,
      isRegion: chart.states.find((each) => each.path === state?.parent)?.kind === 'parallel',
      depth,
      x: LEFT + depth * INDENT,
      y: start,
      width: width - 2 * depth * INDENT,
      height: y - start,
      rows: placed,
    });
    y += GAP;
  }

  if (rowsOf(chart, '', null).length > 0) place(null, '');
  for (const state of chart.states.filter((each) => each.parent === '')) place(state, state.path);
  const wires = wiresOf(boxes, LEFT + width);
  const right = Math.max(LEFT + width, ...wires.map((wire) => wire.laneX));
  return { width: right + LEFT, height: y + GAP, boxes, wires };
}

function depthOf(state: ChartState): number {
  return state.path.split('.').length - 1;
}

function rowsOf(chart: Chart, path: string, state: ChartState | null): Omit<BoxRow, 'y'>[] {
  const own = chart.transitions.filter((transition) => transition.from === path);
  const invokes = (state?.invokes ?? []).map((name) => ({
    text: `runs ${name}`,
    detail: '',
    kind: 'invoke' as const,
    transition: null,
  }));
  const moving = own.filter((transition) => transition.moves);
  const staying = own.filter((transition) => !transition.moves);
  return [...invokes, ...moving.map(moveRow), ...stayRows(staying)];
}

function moveRow(transition: ChartTransition): Omit<BoxRow, 'y'> {
  const guard = transition.guard === null ? '' : ` [${transition.guard}]`;
  const actions = transition.actions.filter(Boolean);
  const detail =
    actions.length === 0 ? '' : `\u00a0/ ${actions.slice(0, 2).join(', ')}${actions.length > 2 ? ', …' : ''}`;
  return { text: `${eventLabel(transition)}${guard}`, detail, kind: 'move', transition };
}

function stayRows(staying: readonly ChartTransition[]): Omit<BoxRow, 'y'>[] {
  const names = [...new Set(staying.map(eventLabel))];
  const lines: string[] = [];
  for (const name of names) {
    const last = lines.at(-1);
    if (last && last.length + name.length + 2 <= STAY_CHARS_MAX) lines[lines.length - 1] = `${last}, ${name}`;
    else lines.push(name);
  }
  return lines.map((line, index) => ({
    text: `${index === 0 ? 'stays on ' : '  '}${line}`,
    detail: '',
    kind: 'stay' as const,
    transition: null,
  }));
}

function wiresOf(boxes: readonly Box[], right: number): Wire[] {
  const byPath = new Map(boxes.map((box) => [box.path, box]));
  const targets = new Map<string, { from: Box; row: BoxRow; transition: ChartTransition }[]>();
  for (const box of boxes) {
    for (const row of box.rows) {
      if (!row.transition) continue;
      const list = targets.get(row.transition.to) ?? [];
      targets.set(row.transition.to, [...list, { from: box, row, transition: row.transition }]);
    }
  }
  const lanes: { readonly top: number; readonly bottom: number }[][] = [];
  const spans = [...targets].map(([path, sources]) => {
    const toY = byPath.get(path)!.y + HEAD_HEIGHT / 2;
    const ys = [toY, ...sources.map((source) => source.row.y)];
    return { path, sources, toY, top: Math.min(...ys), bottom: Math.max(...ys) };
  });
  spans.sort((one, other) => one.bottom - one.top - (other.bottom - other.top));
  return spans.flatMap(({ path, sources, toY, top, bottom }, colour) => {
    const free = lanes.findIndex((lane) => lane.every((span) => bottom < span.top || top > span.bottom));
    const lane = free === -1 ? lanes.push([]) - 1 : free;
    lanes[lane]!.push({ top, bottom });
    const target = byPath.get(path)!;
    return sources.map(({ from, row, transition }) => ({
      transition,
      fromX: from.x + from.width,
      fromY: row.y,
      laneX: right + LANES_FROM + lane * LANE_GAP,
      toX: target.x + target.width,
      toY,
      colour,
    }));
  });
}
