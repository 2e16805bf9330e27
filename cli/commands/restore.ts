import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { RestoreAnswer } from '../../node/api/restore.ts';
import { action, ask, examples } from '../action.ts';
import { formatBytes, formatDuration, plural } from '../print/format.ts';
import { resultOf } from '../tasks.ts';

interface RestoreOptions {
  readonly at?: string;
  readonly to?: string;
  readonly force?: boolean;
}

/** `restore`: files and folders back. */
export function addRestore(program: Command): void {
  program
    .command('restore <path...>')
    .description('bring files and folders back')
    .option('--at <version-or-time>', 'as they were in a version or at a time')
    .option('--to <folder>', 'into this folder (default: where they were)')
    .option('--force', 'overwrite what is there')
    .addHelpText(
      'after',
      examples(
        'bitdust restore ~/Documents --to /tmp/out',
        'bitdust restore ~/Documents/plan.txt --at 2026-11-01 --force',
      ),
    )
    .action(
      action(async (context, options: RestoreOptions, paths: readonly string[]) => {
        const begun = await ask(context, 'restore', {
          paths: [...paths],
          cwd: context.cwd,
          force: options.force ?? false,
          ...(options.at === undefined ? {} : { at: options.at }),
          ...(options.to === undefined ? {} : { to: resolve(context.cwd, options.to) }),
        });
        for (const [index, found] of begun.paths.entries()) {
          if (resolve(context.cwd, paths[index] ?? '') !== found) context.note(`found ${found}`);
        }
        const answer = await resultOf<RestoreAnswer>(context, begun.task);
        context.print(answer, () => restoreText(answer));
        for (const { path, code, message } of answer.skipped) context.note(`skipped ${path}: ${code} ${message}`);
      }),
    );
}

function restoreText(answer: RestoreAnswer): string {
  const { files, folders, links, bytes, blocks } = answer;
  return [
    `restored ${answer.to} in ${formatDuration(answer.durationMs)}`,
    `${plural(files, 'file')}, ${plural(folders, 'folder')}, ${plural(links, 'link')}, ${formatBytes(bytes.restored)}`,
    `${formatBytes(bytes.fetched)} from ${plural(answer.suppliers, 'supplier')}, ${plural(blocks.fetched, 'block')}, ${blocks.decoded} decoded`,
  ].join('\n');
}
