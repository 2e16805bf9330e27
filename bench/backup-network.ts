import { basename, join } from 'node:path';
import { connectNode } from '../cli/client.ts';
import type { BackupAnswer } from '../node/api/backup.ts';
import type { RestoreAnswer } from '../node/api/restore.ts';
import { addAll, openEmbeddedNetwork } from '../node/testnet.ts';
import { cpuSecondsOf, residentBytesOf } from './processes.ts';

const SUPPLIERS = 8;
const HIRE_MS = 120_000;
const TASK_MS = 600_000;
const POLL_MS = 250;

/** What a task took, seen from outside: the customer's process and all nine. */
export interface TaskTaken {
  readonly ms: number;
  readonly customerCpuSeconds: number;
  readonly allCpuSeconds: number;
}

/** A customer and eight suppliers, each a process of its own, on loopback. */
export interface BackupNetwork {
  readonly folder: string;
  /** Until every piece is acknowledged; `storedMs` is when the version could be restored. */
  backup(path: string): Promise<TaskTaken & { readonly storedMs: number; readonly answer: BackupAnswer }>;
  /** `restored` is where the folder is then. */
  restore(path: string, to: string): Promise<TaskTaken & { readonly restored: string; readonly answer: RestoreAnswer }>;
  /** The most memory that the customer's process had. */
  peakBytes(): number;
  close(): Promise<void>;
}

/** `customerEnvironment` is for a profiler in the customer's process. */
export async function openBackupNetwork(
  customerEnvironment: Readonly<Record<string, string>> = {},
): Promise<BackupNetwork> {
  const signal = AbortSignal.timeout(3 * TASK_MS);
  const network = await openEmbeddedNetwork({ signal, donate: '4GiB' });
  try {
    const wishes = Array.from({ length: SUPPLIERS }, (_, index) => ({ name: `supplier${index + 1}`, role: 'keeper' }));
    const suppliers = await addAll(network, wishes);
    const customer = await network.add({ name: 'customer', role: 'consumer', environment: customerEnvironment });
    const client = await connectNode(customer.home);
    await untilHired(client);

    const pids = [customer, ...suppliers].map(({ program }) => program.pid);
    const cpu = () => ({ own: cpuSecondsOf(customer.program.pid), all: sum(pids.map(cpuSecondsOf)) });
    const since = (begin: { readonly own: number; readonly all: number }) => {
      const end = cpu();
      return { customerCpuSeconds: end.own - begin.own, allCpuSeconds: end.all - begin.all };
    };
    return {
      folder: network.folder,
      peakBytes: () => residentBytesOf(customer.program.pid).peak,
      close: () => network.close(),
      async backup(path) {
        const begin = cpu();
        const begun = performance.now();
        const { task } = await client.call('backup', { paths: [path] });
        const { result, firstMs } = await followTask(client, { task, until: 'safe', begun });
        const answer = result as unknown as BackupAnswer;
        return { ms: performance.now() - begun, storedMs: firstMs, ...since(begin), answer };
      },
      async restore(path, to) {
        const begin = cpu();
        const begun = performance.now();
        const { task } = await client.call('restore', { paths: [path], to, force: false });
        const { result } = await followTask(client, { task, until: 'ended', begun });
        const answer = result as unknown as RestoreAnswer;
        return { ms: performance.now() - begun, ...since(begin), restored: join(to, basename(path)), answer };
      },
    };
  } catch (error) {
    await network.close();
    throw error;
  }
}

type Client = Awaited<ReturnType<typeof connectNode>>;

async function followTask(
  client: Client,
  options: { readonly task: string; readonly until: 'safe' | 'ended'; readonly begun: number },
): Promise<{ readonly result: Record<string, unknown>; readonly firstMs: number }> {
  const { task, until, begun } = options;
  const signal = AbortSignal.timeout(TASK_MS);
  let last: Record<string, unknown> | undefined;
  let firstMs = Number.NaN;
  for await (const row of await client.call('tasks.watch', { task, until }, { signal })) {
    if (row.state === 'failed') throw new Error(`${row.kind} failed: ${row.error?.message ?? ''}`);
    if (!row.result) continue;
    if (!last) firstMs = performance.now() - begun;
    last = row.result;
    if (last['state'] === 'safe') break;
  }
  if (!last || (until === 'safe' && last['state'] !== 'safe')) throw new Error(`The task ${task} came to no end.`);
  return { result: last, firstMs };
}

async function untilHired(client: Client): Promise<void> {
  const end = performance.now() + HIRE_MS;
  for (;;) {
    const { suppliers } = await client.call('status', {});
    if (suppliers.connected >= SUPPLIERS) return;
    if (performance.now() > end) throw new Error(`Only ${suppliers.connected} of ${SUPPLIERS} suppliers were hired.`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
