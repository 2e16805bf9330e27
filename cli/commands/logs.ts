import { type Command, Option } from 'commander';
import type { LogLevel } from '../../ports/world.ts';
import { action, examples } from '../action.ts';
import { usageError } from '../context.ts';
import { formatTime } from '../print/format.ts';
import { oneLine } from '../print/table.ts';

interface LogOptions {
  readonly follow?: boolean;
  readonly lines: string;
  readonly level: LogLevel;
}

const COLOURS = { debug: 'dim', info: 'reset', warn: 'yellow', error: 'red' } as const;

/** `logs`: the log file of the home, whether the node runs or not. */
export function addLogs(program: Command): void {
  program
    .command('logs')
    .description('the log; also with the node stopped')
    .option('-f, --follow', 'go on with the lines to come')
    .option('--lines <count>', 'how many of the past', '100')
    .addOption(new Option('--level <level>', 'the least').choices(['debug', 'info', 'warn', 'error']).default('info'))
    .addHelpText('after', examples('bitdust logs -f', 'bitdust logs --level warn --json | jq .message'))
    .action(
      action(async (context, { follow = false, lines, level }: LogOptions) => {
        if (!/^[0-9]{1,6}$/.test(lines)) throw usageError(`'${lines}' is not a count.`);
        const { homePaths } = await import('../../node/home.ts');
        const { readLog } = await import('../../node/log-reader.ts');
        const { signal } = context;
        const path = homePaths(context.home).logFile;
        for await (const row of readLog({ path, lines: Number(lines), level, follow, signal })) {
          context.line(row, () => {
            const text = `${formatTime(row.at)}  ${row.level.padEnd(5)}  ${row.chapter}  ${oneLine(row.message)}`;
            return context.style(COLOURS[row.level], row.code === null ? text : `${text} (${row.code})`);
          });
        }
        signal.throwIfAborted();
      }),
    );
}
