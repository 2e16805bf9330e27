import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import type { OfflineIdentity } from '../../node/offline.ts';
import { action, examples } from '../action.ts';
import { type Context, usageError } from '../context.ts';
import { isBuilt, loadPart } from '../parts.ts';

const FLAGS = {
  'services.contacts.enabled': false,
  'services.customer.enabled': false,
  'services.supplier.enabled': false,
} as const;

/** `seed`: a bootstrap node of the directory, which founds a network when its home is new. */
export function addSeed(program: Command): void {
  if (!isBuilt('node') || !isBuilt('identity')) return;
  program
    .command('seed')
    .description('a bootstrap node of the directory')
    .option('--port <port>', 'UDP port (default: one that is chosen once and kept)')
    .addHelpText('after', examples('bitdust seed --home /srv/seed --port 49737'))
    .action(
      action(async (context, { port }: { readonly port?: string }) => {
        const directoryPort = port === undefined ? undefined : portOf(port);
        await makeSeedHome(context);
        const { runForeground } = await import('../foreground.ts');
        await runForeground(context, {
          flags: { ...FLAGS, 'network.directoryPort': directoryPort },
          announce: async ({ api }) => {
            const { bootstrap, network, home } = await api.status();
            const line = { bootstrap, id: network.id, pid: process.pid, home };
            context.line(line, () => `seed ${bootstrap.join(', ')} of network ${network.id ?? '-'} in ${home}`);
          },
        });
      }),
    );
}

async function makeSeedHome({ home }: Context): Promise<void> {
  const { homePaths } = await import('../../node/home.ts');
  if (existsSync(homePaths(home).identity)) return;
  const { makeNewHome } = await import('../../node/new-home.ts');
  const identity = await loadPart<OfflineIdentity>('identity');
  await makeNewHome(home, { nickname: null, role: 'full', network: null, passphrase: null }, identity);
}

function portOf(text: string): number {
  const port = Number(text);
  if (!/^[0-9]{1,5}$/.test(text) || port < 1 || port > 65_535) throw usageError(`'${text}' is not a port.`);
  return port;
}
