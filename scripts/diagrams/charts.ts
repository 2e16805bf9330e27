import { MACHINES } from '../../machines/index.ts';
import { chartModel, mermaidOf, svgOf } from '../../node/charts/index.ts';
import { factRows } from '../docs/fact-wiring.ts';
import type { Generated } from '../generated.ts';
import { busMermaid, busSvg } from './bus.ts';

/** Every file of `diagrams/`. */
export function diagramFiles(): Generated {
  const files = new Map<string, string>();
  for (const { machine, chapter } of MACHINES) {
    const chart = chartModel(machine);
    files.set(`diagrams/${chapter}/${machine.id}.svg`, svgOf(chart));
    files.set(`diagrams/${chapter}/${machine.id}.mmd`, mermaidOf(chart));
  }
  const rows = factRows();
  files.set('diagrams/bus.svg', busSvg(rows));
  files.set('diagrams/bus.mmd', busMermaid(rows));
  return files;
}
