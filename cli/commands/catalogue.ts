import { once } from 'node:events';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { AnswerOf } from '../../node/api/index.ts';
import { action, ask, examples } from '../action.ts';
import { type Context, usageError } from '../context.ts';
import { formatBytes, formatTime, plural, shortId } from '../print/format.ts';
import { formatTable } from '../print/table.ts';

interface ListOptions {
  readonly all?: boolean;
  readonly at?: string;
}

/** `ls`, `versions`, `rm`, `undelete`, `why` and `cat`: what is stored, by name. */
export function addCatalogue(program: Command): void {
  addList(program);
  addRemoval(program);
  program
    .command('versions <path>')
    .description('every version that holds the path')
    .action(
      action(async (context, _options, path: string) => {
        const answer = await ask(context, 'versions', where(context, path));
        noteOther(context, path, answer.path);
        context.print(answer, () => versionsText(answer));
      }),
    );
  program
    .command('why <path>')
    .description('how safe the path is, block by block, and what happens next')
    .option('--at <version-or-time>', 'of an older version')
    .action(
      action(async (context, options: ListOptions, path: string) => {
        const answer = await ask(context, 'why', { ...where(context, path), ...atOf(options) });
        noteOther(context, path, answer.path);
        context.print(answer, () => whyText(context, answer));
      }),
    );
  program
    .command('cat <path>')
    .description('the bytes of a file, on standard output')
    .option('--at <version-or-time>', 'of an older version')
    .action(
      action(async (context, options: ListOptions, path: string) => {
        if (context.json) throw usageError('cat prints the bytes of the file; it takes no --json.');
        const client = await context.client();
        const input = { ...where(context, path), ...atOf(options) };
        const bytes = await client.call('cat', input, { signal: context.signal });
        for await (const chunk of bytes) if (!process.stdout.write(chunk)) await once(process.stdout, 'drain');
      }),
    );
}

function addList(program: Command): void {
  program
    .command('ls [path]')
    .description('what is stored in a folder; without a path, the top of all sets')
    .option('--all', 'the whole tree')
    .option('--at <version-or-time>', 'as it was in a version or at a time')
    .addHelpText(
      'after',
      examples('bitdust ls', 'bitdust ls ~/Documents --at 2026-11-01', 'bitdust ls photos --all --json'),
    )
    .action(
      action(async (context, options: ListOptions, path?: string) => {
        const input = path === undefined ? {} : where(context, path);
        const answer = await ask(context, 'ls', { ...input, ...atOf(options), all: options.all ?? false });
        if (path !== undefined && answer.path !== null) noteOther(context, path, answer.path);
        context.print(answer, () => listText(answer, options.all ?? false));
      }),
    );
}

function addRemoval(program: Command): void {
  program
    .command('rm <path>')
    .description('retire the versions of a path')
    .action(
      action(async (context, _options, path: string) => {
        const answer = await ask(context, 'rm', where(context, path));
        noteOther(context, path, answer.path);
        context.print(answer, () => {
          const back = `bitdust undelete brings it back until ${formatTime(answer.undeleteUntil)}`;
          return `${answer.path}: ${plural(answer.versions, 'version')} retired; ${back}`;
        });
      }),
    );
  program
    .command('undelete <path>')
    .description('bring retired versions of a path back')
    .action(
      action(async (context, _options, path: string) => {
        const answer = await ask(context, 'undelete', where(context, path));
        noteOther(context, path, answer.path);
        context.print(answer, () => `${answer.path}: ${plural(answer.versions, 'version')} back`);
      }),
    );
}

function where(context: Context, path: string): { readonly path: string; readonly cwd: string } {
  return { path, cwd: context.cwd };
}

function atOf({ at }: ListOptions): { readonly at?: string } {
  return at === undefined ? {} : { at };
}

/** A path that was found by its end is not the one that was typed. */
function noteOther(context: Context, typed: string, found: string): void {
  if (resolve(context.cwd, typed) !== found) context.note(`found ${found}`);
}

const KINDS = { file: '-', folder: 'd', link: 'l' } as const;

function listText({ entries, total }: AnswerOf<'ls'>, whole: boolean): string {
  const table = formatTable(
    [
      { head: 'MODE' },
      { head: 'SIZE', right: true },
      { head: 'CHANGED' },
      { head: 'VERSIONS', right: true },
      { head: 'SAFETY' },
      { head: 'NAME' },
    ],
    entries.map((entry) => [
      KINDS[entry.kind] + entry.mode,
      entry.kind === 'folder' ? '-' : formatBytes(entry.sizeBytes),
      formatTime(entry.mtime),
      String(entry.versions),
      entry.deleted ? 'deleted' : entry.safety,
      (whole ? entry.path : entry.name) + (entry.target === null ? '' : ` -> ${entry.target}`),
    ]),
  );
  return entries.length === total ? table : `${table}\n${entries.length} of ${total}`;
}

function versionsText({ versions }: AnswerOf<'versions'>): string {
  return formatTable(
    [
      { head: 'VERSION' },
      { head: 'AT' },
      { head: 'STATE' },
      { head: 'SAFETY' },
      { head: 'SIZE', right: true },
      { head: 'CHANGED' },
      { head: 'DEVICE' },
    ],
    versions.map((row) => [
      row.version.slice(0, 12),
      formatTime(row.at),
      row.state === 'thin' ? 'in danger' : row.state,
      row.safety,
      row.kind === 'folder' ? '-' : formatBytes(row.sizeBytes),
      formatTime(row.mtime),
      shortId(row.device),
    ]),
  );
}

function whyText(context: Context, answer: AnswerOf<'why'>): string {
  const table = formatTable(
    [
      { head: 'BLOCK' },
      { head: 'K/N', right: true },
      { head: 'HELD', right: true },
      { head: 'AWAY', right: true },
      { head: 'LOST', right: true },
      { head: 'SEATS' },
      { head: 'NEXT' },
    ],
    answer.blocks.map((block) => [
      block.block.slice(0, 12),
      `${block.k}/${block.n}`,
      String(block.held),
      String(block.away),
      String(block.lost),
      block.seats.map(({ seat, piece }) => `${seat}${piece === 'held' ? '' : `:${piece}`}`).join(' '),
      block.next === null ? '' : `${block.next}${block.nextAt === null ? '' : ` at ${formatTime(block.nextAt)}`}`,
    ]),
  );
  const head = `${answer.path}: ${context.style(answer.safety === 'safe' ? 'green' : 'yellow', answer.safety)}`;
  return `${head}. ${answer.sentence}\n${table}`;
}
