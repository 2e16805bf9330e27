import { Command } from 'commander';
import { addAutomats } from './commands/automats.ts';
import { addBackup } from './commands/backup.ts';
import { addCatalogue } from './commands/catalogue.ts';
import { addCompletion } from './commands/completion.ts';
import { addConfig } from './commands/config.ts';
import { addCustomers } from './commands/customers.ts';
import { addDemo } from './commands/demo.ts';
import { addEvents } from './commands/events.ts';
import { addId } from './commands/id.ts';
import { addInit } from './commands/init.ts';
import { addLogs } from './commands/logs.ts';
import { addPeople } from './commands/people.ts';
import { addRestore } from './commands/restore.ts';
import { addSeed } from './commands/seed.ts';
import { addServices } from './commands/services.ts';
import { addStart } from './commands/start.ts';
import { addStatus } from './commands/status.ts';
import { addStop } from './commands/stop.ts';
import { addStorage } from './commands/storage.ts';
import { addSuppliers } from './commands/suppliers.ts';
import { addTestnet } from './commands/testnet.ts';

const EXAMPLES = `
Examples:
  bitdust init --nickname alice     a new identity; write the 24 words down
  bitdust start --detach            the node, in the background
  bitdust backup ~/Documents        a version now, safe with others
  bitdust restore ~/Documents --to /tmp/out

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 node not running, 4 not found,
5 not enough peers or pieces, 6 denied, 130 interrupted.`;

/** The whole command line. A command whose part is not there is not registered. */
export function createProgram(version: string): Command {
  const program = new Command('bitdust')
    .description("Keeps your files safe on other people's machines.")
    .option('--home <folder>', "home of the node (default: BITDUST_HOME, then the platform's data folder)")
    .option('--json', 'print one JSON document, and nothing else, on standard output')
    .option('--quiet', 'print nothing but errors')
    .option('--no-color', 'print without colours')
    .version(version, '-V, --version', 'show the version')
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [command]', 'show the help of a command')
    .addHelpText('after', EXAMPLES)
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .exitOverride()
    .configureOutput({ outputError: () => undefined });
  for (const add of COMMANDS) add(program);
  return program;
}

const COMMANDS: readonly ((program: Command) => void)[] = [
  addInit,
  addStart,
  addStop,
  addStatus,
  addDemo,
  addTestnet,
  addSeed,
  addId,
  addServices,
  addAutomats,
  addSuppliers,
  addCustomers,
  addBackup,
  addCatalogue,
  addRestore,
  addStorage,
  addPeople,
  addConfig,
  addLogs,
  addEvents,
  addCompletion,
];
