import { Argument, type Command } from 'commander';
import { action, examples } from '../action.ts';
import type { Context } from '../context.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

/** `completion`: a script for the shell, made from the commands themselves. */
export function addCompletion(program: Command): void {
  const completion = program
    .command('completion')
    .description('a completion script for the shell')
    .addArgument(new Argument('<shell>', 'which one').choices(SHELLS))
    .addHelpText('after', examples('source <(bitdust completion bash)', 'bitdust completion fish | source'))
    .action(
      action(async (context, _options, shell: Shell) => {
        const { completionScript } = await import('../completion/script.ts');
        const script = completionScript(program, shell);
        context.print({ shell, script }, () => script);
      }),
    );
  completion
    .command('values <kind>', { hidden: true })
    .action(action((context, _options, kind: string) => printValues(context, kind)));
}

async function printValues(context: Context, kind: string): Promise<void> {
  const { valuesOf } = await import('../completion/values.ts');
  const values = await valuesOf(kind, context).catch(() => []);
  if (values.length > 0) context.print({ values }, () => values.join('\n'));
}
