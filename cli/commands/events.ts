import type { Command } from 'commander';
import type { EventLine } from '../../node/api/events.ts';
import { action, examples } from '../action.ts';
import { formatTime } from '../print/format.ts';
import { oneLine } from '../print/table.ts';

/** `events`: facts of the bus. */
export function addEvents(program: Command): void {
  program
    .command('events [pattern]')
    .description('facts from the bus')
    .option('-f, --follow', 'go on with those to come')
    .addHelpText('after', examples('bitdust events -f', "bitdust events -f 'supplier.*' --json"))
    .action(
      action(async (context, { follow = false }: { readonly follow?: boolean }, pattern?: string) => {
        const client = await context.client();
        const input = { follow, ...(pattern === undefined ? {} : { pattern }) };
        for await (const event of await client.call('events', input, { signal: context.signal })) {
          context.line(event, () => eventText(event));
        }
        context.signal.throwIfAborted();
      }),
    );
}

/** A fact on one line, for people. */
export function eventText({ seq: _seq, at, type, ...fields }: EventLine): string {
  const rest = Object.entries(fields).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return oneLine(`${formatTime(at)}  ${type}  ${rest.join(' ')}`.trimEnd());
}
