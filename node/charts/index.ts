import { machineRow } from '../../machines/index.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { mermaidOf } from './mermaid.ts';
import { type Chart, chartModel } from './model.ts';
import { svgOf } from './svg.ts';

export { mermaidOf } from './mermaid.ts';
export { type Chart, chartModel } from './model.ts';
export { svgOf } from './svg.ts';

/** The chart of a machine of the registry as data; `MACHINE_UNKNOWN` when there is none of that name. */
export function chartOf(machine: string): Chart {
  const row = machineRow(machine);
  if (!row) throw new BitDustError('MACHINE_UNKNOWN');
  return chartModel(row.machine);
}

/** The chart of a machine as text in one of the drawn formats. */
export function drawnChart(machine: string, format: 'svg' | 'mermaid'): string {
  const chart = chartOf(machine);
  return format === 'svg' ? svgOf(chart) : mermaidOf(chart);
}
