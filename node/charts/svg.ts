import { type Box, type BoxRow, CHAR_WIDTH, HEAD_HEIGHT, layOut, type Wire } from './layout.ts';
import type { Chart } from './model.ts';

const COLOURS = [
  '#0b6bcb',
  '#b3541e',
  '#2e7d32',
  '#8e24aa',
  '#c2185b',
  '#00838f',
  '#6d4c41',
  '#5c6bc0',
  '#827717',
  '#455a64',
];
const STYLE = `
text { font: 11.5px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; fill: #1c2733; }
.title { font-size: 16px; font-weight: bold; } .note { fill: #5b6b7b; } .name { font-weight: bold; }
.box { fill: #ffffff; stroke: #8796a5; } .outer { fill: #f4f7fa; } .region { stroke-dasharray: 5 3; } .final { stroke-width: 3; }
.any { fill: #fffbe9; } .head { fill: #e3ebf3; } .initial .head { fill: #cfe3f7; }
.wire { fill: none; stroke-width: 1.3; } .invoke { fill: #00695c; } .stay, .detail { fill: #6b7a89; }
.active > .box { stroke: #d32f2f; stroke-width: 3; }`;

/** The chart as a picture; each state carries `data-path` and each transition its ends, so that a page can light them. */
export function svgOf(chart: Chart): string {
  const layout = layOut(chart);
  const width = Math.max(layout.width, chart.description.length * CHAR_WIDTH + 40);
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${Math.ceil(width)} ${Math.ceil(layout.height)}" width="${Math.ceil(width)}" height="${Math.ceil(layout.height)}" role="img">`,
    `<title>${escaped(chart.machine)}</title>`,
    `<desc>${escaped(chart.description)}</desc>`,
    `<style>${STYLE}</style>`,
    `<defs>${COLOURS.map(arrowHead).join('')}</defs>`,
    '<rect width="100%" height="100%" fill="#ffffff"/>',
    `<text class="title" x="20" y="28">${escaped(chart.machine)}</text>`,
    `<text class="note" x="20" y="46">${escaped(chart.description)}</text>`,
    ...layout.boxes.map(boxOf),
    ...layout.wires.map(wireOf),
    '</svg>',
  ];
  return `${parts.join('\n')}\n`;
}

function boxOf(box: Box): string {
  const { x, y, width, height, state } = box;
  const groups = state === null ? 'any' : state.kind === 'compound' || state.kind === 'parallel' ? 'outer' : '';
  const classes = ['box', groups, box.isRegion ? 'region' : '', state?.final ? 'final' : ''].filter(Boolean).join(' ');
  const marks = `${state?.initial && !box.isRegion ? '▶ ' : ''}${box.isRegion ? '∥ ' : ''}`;
  const end = state?.final ? ' ■' : state?.kind === 'parallel' ? ' (parallel)' : '';
  return [
    `<g class="state${state?.initial ? ' initial' : ''}" data-path="${escaped(box.path)}">`,
    `<rect class="${classes}" x="${x}" y="${y}" width="${width}" height="${height}" rx="6"/>`,
    `<rect class="head" x="${x + 1}" y="${y + 1}" width="${width - 2}" height="${HEAD_HEIGHT - 2}" rx="5"/>`,
    `<text class="name" x="${x + 10}" y="${y + 16}">${marks}${escaped(box.title)}${end}</text>`,
    ...box.rows.map((row) => rowOf(row, x + 16)),
    '</g>',
  ].join('\n');
}

function rowOf(row: BoxRow, x: number): string {
  const detail = row.detail === '' ? '' : `<tspan class="detail">${escaped(row.detail)}</tspan>`;
  return `<text class="${row.kind}" x="${x}" y="${row.y + 4}">${escaped(row.text)}${detail}</text>`;
}

function wireOf(wire: Wire): string {
  const { fromX, fromY, laneX, toX, toY, transition } = wire;
  const colour = wire.colour % COLOURS.length;
  const ends = `data-from="${escaped(transition.from)}" data-to="${escaped(transition.to)}" data-event="${escaped(transition.event)}"`;
  const bend = Math.sign(toY - fromY) * Math.min(6, Math.abs(toY - fromY) / 2);
  const path = `M${fromX} ${fromY}H${laneX - 6}q6 0 6 ${bend}V${toY - bend}q0 ${bend} -6 ${bend}H${toX + 4}`;
  return `<path class="wire" ${ends} d="${path}" stroke="${COLOURS[colour]}" marker-end="url(#arrow${colour})"/>`;
}

function arrowHead(colour: string, index: number): string {
  return `<marker id="arrow${index}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8z" fill="${colour}"/></marker>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
