import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { StatusAnswer } from '../../node/api/status.ts';
import { action, examples } from '../action.ts';
import type { Context } from '../context.ts';
import { isBuilt, loadPart } from '../parts.ts';
import { statusText } from './status.ts';

interface StartOptions {
  readonly detach?: boolean;
  readonly config?: string;
}

/** `start` and `restart`: the node in this process, or in one of its own. */
export function addStart(program: Command): void {
  if (!isBuilt('node')) return;
  program
    .command('start')
    .description('the node')
    .option('--detach', 'in the background; returns when it has joined, or after 10 s')
    .option('--config <file>', 'configuration (default: bitdust.config.ts in the home)')
    .addHelpText('after', examples('bitdust start --detach', 'bitdust start --json | jq .type'))
    .action(action(start));
  program
    .command('restart')
    .description('stop the node and start it again in the background')
    .option('--config <file>', 'configuration (default: bitdust.config.ts in the home)')
    .action(
      action(async (context, { config }: StartOptions) => {
        const { startDetached, stopNode } = await import('../daemon-process.ts');
        await requireIdentity(context);
        await stopNode(context.home, context.signal);
        const passphrase = await passphraseFor(context);
        const options = { configFile: absolute(config), passphrase };
        printStarted(context, await startDetached(context.home, options, context.signal), true);
      }),
    );
}

async function start(context: Context, { detach = false, config }: StartOptions): Promise<void> {
  const { startDetached, statusOf } = await import('../daemon-process.ts');
  const running = await statusOf(context.home, context.signal);
  if (running) return printStarted(context, running, false);
  await requireIdentity(context);
  const configFile = absolute(config);
  const passphrase = await passphraseFor(context);
  if (detach) {
    return printStarted(context, await startDetached(context.home, { configFile, passphrase }, context.signal), true);
  }
  const { runForeground } = await import('../foreground.ts');
  await runForeground(context, {
    configFile,
    passphrase,
    announce: async ({ api }) => printStarted(context, await api.status(), true),
  });
}

/** Asks for the passphrase of a home whose keys are locked; undefined for any other. */
async function passphraseFor(context: Context): Promise<string | undefined> {
  const { needsPassphrase } = await loadPart<{ needsPassphrase(home: string): boolean }>('identity');
  if (!needsPassphrase(context.home)) return undefined;
  const { readPassphrase } = await import('../words.ts');
  return readPassphrase(context);
}

/** A home without an identity is told at once, not by a child that fails. */
async function requireIdentity({ home }: Context): Promise<void> {
  const { existsSync } = await import('node:fs');
  const { homePaths } = await import('../../node/home.ts');
  const { BitDustError } = await import('../../protocol/errors.ts');
  if (!existsSync(homePaths(home).identity))
    throw new BitDustError('IDENTITY_MISSING', `There is no identity in ${home}.`);
}

function printStarted(context: Context, status: StatusAnswer, started: boolean): void {
  context.line(
    { ...status, started },
    () => `${started ? 'started' : 'it runs already'}\n${statusText(context, status)}`,
  );
}

function absolute(file: string | undefined): string | undefined {
  return file === undefined ? undefined : resolve(file);
}
