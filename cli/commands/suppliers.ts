import type { Command } from 'commander';
import type { AnswerOf } from '../../node/api/index.ts';
import type { SeatChange } from '../../node/api/suppliers.ts';
import type { DeviceId } from '../../protocol/ids.ts';
import { action, ask, examples } from '../action.ts';
import { type Context, usageError } from '../context.ts';
import { formatAge, formatBytes, shortId } from '../print/format.ts';
import { formatTable } from '../print/table.ts';
import { resultOf } from '../tasks.ts';

interface WaitOption {
  readonly wait?: boolean;
}

/** `suppliers`: the seats of this node, and their changes. */
export function addSuppliers(program: Command): void {
  const suppliers = program
    .command('suppliers')
    .description('the suppliers of this node, one row per seat')
    .addHelpText(
      'after',
      examples('bitdust suppliers', 'bitdust suppliers set 4/8', 'bitdust suppliers replace 3 --wait'),
    )
    .action(
      action(async (context) => {
        const answer = await ask(context, 'suppliers.list', {});
        context.print(answer, () => listText(answer));
      }),
    );
  suppliers
    .command('set <geometry>')
    .description("'auto', or K/N: any K of N pieces give a block back")
    .action(
      action(async (context, _options, geometry: string) => {
        const answer = await ask(context, 'suppliers.set', geometryOf(geometry));
        const show = ({ k, n }: { readonly k: number | null; readonly n: number }) => `${k ?? 'auto'}/${n}`;
        context.print(answer, () => `${show(answer.from)} → ${show(answer)}`);
      }),
    );
  suppliers
    .command('replace <seat>')
    .description('hire another supplier for a seat')
    .option('--wait', 'until its pieces are there')
    .action(
      action(async (context, options: WaitOption, seat: string) => {
        await finishChange(context, options, await ask(context, 'suppliers.replace', { seat: seatOf(seat) }));
      }),
    );
  suppliers
    .command('switch <seat> <device>')
    .description('hire a named device for a seat')
    .option('--wait', 'until its pieces are there')
    .action(
      action(async (context, options: WaitOption, seat: string, device: string) => {
        const input = { seat: seatOf(seat), device: device as DeviceId };
        await finishChange(context, options, await ask(context, 'suppliers.switch', input));
      }),
    );
  suppliers
    .command('ping')
    .description('ask every supplier for an answer now')
    .action(
      action(async (context) => {
        const answer = await ask(context, 'suppliers.ping', {});
        context.print(answer, () => pingText(answer));
      }),
    );
}

async function finishChange(context: Context, { wait = false }: WaitOption, begun: SeatChange): Promise<void> {
  const done = wait && begun.state !== 'done' ? await resultOf<SeatChange>(context, begun.task) : begun;
  context.print(done, () => `seat ${done.seat}: ${shortId(done.from)} → ${shortId(done.to)}, ${done.state}`);
}

function seatOf(text: string): number {
  if (!/^[0-9]{1,3}$/.test(text)) throw usageError(`'${text}' is not the number of a seat.`);
  return Number(text);
}

function geometryOf(text: string): { readonly auto: true } | { readonly k: number; readonly n: number } {
  if (text === 'auto') return { auto: true };
  const match = /^([0-9]{1,2})\/([0-9]{1,2})$/.exec(text);
  if (!match) throw usageError(`'${text}' is neither 'auto' nor K/N.`);
  return { k: Number(match[1]), n: Number(match[2]) };
}

function listText({ k, n, connected, suppliers }: AnswerOf<'suppliers.list'>): string {
  const now = Date.now();
  const table = formatTable(
    [
      { head: 'SEAT', right: true },
      { head: 'SUPPLIER' },
      { head: 'STATE' },
      { head: 'SEEN', right: true },
      { head: 'CONTRACT', right: true },
      { head: 'USED', right: true },
      { head: 'HELD', right: true },
      { head: 'LOST', right: true },
      { head: 'RTT', right: true },
      { head: 'REASON' },
    ],
    suppliers.map((row) => [
      String(row.seat),
      row.nickname ?? shortId(row.device),
      row.state,
      formatAge(row.seenAt, now),
      row.contract === null ? '-' : formatBytes(row.contract.bytes),
      row.contract === null ? '-' : formatBytes(row.contract.usedBytes),
      `${row.pieces.held}/${row.pieces.wanted}`,
      String(row.pieces.lost),
      row.rttMs === null ? '-' : `${row.rttMs.toFixed(1)} ms`,
      row.reason ?? '',
    ]),
  );
  return `${table}\n${connected} of ${n} connected${k === null ? '' : `, any ${k} give everything back`}`;
}

function pingText({ suppliers }: AnswerOf<'suppliers.ping'>): string {
  return formatTable(
    [
      { head: 'SEAT', right: true },
      { head: 'DEVICE' },
      { head: 'RTT', right: true },
      { head: 'PATH' },
      { head: 'REASON' },
    ],
    suppliers.map((row) => [
      String(row.seat),
      shortId(row.device),
      row.rttMs === null ? '-' : `${row.rttMs.toFixed(1)} ms`,
      row.path ?? '-',
      row.reason ?? '',
    ]),
  );
}
