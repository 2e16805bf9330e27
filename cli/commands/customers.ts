import type { Command } from 'commander';
import type { DonationAnswer } from '../../node/api/customers.ts';
import type { AnswerOf } from '../../node/api/index.ts';
import { action, ask, askOr, examples } from '../action.ts';
import { usageError } from '../context.ts';
import { formatAge, formatBytes, shortId } from '../print/format.ts';
import { formatPairs, formatTable } from '../print/table.ts';

/** `customers` and `donate`: what this node gives to others. */
export function addCustomers(program: Command): void {
  const customers = program
    .command('customers')
    .description('the customers of this node')
    .action(
      action(async (context) => {
        const answer = await ask(context, 'customers.list', {});
        context.print(answer, () => listText(answer));
      }),
    );
  customers
    .command('reject <customer>')
    .description('give a customer notice')
    .action(
      action(async (context, _options, customer: string) => {
        const row = await ask(context, 'customers.reject', { customer });
        context.print(row, () => `${shortId(row.person)}: ${row.state} until ${row.contract.noticeUntil ?? '-'}`);
      }),
    );
  program
    .command('donate <size>')
    .description('how much space is given to others; also with the node stopped')
    .addHelpText('after', examples('bitdust donate 200GiB'))
    .action(
      action(async (context, _options, size: string) => {
        const { parseSize } = await import('../../node/config/units.ts');
        const bytes = parseSize(size);
        if (bytes === undefined) throw usageError(`'${size}' is not a size like 200GiB.`);
        const answer = await askOr(context, 'donate', { bytes }, () => donateOffline(context.home, bytes));
        context.print(answer, () => donationText(answer));
      }),
    );
}

/** Only the setting is known while the node is stopped; the rest is unknown. */
async function donateOffline(home: string, bytes: number): Promise<DonationAnswer> {
  const { loadConfig, setConfig } = await import('../../node/config.ts');
  const fromBytes = (await loadConfig({ home })).get('services.supplier.donate');
  await setConfig({ home }, 'services.supplier.donate', bytes);
  return { donatedBytes: bytes, promisedBytes: null, usedBytes: null, trashBytes: null, freeBytes: null, fromBytes };
}

function donationText({ donatedBytes, fromBytes }: DonationAnswer): string {
  const before = fromBytes === null ? '' : `, before ${formatBytes(fromBytes)}`;
  return `donated ${formatBytes(donatedBytes)}${before}`;
}

function listText(answer: AnswerOf<'customers.list'>): string {
  const now = Date.now();
  const space = formatPairs([
    ['donated', formatBytes(answer.donatedBytes)],
    ['promised', formatBytes(answer.promisedBytes)],
    ['used', formatBytes(answer.usedBytes)],
    ['trash', formatBytes(answer.trashBytes)],
    ['free', formatBytes(answer.freeBytes)],
  ]);
  const table = formatTable(
    [
      { head: 'CUSTOMER' },
      { head: 'STATE' },
      { head: 'CONTRACT', right: true },
      { head: 'USED', right: true },
      { head: 'PIECES', right: true },
      { head: 'SEEN', right: true },
    ],
    answer.customers.map((row) => [
      row.nickname ?? shortId(row.person),
      row.state,
      formatBytes(row.contract.bytes),
      formatBytes(row.contract.usedBytes),
      String(row.pieces),
      formatAge(row.seenAt, now),
    ]),
  );
  return `${space}\n\n${table}`;
}
