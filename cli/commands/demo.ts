import { resolve } from 'node:path';
import type { Command } from 'commander';
import { action, examples } from '../action.ts';
import { type Context, usageError } from '../context.ts';
import { isBuilt, loadPart } from '../parts.ts';

/** What the story takes. */
export interface DemoOptions {
  readonly suppliers: number;
  /** The folder that is backed up; null is the project's own. */
  readonly path: string | null;
  /** End when the story is told, and do not stay up. */
  readonly once: boolean;
}

interface Story {
  runDemo(context: Context, options: DemoOptions): Promise<void>;
}

/** `demo`: the main job on an embedded network of real processes. */
export function addDemo(program: Command): void {
  if (!isBuilt('demo')) return;
  program
    .command('demo')
    .description('the main job on an embedded network: back up, lose suppliers, repair, restore, compare')
    .option('--suppliers <count>', 'how many are in the network', '12')
    .option('--path <folder>', 'what is backed up (default: the sources of this project)')
    .option('--once', 'end when the story is told')
    .addHelpText('after', examples('bitdust demo', 'bitdust demo --path ~/Documents --once'))
    .action(
      action(
        async (context, options: { readonly suppliers: string; readonly path?: string; readonly once?: boolean }) => {
          const suppliers = Number(options.suppliers);
          if (!Number.isInteger(suppliers) || suppliers < 1 || suppliers > 100) {
            throw usageError(`'${options.suppliers}' is not a number of suppliers from 1 to 100.`);
          }
          const path = options.path === undefined ? null : resolve(context.cwd, options.path);
          const { runDemo } = await loadPart<Story>('demo');
          await runDemo(context, { suppliers, path, once: options.once ?? !process.stdout.isTTY });
        },
      ),
    );
}
