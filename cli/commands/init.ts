import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { RecoverAnswer } from '../../node/api/local.ts';
import type { NetworkFile } from '../../node/network-file.ts';
import type { OfflineIdentity } from '../../node/offline.ts';
import { action, examples } from '../action.ts';
import { askThreeWords, cardText } from '../card.ts';
import { type Context, usageError } from '../context.ts';
import { failAfterAnswer } from '../failure.ts';
import { isBuilt, loadPart } from '../parts.ts';
import { formatBytes, formatTime, plural } from '../print/format.ts';
import { formatPairs } from '../print/table.ts';
import { readNewPassphrase, readWordsAndPassphrase } from '../words.ts';

interface InitOptions {
  readonly nickname?: string;
  readonly network?: string;
  readonly role: string;
  readonly passphrase?: boolean;
  readonly yes?: boolean;
  readonly recover?: boolean;
  readonly via: readonly string[];
}

/** `init` and `init --recover`: a home from nothing, or from 24 words. */
export function addInit(program: Command): void {
  if (!isBuilt('identity')) return;
  program
    .command('init')
    .description('a new person and device, or with --recover an old one by its 24 words')
    .option('--nickname <name>', 'how others may find you')
    .option('--network <file>', 'the network to belong to (default: a new one)')
    .option('--role <role>', 'what this device does: full, consumer, keeper', 'full')
    .option('--passphrase', 'lock the keys by a passphrase')
    .option('--yes', 'do not ask words back')
    .option('--recover', 'read the 24 words and bring back what they open')
    .option('--via <address>', 'with --recover: a member to ask, host:port (may be repeated)', collect, [])
    .addHelpText(
      'after',
      examples(
        'bitdust init --nickname alice --network home.json',
        'bitdust init --recover --via seed.example:49737 < words.txt',
      ),
    )
    .action(
      action((context, options: InitOptions) =>
        options.recover ? recover(context, options) : create(context, options),
      ),
    );
}

async function create(context: Context, options: InitOptions): Promise<void> {
  if (options.via.length > 0) throw usageError('--via is for --recover.');
  const { makeNewHome } = await import('../../node/new-home.ts');
  const identity = await loadPart<OfflineIdentity>('identity');
  const network = await networkOf(options);
  const passphrase = options.passphrase ? await readNewPassphrase(context) : null;
  const { nickname = null, role } = options;
  const answer = await makeNewHome(context.home, { nickname, role, network, passphrase }, identity);
  context.print(answer, () =>
    [`${answer.person} in ${answer.home}`, '', cardText(answer), '', 'Next: bitdust start --detach'].join('\n'),
  );
  if (options.yes || context.json || context.quiet || !process.stdin.isTTY) return;
  if (await askThreeWords(context, answer.phrase)) {
    await identity.confirmWords(context.home, answer.phrase.split(' '));
    context.note('The words are confirmed.');
  } else {
    context.note('The words are not confirmed; bitdust id confirm-words does it later.');
  }
}

async function recover(context: Context, options: InitOptions): Promise<void> {
  if (options.nickname !== undefined) throw usageError('The nickname comes back with the identity.');
  const { recoverHome } = await import('../../node/new-home.ts');
  const identity = await loadPart<OfflineIdentity>('identity');
  const network = await networkOf(options);
  const { words, passphrase } = await readWordsAndPassphrase(context, options.passphrase ?? false);
  const { role, via } = options;
  const { signal } = context;
  const answer = await recoverHome(
    context.home,
    { words, passphrase, role, via, network, signal, onStep: context.note },
    identity,
  );
  context.print(answer, () => recoveredText(answer));
  if (!answer.complete) failAfterAnswer('RECOVERY_INCOMPLETE');
}

async function networkOf({ network }: InitOptions): Promise<NetworkFile | null> {
  if (network === undefined) return null;
  const { readNetworkFile } = await import('../../node/network-file.ts');
  return readNetworkFile(resolve(network));
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

function recoveredText(answer: RecoverAnswer): string {
  const { catalogue, suppliers, newest } = answer;
  return formatPairs([
    ['person', `${answer.person}${answer.nickname === null ? '' : ` (${answer.nickname})`}`],
    ['device', answer.device],
    ['suppliers', `${suppliers.reachable} of ${suppliers.known} reached`],
    ['newest', `${formatTime(newest.at)}, by ${newest.from} of ${newest.of}`],
    [
      'catalogue',
      `${plural(catalogue.versions, 'version')}, ${plural(catalogue.files, 'file')}, ${formatBytes(catalogue.bytes)}`,
    ],
    ['missing', answer.missing.join(', ') || 'nothing'],
    ['home', answer.home],
  ]);
}
