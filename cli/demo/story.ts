import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { BackupAnswer } from '../../node/api/backup.ts';
import type { RestoreAnswer } from '../../node/api/restore.ts';
import { addAll, type EmbeddedNetwork, type EmbeddedNode, openEmbeddedNetwork } from '../../node/testnet.ts';
import { runProgram } from '../../node/testnet-process.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { connectNode, type NodeClient } from '../client.ts';
import type { Context } from '../context.ts';
import { compareTrees } from './compare.ts';
import { createNarrator, megabytes, type Narrator, seconds } from './narrator.ts';
import { gatherSource, measureFolder } from './source.ts';
import { until, watchRepair } from './watch.ts';

export interface DemoOptions {
  readonly suppliers: number;
  readonly path: string | null;
  readonly once: boolean;
}

interface Story {
  readonly context: Context;
  readonly narrator: Narrator;
  readonly network: EmbeddedNetwork;
  readonly suppliers: readonly EmbeddedNode[];
  readonly source: string;
}

const SEATS = 8;
const KILLED = 4;
/** The one timer that the story shortens: how long a supplier may be silent before he counts as away. */
const PATIENCE = { BITDUST_SERVICES_CUSTOMER_PATIENCE: '5s' };
const KILL_GAP_MS = 2_000;
const STEP_MS = 170_000;

/**
 * The main job with real parts: a network of processes on loopback, a folder backed up, half of its suppliers killed for
 * good, the repair, the customer lost with all his files, recovery from the 24 words, every byte compared. Rejects with
 * `DEMO_FAILED` when one byte differs. Its processes and folders are gone afterwards, however it ends.
 */
export async function runDemo(context: Context, options: DemoOptions): Promise<void> {
  const narrator = createNarrator(context);
  const network = await openEmbeddedNetwork({ signal: context.signal, donate: '2GiB' });
  const cleanUp = (): void => network.closeNow();
  process.once('exit', cleanUp);
  try {
    await tell({ context, narrator, network }, options);
    if (!options.once) await stayUp(context, network);
  } finally {
    process.off('exit', cleanUp);
    await network.close();
  }
}

async function tell(parts: Pick<Story, 'context' | 'narrator' | 'network'>, options: DemoOptions): Promise<void> {
  const { narrator, network } = parts;
  const source = options.path ?? join(network.folder, 'source');
  const size = options.path === null ? await gatherSource(source) : await measureFolder(source);
  const wishes = Array.from({ length: options.suppliers }, (_, index) => ({
    name: `supplier${index + 1}`,
    role: 'keeper',
  }));
  const [customer, suppliers] = await Promise.all([
    network.add({ name: 'customer', role: 'consumer', environment: PATIENCE }),
    addAll(network, wishes),
  ]);
  narrator.say('network', `a seed, ${suppliers.length} suppliers and a customer run, each a process of its own`, {
    suppliers: suppliers.length,
  });
  const story: Story = { ...parts, suppliers, source };

  const seats = Math.min(SEATS, options.suppliers);
  const client = await connectNode(customer.home);
  await hire(story, client, seats);
  const backup = await backUp(story, client, size);
  const repair = await loseSuppliers(story, client, seats);
  await eraseCustomer(story, customer);
  const { recovered, newest } = await recover(story, customer);
  const restored = await restore(story, recovered);
  await compare(story, { customer, backup, repair, restored, newest });
}

async function hire({ narrator, context }: Story, client: NodeClient, seats: number): Promise<void> {
  const begun = narrator.elapsedMs();
  await until(context.signal, STEP_MS, `${seats} suppliers are connected`, async () => {
    const { suppliers } = await client.call('status', {});
    narrator.progress(`  hiring: ${suppliers.connected} of ${seats} connected`);
    return suppliers.connected >= seats;
  });
  const ms = narrator.elapsedMs() - begun;
  narrator.say('hire', `${seats} suppliers hired and connected in ${seconds(ms)}`, { hired: seats, hireMs: ms });
}

