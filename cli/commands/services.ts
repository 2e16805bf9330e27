import type { Command } from 'commander';
import type { ServiceRow } from '../../node/api/services.ts';
import { action, ask, examples } from '../action.ts';
import { formatAge } from '../print/format.ts';
import { formatTable } from '../print/table.ts';

const CHANGES = {
  start: 'switch a service on',
  stop: 'switch a service off',
  restart: 'stop a service and start it again',
} as const;

/** `services` and what can be done with them. */
export function addServices(program: Command): void {
  const services = program
    .command('services')
    .description('services with state, dependencies and the reason when down')
    .addHelpText('after', examples('bitdust services', 'bitdust services stop supplier'))
    .action(
      action(async (context) => {
        const answer = await ask(context, 'services.list', {});
        context.print(answer, () => tableOf(answer.services));
      }),
    );
  for (const change of ['start', 'stop', 'restart'] as const) {
    services
      .command(`${change} <service>`)
      .description(CHANGES[change])
      .action(
        action(async (context, _options, service: string) => {
          const row = await ask(context, `services.${change}`, { service });
          context.print(row, () => tableOf([row]));
        }),
      );
  }
  services
    .command('health <service>')
    .description('what a service says about its own health')
    .action(
      action(async (context, _options, service: string) => {
        const row = await ask(context, 'services.health', { service });
        context.print(row, () => {
          const checks = row.checks.map(({ name, ok, message }) => [ok ? 'ok' : 'bad', name, message]);
          return `${tableOf([row])}\n\n${formatTable([{ head: 'CHECK' }, { head: 'NAME' }, { head: 'MESSAGE' }], checks)}`;
        });
      }),
    );
}

function tableOf(rows: readonly ServiceRow[]): string {
  const now = Date.now();
  return formatTable(
    [
      { head: 'SERVICE' },
      { head: 'STATE' },
      { head: 'SINCE', right: true },
      { head: 'AUTOMATS', right: true },
      { head: 'RESTARTS', right: true },
      { head: 'NEEDS' },
      { head: 'REASON' },
    ],
    rows.map((row) => [
      row.name,
      row.state,
      formatAge(row.since, now),
      String(row.automats),
      String(row.restarts),
      row.needs.join(' ') || '-',
      row.reason ?? '',
    ]),
  );
}
