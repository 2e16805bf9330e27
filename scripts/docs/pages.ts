import { CHAPTERS, MACHINES } from '../../machines/index.ts';
import { chartModel } from '../../node/charts/index.ts';
import { ERRORS, type ErrorRow } from '../../protocol/errors.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { Generated } from '../generated.ts';
import { factRows } from './fact-wiring.ts';
import { packetsPage } from './packets.ts';
import { RULES } from './rules.ts';

const NOTE = 'This page is generated; change its source and run `npm run docs`.';

/** Every generated page of `docs/`. */
export function docsFiles(): Generated {
  return new Map([
    ['docs/errors.md', errorsPage()],
    ['docs/facts.md', factsPage()],
    ['docs/limits.md', limitsPage()],
    ['docs/machines.md', machinesPage()],
    ['docs/rules.md', rulesPage()],
    ['docs/protocol/packets.md', packetsPage()],
  ]);
}

function errorsPage(): string {
  const rows = Object.entries(ERRORS).map(([code, row]: [string, ErrorRow]) => [
    `\`${code}\``,
    row.sentence,
    row.hint === null ? '' : row.hint,
    String(row.exit),
  ]);
  return page({
    title: 'Errors',
    text: 'Every error has one code, the same on the command line, in the local API and between nodes. The source is `protocol/errors.ts`.',
    body: table(['Code', 'What happened', 'What to do', 'Exit'], rows),
  });
}

function factsPage(): string {
  const all = factRows();
  const chapters = CHAPTERS.map((chapter) => {
    const rows = all
      .filter((row) => row.chapter === chapter)
      .map((row) => [`\`${row.fact}\``, names(row.publishers), names(row.listeners)]);
    return rows.length === 0 ? '' : `## ${chapter}\n\n${table(['Fact', 'Said by', 'Heard by'], rows)}`;
  });
  return page({
    title: 'Facts',
    text: 'What can be announced on the bus. A fact that nothing hears is for the faces, the log and the inspector. Facts are declared in `bus/facts/`; the picture is [bus.svg](../diagrams/bus.svg).',
    body: chapters.filter(Boolean).join('\n'),
  });
}

function limitsPage(): string {
  const rows = Object.entries(LIMITS).map(([name, row]) => [`\`${name}\``, `${row.value} ${row.unit}`, row.why]);
  return page({
    title: 'Limits',
    text: 'Nothing in the node grows without a bound. The source is `protocol/limits.ts`; delays stand in the machines.',
    body: table(['Limit', 'Value', 'Why'], rows),
  });
}

function machinesPage(): string {
  const chapters = CHAPTERS.map((chapter) => {
    const rows = MACHINES.filter((row) => row.chapter === chapter).map(({ machine, mirrors, per }) => [
      `[${machine.id}](../diagrams/${chapter}/${machine.id}.svg)`,
      chartModel(machine).description,
      per,
      mirrors.join(', ') || 'new',
    ]);
    return rows.length === 0 ? '' : `## ${chapter}\n\n${table(['Machine', 'Purpose', 'One per', 'In BitDust'], rows)}`;
  });
  return page({
    title: 'Machines',
    text: 'Every decision of the node is made by one of these. The last column names the automat of the Python program that it takes the place of.',
    body: chapters.filter(Boolean).join('\n'),
  });
}

function rulesPage(): string {
  const rows = RULES.map(({ rule, machine, states }) => {
    const chapter = MACHINES.find((each) => each.machine.id === machine)?.chapter;
    return [
      rule,
      chapter === undefined ? machine : `[${machine}](../diagrams/${chapter}/${machine}.svg)`,
      states.map((state) => `\`${state}\``).join(' '),
    ];
  });
  return page({
    title: 'Rules of storage',
    text: 'Which machine holds up which promise, and in which of its states.',
    body: table(['Rule', 'Machine', 'States'], rows),
  });
}

function page(parts: { readonly title: string; readonly text: string; readonly body: string }): string {
  return `# ${parts.title}\n\n${parts.text}\n${NOTE}\n\n${parts.body}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return `${[line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n')}\n`;
}

function names(list: readonly string[]): string {
  return list.map((name) => `\`${name}\``).join(', ');
}
