import type { Command } from 'commander';
import { action } from '../action.ts';

/** `stop`: the node ends in order. */
export function addStop(program: Command): void {
  program
    .command('stop')
    .description('stop the node in order')
    .action(
      action(async (context) => {
        const { stopNode } = await import('../daemon-process.ts');
        const answer = await stopNode(context.home, context.signal);
        context.print(answer, () => {
          if (!answer.stopped) return 'it did not run';
          return answer.late.length === 0 ? 'stopped' : `stopped; late: ${answer.late.join(', ')}`;
        });
      }),
    );
}
