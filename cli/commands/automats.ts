import { type Command, Option } from 'commander';
import type { AnswerOf } from '../../node/api/index.ts';
import { action, ask, askOr, examples } from '../action.ts';
import { isBuilt, loadPart } from '../parts.ts';
import { formatAge, formatTime } from '../print/format.ts';
import { formatPairs, formatTable } from '../print/table.ts';

type Chart = AnswerOf<'automats.chart'>;
type Format = 'svg' | 'mermaid' | 'json';

/** What the charts give, whether a node runs or not. */
interface Charts {
  chartOf(machine: string): Chart;
  drawnChart(machine: string, format: 'svg' | 'mermaid'): string;
}

/** `automats`: what runs, and how it moves. */
export function addAutomats(program: Command): void {
  const automats = program
    .command('automats [pattern]')
    .description('running machines; the pattern matches ids, machines and chapters')
    .addHelpText(
      'after',
      examples(
        'bitdust automats suppliers',
        'bitdust automats show supplier-finder:3',
        "bitdust automats watch 'block-*'",
        'bitdust automats chart supplier-finder --format mermaid',
      ),
    )
    .action(
      action(async (context, _options, pattern?: string) => {
        const answer = await ask(context, 'automats.list', pattern === undefined ? {} : { pattern });
        context.print(answer, () => listText(answer));
      }),
    );
  automats
    .command('show <automat>')
    .description("one machine's state and last transitions")
    .action(
      action(async (context, _options, id: string) => {
        const answer = await ask(context, 'automats.show', { id });
        context.print(answer, () => showText(answer));
      }),
    );
  automats
    .command('watch [pattern]')
    .description('transitions as they happen')
    .action(
      action(async (context, _options, pattern?: string) => {
        const client = await context.client();
        const input = pattern === undefined ? {} : { pattern };
        for await (const line of await client.call('automats.watch', input, { signal: context.signal })) {
          context.line(line, () => {
            const from = line.from === null ? '' : `${line.from} → `;
            return `${formatTime(line.at)}  ${line.automat}  ${from}${line.to}  (${line.event})`;
          });
        }
        context.signal.throwIfAborted();
      }),
    );
  addChart(automats);
}

function addChart(automats: Command): void {
  if (!isBuilt('charts')) return;
  automats
    .command('chart <machine>')
    .description('a diagram of the machine')
    .addOption(
      new Option('--format <format>', 'how it is drawn').choices(['svg', 'mermaid', 'json']).default('mermaid'),
    )
    .action(
      action(async (context, { format }: { readonly format: Format }, machine: string) => {
        const answer = await askOr(context, 'automats.chart', { machine, format }, async () => {
          const { chartOf, drawnChart } = await loadPart<Charts>('charts');
          return format === 'json' ? chartOf(machine) : { machine, format, text: drawnChart(machine, format) };
        });
        context.print(answer, () => ('text' in answer ? answer.text : JSON.stringify(answer, null, 2)));
      }),
    );
}

function listText({ automats, total }: AnswerOf<'automats.list'>): string {
  const now = Date.now();
  const table = formatTable(
    [
      { head: 'AUTOMAT' },
      { head: 'STATE' },
      { head: 'SINCE', right: true },
      { head: 'MOVES', right: true },
      { head: 'LAST EVENT' },
    ],
    automats.map((row) => [
      row.id,
      row.state,
      formatAge(row.since, now),
      String(row.transitions),
      row.lastEvent ?? '-',
    ]),
  );
  return automats.length === total ? table : `${table}\n${automats.length} of ${total}`;
}

function showText(row: AnswerOf<'automats.show'>): string {
  const pairs = formatPairs([
    ['automat', row.id],
    ['machine', `${row.machine} (${row.chapter})`],
    ['service', row.service ?? '-'],
    ['state', `${row.state}, ${row.status}`],
    ['since', formatTime(row.since)],
    ['opened', formatTime(row.openedAt)],
    ['subject', JSON.stringify(row.subject)],
    ['context', JSON.stringify(row.context)],
    ['next', row.next.join(' ') || '-'],
    ['children', row.children.join(' ') || '-'],
  ]);
  const recent = row.recent.map(({ at, event, from, to }) => [formatTime(at), from ?? '-', to, event]);
  return `${pairs}\n\n${formatTable([{ head: 'AT' }, { head: 'FROM' }, { head: 'TO' }, { head: 'EVENT' }], recent)}`;
}
