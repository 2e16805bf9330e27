import { CHAPTERS } from '../../machines/index.ts';
import type { FactRow } from '../docs/fact-wiring.ts';

const ROW = 18;
const CHAR = 6.9;
const TOP = 70;
const CHAPTER_GAP = 30;
const STYLE = `
text { font: 11.5px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; fill: #1c2733; }
.title { font-size: 16px; font-weight: bold; } .note { fill: #5b6b7b; } .chapter { font-size: 13px; font-weight: bold; }
.said { text-anchor: end; } .fact { text-anchor: middle; } .lone { fill: #8a97a5; }
line { stroke: #9aa8b5; } .row { fill: #e3ebf3; stroke: #8796a5; }`;

/** The picture of the bus: at the left who says a fact, at the right who hears it. */
export function busSvg(rows: readonly FactRow[]): string {
  const said = Math.max(...rows.map((row) => row.publishers.join(', ').length)) * CHAR + 40;
  const fact = Math.max(...rows.map((row) => row.fact.length)) * CHAR + 24;
  const heard = Math.max(...rows.map((row) => row.listeners.join(', ').length)) * CHAR + 60;
  const parts: string[] = [];
  let y = TOP;
  for (const chapter of CHAPTERS) {
    const own = rows.filter((row) => row.chapter === chapter);
    if (own.length === 0) continue;
    parts.push(`<text class="chapter" x="20" y="${y}">${chapter}</text>`);
    y += 8;
    for (const row of own) {
      y += ROW;
      parts.push(factLine(row, { x: said, y, width: fact }));
    }
    y += CHAPTER_GAP;
  }
  const width = Math.ceil(said + fact + heard);
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y}" width="${width}" height="${y}" role="img">`,
    '<title>bus</title>',
    `<style>${STYLE}</style>`,
    '<defs><marker id="to" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="#9aa8b5"/></marker></defs>',
    '<rect width="100%" height="100%" fill="#ffffff"/>',
    '<text class="title" x="20" y="28">The bus</text>',
    '<text class="note" x="20" y="46">who says a fact → the fact → who hears it (a dash: only faces, log and inspector)</text>',
    ...parts,
    '</svg>',
  ].join('\n')}\n`;
}

function factLine(row: FactRow, at: { readonly x: number; readonly y: number; readonly width: number }): string {
  const { x, y, width } = at;
  const right = x + width;
  const middle = y - 4;
  return [
    `<text class="said${row.publishers.length ? '' : ' lone'}" x="${x - 26}" y="${y}">${row.publishers.join(', ') || '–'}</text>`,
    `<line x1="${x - 22}" y1="${middle}" x2="${x - 2}" y2="${middle}" marker-end="url(#to)"/>`,
    `<rect class="row" x="${x}" y="${y - 13}" width="${width}" height="${ROW - 2}" rx="4"/>`,
    `<text class="fact" x="${x + width / 2}" y="${y}">${row.fact}</text>`,
    `<line x1="${right}" y1="${middle}" x2="${right + 20}" y2="${middle}" marker-end="url(#to)"/>`,
    `<text class="heard${row.listeners.length ? '' : ' lone'}" x="${right + 26}" y="${y}">${row.listeners.join(', ') || '–'}</text>`,
  ].join('');
}

/** The bus as a Mermaid flowchart: one arrow from each machine to each that hears it, with the facts on it. */
export function busMermaid(rows: readonly FactRow[]): string {
  const pairs = new Map<string, string[]>();
  for (const row of rows) {
    for (const publisher of row.publishers) {
      for (const listener of row.listeners) {
        const pair = `${idOf(publisher)} -->|FACTS| ${idOf(listener)}`;
        pairs.set(pair, [...(pairs.get(pair) ?? []), row.fact]);
      }
    }
  }
  const names = [...new Set(rows.flatMap((row) => [...row.publishers, ...row.listeners]))].sort();
  return `${[
    'flowchart LR',
    ...names.map((name) => `  ${idOf(name)}["${name}"]`),
    ...[...pairs].sort().map(([pair, facts]) => `  ${pair.replace('FACTS', `"${facts.join('<br/>')}"`)}`),
  ].join('\n')}\n`;
}

function idOf(name: string): string {
  return name.replaceAll('-', '_');
}