async function backUp(
  story: Story,
  client: NodeClient,
  size: { files: number; bytes: number },
): Promise<BackupAnswer & { ms: number }> {
  const { narrator, context, source } = story;
  const begun = narrator.elapsedMs();
  const { task } = await client.call('backup', { paths: [source] });
  let answer: BackupAnswer | undefined;
  for await (const row of await client.call('tasks.watch', { task, until: 'safe' }, { signal: context.signal })) {
    if (row.error && row.state === 'failed') throw new BitDustError('DEMO_FAILED', row.error.message);
    narrator.progress(`  backup: ${row.phase} ${megabytes(row.progress.doneBytes)} ${row.progress.note ?? ''}`);
    if (row.result) answer = row.result as unknown as BackupAnswer;
    if (answer?.state === 'safe') break;
  }
  if (!answer) throw new BitDustError('DEMO_FAILED', 'The backup gave no result.');
  const ms = narrator.elapsedMs() - begun;
  narrator.say(
    'backup',
    `${answer.files.total} files, ${megabytes(size.bytes)} are safe after ${seconds(ms)}: ${answer.blocks.new} blocks, ${megabytes(answer.bytes.sent)} sent`,
    {
      files: answer.files.total,
      bytes: answer.bytes.source,
      blocks: answer.blocks.new,
      sentBytes: answer.bytes.sent,
      backupMs: ms,
    },
  );
  return { ...answer, ms };
}

async function loseSuppliers(story: Story, client: NodeClient, seats: number) {
  const { narrator, context, network } = story;
  const { suppliers } = await client.call('suppliers.list', {});
  const hired = suppliers.flatMap((row) => story.suppliers.filter((node) => node.status.device === row.device));
  const killed = Math.min(KILLED, Math.floor(seats / 2));
  const begun = narrator.elapsedMs();
  const watch = await watchRepair(story, client);
  for (const victim of hired.slice(0, killed)) {
    await victim.program.kill();
    await rm(victim.home, { recursive: true, force: true });
    narrator.say('kill', `${victim.name} is killed for good, its home deleted`, {
      supplier: victim.status.device,
      pid: victim.program.pid,
    });
    await new Promise((resolve) => setTimeout(resolve, KILL_GAP_MS));
  }
  void network;
  await until(context.signal, STEP_MS, 'everything is safe again', async () => {
    const storage = await client.call('storage.status', {});
    const status = await client.call('status', {});
    narrator.progress(
      `  repair: ${status.suppliers.connected} of ${seats} connected, ${storage.blocks.safe} of ${storage.blocks.total} blocks safe, ${storage.repair.repaired} rebuilt`,
    );
    return (
      watch.hasSeenDanger() &&
      storage.safety === 'safe' &&
      status.suppliers.connected >= Math.min(seats, story.suppliers.length - killed)
    );
  });
  watch.end();
  const storage = await client.call('storage.status', {});
  const ms = narrator.elapsedMs() - begun;
  narrator.say(
    'repair',
    `safe again on ${seats} suppliers after ${seconds(ms)}: ${storage.repair.repaired} blocks rebuilt, ${megabytes(storage.repair.sentBytes)} sent`,
    {
      killed,
      rebuiltBlocks: storage.repair.repaired,
      sentBytes: storage.repair.sentBytes,
      repairMs: ms,
    },
  );
  return { killed, rebuilt: storage.repair.repaired, ms };
}

async function eraseCustomer({ narrator }: Story, customer: EmbeddedNode): Promise<void> {
  await customer.program.kill();
  await rm(customer.home, { recursive: true, force: true });
  narrator.say('erase', 'the customer is gone: process killed, home and caches deleted; 24 words are left', {
    home: customer.home,
  });
}

async function recover({ narrator, network }: Story, customer: EmbeddedNode) {
  const begun = narrator.elapsedMs();
  const home = join(network.folder, 'recovered');
  const identity = await runProgram({
    arguments: ['init', '--recover', '--home', home, '--json', '--network', network.networkFile, '--role', 'consumer'],
    input: `${customer.identity.phrase}\n`,
    environment: network.environment,
    deadlineMs: STEP_MS,
  });
  const { person } = customer.identity;
  const recovered = await network.start({ name: 'recovered', home, role: 'consumer', identity: { person } }, PATIENCE);
  const ms = narrator.elapsedMs() - begun;
  const catalogue = identity['catalogue'] as { files?: number } | undefined;
  narrator.say(
    'recover',
    `from the words alone: identity, suppliers and a catalogue of ${catalogue?.files ?? 0} files in ${seconds(ms)}`,
    {
      complete: identity['complete'],
      recoverMs: ms,
    },
  );
  return { recovered, newest: identity['newest'] };
}

