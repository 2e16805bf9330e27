import type { Command } from 'commander';
import { action, examples } from '../action.ts';
import { type Context, usageError } from '../context.ts';
import { isBuilt, loadPart } from '../parts.ts';

/** What the embedded network takes. */
export interface TestnetCommandOptions {
  /** Nodes beside the suppliers and the seed. */
  readonly nodes: number;
  readonly suppliers: number;
  /** Leave the homes behind. */
  readonly keep: boolean;
}

interface Testnet {
  runTestnet(context: Context, options: TestnetCommandOptions): Promise<void>;
}

/** `testnet`: an embedded network to play with. */
export function addTestnet(program: Command): void {
  if (!isBuilt('testnet')) return;
  program
    .command('testnet')
    .description('an embedded network to play with')
    .option('--nodes <count>', 'nodes that use the network', '1')
    .option('--suppliers <count>', 'nodes that give space', '12')
    .option('--keep', 'leave the homes behind')
    .addHelpText('after', examples('bitdust testnet --nodes 2 --json'))
    .action(
      action(
        async (context, options: { readonly nodes: string; readonly suppliers: string; readonly keep?: boolean }) => {
          const { runTestnet } = await loadPart<Testnet>('testnet');
          const { keep = false } = options;
          await runTestnet(context, { nodes: countOf(options.nodes), suppliers: countOf(options.suppliers), keep });
        },
      ),
    );
}

function countOf(text: string): number {
  const count = Number(text);
  if (!/^[0-9]{1,3}$/.test(text) || count > 200) throw usageError(`'${text}' is not a count up to 200.`);
  return count;
}
