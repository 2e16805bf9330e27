import type { Command } from 'commander';
import type { StatusAnswer } from '../../node/api/status.ts';
import { isBitDustError } from '../../protocol/errors.ts';
import { action, ask, examples } from '../action.ts';
import type { Context } from '../context.ts';
import { failAfterAnswer } from '../failure.ts';
import { formatBytes, formatDuration, plural } from '../print/format.ts';
import { formatPairs } from '../print/table.ts';

/** `status`: what a person wants to see first. */
export function addStatus(program: Command): void {
  program
    .command('status')
    .description('identity, services, peers, storage safety, API address')
    .addHelpText('after', examples('bitdust status', 'bitdust status --json | jq .storage.safety'))
    .action(
      action(async (context) => {
        const status = await ask(context, 'status', {}).catch((error: unknown) => stopped(context, error));
        context.print(status, () => statusText(context, status));
      }),
    );
}

/** The answer of a node that does not run, and exit 3. */
async function stopped(context: Context, error: unknown): Promise<never> {
  if (!isBitDustError(error, 'NODE_NOT_RUNNING')) throw error;
  const { describeFailure } = await import('../../node/api/failures.ts');
  const answer = { state: 'stopped', home: context.home, error: describeFailure(error) };
  context.print(answer, () => `stopped  ${context.home}`);
  return failAfterAnswer(error.code);
}

/** The status for people. */
export function statusText(context: Context, status: StatusAnswer): string {
  const { suppliers, customers, storage, network, directory, services } = status;
  const good = storage.safety === 'safe' || storage.safety === 'empty';
  const pairs: [string, string][] = [
    [
      'state',
      `${colour(context, status.state === 'running', status.state)} for ${formatDuration(status.uptimeMs)}, pid ${status.pid}`,
    ],
    ['person', `${status.person}${status.nickname === null ? '' : ` (${status.nickname})`}`],
    ['device', status.device],
    ['home', status.home],
    ['network', `${colour(context, network.state === 'connected', network.state)}, ${plural(network.links, 'link')}`],
    [
      'directory',
      `${colour(context, directory.state !== 'joining', directory.state)}, ${plural(directory.neighbours, 'neighbour')}`,
    ],
    ['services', `${services.on} on, ${services.waiting} waiting, ${services.off} off, ${services.failed} failed`],
    [
      'suppliers',
      `${suppliers.connected} of ${suppliers.n} connected${suppliers.k === null ? '' : `, any ${suppliers.k} give everything back`}`,
    ],
    [
      'customers',
      `${customers.count}, ${formatBytes(customers.usedBytes)} of ${formatBytes(customers.donatedBytes)} donated`,
    ],
    [
      'storage',
      `${colour(context, good, storage.safety)}, ${plural(storage.blocks, 'block')}, ${storage.inDanger} in danger`,
    ],
    ['bootstrap', status.bootstrap.join(', ') || '-'],
    ['API', status.api.url ?? '-'],
  ];
  const warnings = status.warnings.map(
    ({ code, message, hint }) =>
      `\n${context.style('yellow', `warning ${code}:`)} ${message}${hint === null ? '' : `\n${hint}`}`,
  );
  return formatPairs(pairs) + warnings.join('');
}

function colour(context: Context, good: boolean, text: string): string {
  return context.style(good ? 'green' : 'yellow', text);
}
