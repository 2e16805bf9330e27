import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { BackupAnswer } from '../../node/api/backup.ts';
import { failureToError } from '../../node/api/failures.ts';
import type { AnswerOf } from '../../node/api/index.ts';
import type { TaskRow } from '../../node/api/tasks.ts';
import { action, ask, examples } from '../action.ts';
import type { Context } from '../context.ts';
import { formatBytes, formatDuration, formatTime, plural } from '../print/format.ts';
import { formatTable } from '../print/table.ts';
import { followTask } from '../tasks.ts';

interface BackupOptions {
  readonly set?: string;
  /** `--wait safe`, or false with `--no-wait`. */
  readonly wait?: 'safe' | false;
}

/** How long a stored version is watched for becoming safe. */
const SAFE_WAIT_MS = 60_000;

/** `backup` and `sets`. */
export function addBackup(program: Command): void {
  program
    .command('backup <path...>')
    .description('a version of files and folders, now')
    .option('--set <name>', 'the backup set (default: named by the first path)')
    .addOption(new Option('--wait <state>', 'wait without end until it is safe').choices(['safe']))
    .option('--no-wait', 'print the task and leave')
    .addHelpText(
      'after',
      examples(
        'bitdust backup ~/Documents',
        'bitdust backup ~/Pictures --set photos --wait safe',
        'bitdust backup . --no-wait',
      ),
    )
    .action(
      action(async (context, options: BackupOptions, paths: readonly string[]) => {
        const set = options.set === undefined ? {} : { set: options.set };
        const absolute = paths.map((path) => resolve(context.cwd, path));
        const begun = await ask(context, 'backup', { paths: absolute, cwd: context.cwd, ...set });
        if (options.wait === false) {
          context.print(begun, () => `${begun.task}: ${begun.set}, ${begun.state}`);
          return;
        }
        const answer = await untilStored(context, begun.task, options.wait === 'safe');
        context.print(answer, () => backupText(context, answer));
        for (const { path, code, message } of answer.skipped) context.note(`skipped ${path}: ${code} ${message}`);
      }),
    );
  addSets(program);
}

/** Follows the task until its version is stored, and then until it is safe: for a minute, or without end. */
async function untilStored(context: Context, task: string, withoutEnd: boolean): Promise<BackupAnswer> {
  const enough = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let told: string | null = null;
  const isEnough = (row: TaskRow): boolean => {
    if (row.state === 'done' && !withoutEnd) timer ??= setTimeout(() => enough.abort(), SAFE_WAIT_MS);
    const { note } = row.progress;
    if (withoutEnd && note !== null && note !== told && !context.interactive) context.note(note);
    told = note;
    return cannotGoOn(row) && !withoutEnd;
  };
  try {
    const row = await followTask(context, task, {
      until: 'safe',
      onInterrupt: 'leave',
      isEnough,
      enough: enough.signal,
    });
    if (cannotGoOn(row)) throw failureToError(row.error ?? {});
    return row.result as unknown as BackupAnswer;
  } finally {
    clearTimeout(timer);
  }
}

/** A running task with an error waits for something that may never come; it stays and goes on by itself. */
function cannotGoOn(row: TaskRow): boolean {
  return row.state === 'running' && row.error !== null;
}

function backupText(context: Context, answer: BackupAnswer): string {
  const { files, bytes, blocks, safety } = answer;
  const safe = context.style(safety === 'safe' ? 'green' : 'yellow', safety);
  const changes = `${files.new} new, ${files.changed} changed, ${files.removed} removed, ${files.skipped} skipped`;
  return [
    `${answer.state} ${answer.set} version ${answer.version.slice(0, 12)}, ${safe}, in ${formatDuration(answer.durationMs)}`,
    `${plural(files.total, 'file')} (${changes}), ${formatBytes(bytes.source)}`,
    `${plural(blocks.new, 'new block')} of ${blocks.total}, ${formatBytes(bytes.sent)} sent`,
  ].join('\n');
}

function addSets(program: Command): void {
  program
    .command('sets')
    .description('backup sets with schedule, retention and safety')
    .action(
      action(async (context) => {
        const answer = await ask(context, 'sets.list', {});
        context.print(answer, () => setsText(answer));
      }),
    );
}

function setsText({ sets }: AnswerOf<'sets.list'>): string {
  return formatTable(
    [
      { head: 'SET' },
      { head: 'K/N' },
      { head: 'EVERY' },
      { head: 'VERSIONS', right: true },
      { head: 'NEWEST' },
      { head: 'SIZE', right: true },
      { head: 'SAFETY' },
      { head: 'PATHS' },
    ],
    sets.map((set) => [
      set.name,
      set.k === null || set.n === null ? 'auto' : `${set.k}/${set.n}`,
      set.every ?? '-',
      String(set.versions),
      formatTime(set.newestAt),
      formatBytes(set.bytes),
      set.safety,
      set.paths.join(' '),
    ]),
  );
}
