import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connectNode, type NodeClient } from '../../cli/client.ts';
import { compareTrees } from '../../cli/demo/compare.ts';
import type { BackupAnswer } from '../../node/api/backup.ts';
import type { RestoreAnswer } from '../../node/api/restore.ts';
import { addAll, type EmbeddedNetwork, type EmbeddedNode, openEmbeddedNetwork } from '../../node/testnet.ts';

/** Two pieces of four bring everything back; a supplier silent for 5 s is away. */
export const CUSTOMER_SETTINGS = {
  BITDUST_SERVICES_CUSTOMER_SUPPLIERS: '2/4',
  BITDUST_SERVICES_CUSTOMER_PATIENCE: '5s',
};
const STEP_MS = 50_000;
const POLL_MS = 200;

export interface SmallNetwork {
  readonly network: EmbeddedNetwork;
  readonly suppliers: readonly EmbeddedNode[];
  readonly customer: EmbeddedNode;
  readonly client: NodeClient;
  close(): Promise<void>;
}

/** A seed, suppliers and one customer with four of them hired, each a process of its own on loopback. */
export async function openSmallNetwork({ suppliers: count }: { readonly suppliers: number }): Promise<SmallNetwork> {
  const life = new AbortController();
  const network = await openEmbeddedNetwork({ signal: life.signal, donate: '1GiB' });
  const wishes = Array.from({ length: count }, (_, index) => ({ name: `supplier${index + 1}`, role: 'keeper' }));
  try {
    const [customer, suppliers] = await Promise.all([
      network.add({ name: 'customer', role: 'consumer', environment: CUSTOMER_SETTINGS }),
      addAll(network, wishes),
    ]);
    const client = await connectNode(customer.home);
    await until('four suppliers are connected', async () => {
      const { suppliers: own } = await client.call('status', {});
      return own.connected === 4;
    });
    return {
      network,
      suppliers,
      customer,
      client,
      async close() {
        life.abort();
        await network.close();
      },
    };
  } catch (error) {
    await network.close();
    throw error;
  }
}

/** Asks until it holds; fails with what was waited for. */
export async function until(what: string, holds: () => Promise<boolean>, deadlineMs = STEP_MS): Promise<void> {
  const end = performance.now() + deadlineMs;
  while (!(await holds())) {
    assert.ok(performance.now() < end, `waited ${deadlineMs / 1000} s in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** A folder of its own with files that nothing can make smaller, a few of them small. */
export async function writeSource(folder: string, size: { readonly files: number; readonly bytes: number }) {
  await mkdir(join(folder, 'notes'), { recursive: true });
  await Promise.all(
    Array.from({ length: size.files }, (_, index) =>
      writeFile(join(folder, `file-${index}.bin`), randomBytes(size.bytes)),
    ),
  );
  await writeFile(join(folder, 'notes', 'hello.txt'), 'hello\n');
  await writeFile(join(folder, 'notes', 'empty'), '');
}

/** Follows a backup to its version, and until it is safe when told. */
export async function backUp(client: NodeClient, path: string, wanted: 'stored' | 'safe' = 'safe') {
  const { task } = await client.call('backup', { paths: [path] });
  let answer: BackupAnswer | undefined;
  const signal = AbortSignal.timeout(STEP_MS);
  for await (const row of await client.call('tasks.watch', { task, until: 'safe' }, { signal })) {
    assert.notEqual(row.state, 'failed', JSON.stringify(row.error));
    if (row.result) answer = row.result as unknown as BackupAnswer;
    if (answer && (wanted === 'stored' || answer.state === 'safe')) break;
  }
  assert.ok(answer, 'the backup gave a version in time');
  if (wanted === 'safe') assert.equal(answer.state, 'safe');
  return answer;
}

/** Restores a path into an empty folder and compares every byte with its source. */
export async function restoresWhole(client: NodeClient, source: string, to: string): Promise<RestoreAnswer> {
  const { task } = await client.call('restore', { paths: [source], to, force: false });
  let answer: RestoreAnswer | undefined;
  const signal = AbortSignal.timeout(STEP_MS);
  for await (const row of await client.call('tasks.watch', { task, until: 'ended' }, { signal })) {
    assert.notEqual(row.state, 'failed', JSON.stringify(row.error));
    if (row.result) answer = row.result as unknown as RestoreAnswer;
  }
  assert.ok(answer, 'the restore ended in time');
  const [name] = await readdir(to);
  const compared = await compareTrees(source, join(to, name!));
  assert.deepEqual(compared.differences, []);
  assert.ok(compared.files > 0);
  return answer;
}

/** Waits until every block has all its pieces. */
export async function untilSafe(client: NodeClient): Promise<void> {
  await until('everything is safe', async () => (await client.call('storage.status', {})).safety === 'safe');
}

/** Lines of level error in the log of any node whose home is still there. */
export function errorLines(network: EmbeddedNetwork): string[] {
  return readdirSync(network.folder).flatMap((name) => {
    const logs = join(network.folder, name, 'logs');
    if (!existsSync(logs)) return [];
    return readdirSync(logs).flatMap((file) =>
      readFileSync(join(logs, file), 'utf8')
        .split('\n')
        .filter((line) => /"level":("error"|50\b)/.test(line))
        .map((line) => `${name}: ${line}`),
    );
  });
}
