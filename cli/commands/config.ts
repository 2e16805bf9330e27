import type { Command } from 'commander';
import type { ConfigRow } from '../../node/api/config.ts';
import { action, askOr, examples } from '../action.ts';
import { ExitWith } from '../failure.ts';
import { formatTable } from '../print/table.ts';

/** `config`: the configuration in effect; also with the node stopped. */
export function addConfig(program: Command): void {
  const config = program
    .command('config')
    .description('effective configuration, and where each value came from')
    .addHelpText(
      'after',
      examples(
        'bitdust config',
        'bitdust config set services.supplier.donate 200GiB',
        'bitdust config check bitdust.config.ts',
      ),
    )
    .action(
      action(async (context) => {
        const answer = await askOr(context, 'config.list', {}, async () => {
          const { loadConfig } = await import('../../node/config.ts');
          return { values: [...(await loadConfig({ home: context.home })).rows()] };
        });
        context.print(answer, () => tableOf(answer.values));
      }),
    );
  config
    .command('get <key>')
    .description('one key')
    .action(
      action(async (context, _options, key: string) => {
        const row = await askOr(context, 'config.get', { key }, async () => {
          const { configRow, loadConfig } = await import('../../node/config.ts');
          return configRow(await loadConfig({ home: context.home }), key);
        });
        context.print(row, () => `${textOf(row.value)}  (${row.origin})`);
      }),
    );
  config
    .command('set <key> <value>')
    .description('write a key into the settings of this home')
    .action(
      action(async (context, _options, key: string, value: string) => {
        const row = await askOr(context, 'config.set', { key, value }, async () => {
          const { setConfig } = await import('../../node/config.ts');
          return setConfig({ home: context.home }, key, value);
        });
        context.print(row, () => `${row.key}: ${textOf(row.from)} → ${textOf(row.value)}`);
        if (row.overridden !== null) context.note(`A later layer hides this change: ${row.overridden}.`);
        else if (row.restart) context.note('It counts from the next start: bitdust restart');
      }),
    );
  addCheck(config);
}

function addCheck(config: Command): void {
  config
    .command('check <file>')
    .description('what is wrong with a configuration file')
    .action(
      action(async (context, _options, file: string) => {
        const { checkConfigFile } = await import('../../node/config.ts');
        const answer = await checkConfigFile(file);
        context.print(answer, () =>
          answer.ok
            ? `${file} is right`
            : answer.problems
                .map(({ key, value, allowed, nearest, line }) => {
                  const meant = nearest === null ? '' : `; is '${nearest}' meant?`;
                  return `${file}:${line ?? '?'}  ${key} = ${textOf(value)}: ${allowed}${meant}`;
                })
                .join('\n'),
        );
        if (!answer.ok) throw new ExitWith(1);
      }),
    );
}

function tableOf(rows: readonly ConfigRow[]): string {
  return formatTable(
    [{ head: 'KEY' }, { head: 'VALUE' }, { head: 'ORIGIN' }],
    rows.map(({ key, value, origin }) => [key, textOf(value), origin]),
  );
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