async function restore(
  { narrator, network, context, source }: Story,
  node: EmbeddedNode,
): Promise<RestoreAnswer & { target: string; ms: number }> {
  const begun = narrator.elapsedMs();
  const to = join(network.folder, 'restored');
  const client = await connectNode(node.home);
  await until(context.signal, STEP_MS, 'the catalogue can be read', async () =>
    client.call('ls', { path: source }).then(
      () => true,
      () => false,
    ),
  );
  const { task } = await client.call('restore', { paths: [source], to, force: false });
  let answer: RestoreAnswer | undefined;
  for await (const row of await client.call('tasks.watch', { task, until: 'ended' }, { signal: context.signal })) {
    narrator.progress(`  restore: ${row.phase} ${megabytes(row.progress.doneBytes)}`);
    if (row.state === 'failed')
      throw new BitDustError('DEMO_FAILED', `The restore failed: ${row.error?.message ?? ''}`);
    if (row.result) answer = row.result as unknown as RestoreAnswer;
  }
  if (!answer) throw new BitDustError('DEMO_FAILED', 'The restore gave no result.');
  const ms = narrator.elapsedMs() - begun;
  narrator.say(
    'restore',
    `${answer.files} files from ${answer.suppliers} suppliers in ${seconds(ms)}, ${answer.blocks.decoded} of ${answer.blocks.fetched} blocks decoded`,
    {
      files: answer.files,
      fetchedBytes: answer.bytes.fetched,
      decodedBlocks: answer.blocks.decoded,
      restoreMs: ms,
    },
  );
  return { ...answer, target: join(to, basename(source)), ms };
}

async function compare(
  { narrator, source }: Story,
  told: {
    readonly customer: EmbeddedNode;
    readonly backup: { readonly ms: number };
    readonly repair: { readonly killed: number; readonly rebuilt: number; readonly ms: number };
    readonly restored: RestoreAnswer & { readonly target: string; readonly ms: number };
    readonly newest: unknown;
  },
): Promise<void> {
  const { repair, restored, backup } = told;
  const found = await compareTrees(source, restored.target);
  const differences = found.differences.length;
  narrator.say(
    'compare',
    `${found.files} files, ${found.folders} folders, ${found.links} links, ${megabytes(found.bytes)}: ${differences} differences`,
    {
      files: found.files,
      bytes: found.bytes,
      differences,
    },
  );
  const decodedBlocks = restored.blocks.decoded + repair.rebuilt;
  const ok = differences === 0 && found.files > 0 && decodedBlocks > 0;
  narrator.say(
    'done',
    ok
      ? 'every byte is back'
      : `FAILED: ${found.differences
          .slice(0, 5)
          .map(({ path, reason }) => `${path}: ${reason}`)
          .join('; ')}`,
    {
      ok,
      files: found.files,
      bytes: found.bytes,
      differences,
      killed: repair.killed,
      rebuiltBlocks: repair.rebuilt,
      decodedBlocks,
      backupMs: backup.ms,
      repairMs: repair.ms,
      restoreMs: restored.ms,
      durationMs: narrator.elapsedMs(),
    },
  );
  if (!ok)
    throw new BitDustError(
      'DEMO_FAILED',
      differences > 0 ? `${differences} entries differ.` : 'Nothing had to be decoded, so the story proves nothing.',
    );
}

async function stayUp({ line, signal }: Context, network: EmbeddedNetwork): Promise<void> {
  const node = network.nodes().at(-1);
  const home = node?.home ?? network.folder;
  line(
    {
      at: new Date().toISOString(),
      step: 'done',
      message: 'it stays up until Ctrl-C',
      home,
      api: node?.status.api.url,
    },
    () =>
      [
        '',
        'The network stays up until Ctrl-C. Look around in another terminal:',
        `  npx bitdust status --home ${home}`,
        `  npx bitdust suppliers --home ${home}`,
        `  npx bitdust automats watch --home ${home}`,
      ].join('\n'),
  );
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
