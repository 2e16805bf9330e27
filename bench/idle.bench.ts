import { type EmbeddedNode, openEmbeddedNetwork } from '../node/testnet.ts';
import { type BenchRow, median, rounded } from './kit.ts';
import { cpuSecondsOf, residentBytesOf } from './processes.ts';

const RUNS = 3;
const SETTLE_MS = 10_000;
const IDLE_MS = 20_000;
const DEADLINE_MS = 300_000;
const ROLES = ['consumer', 'keeper'] as const;

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

interface Start {
  readonly cpuSeconds: number;
  readonly ms: number;
}

/** Starts of a home that is there: until the node says that it runs. */
async function startsOf(
  network: Awaited<ReturnType<typeof openEmbeddedNetwork>>,
  first: EmbeddedNode,
): Promise<{ readonly starts: readonly Start[]; readonly last: EmbeddedNode }> {
  const starts: Start[] = [];
  let last = first;
  for (let index = 0; index < RUNS; index += 1) {
    await last.program.stop();
    const begin = performance.now();
    last = await network.start(last);
    starts.push({ ms: performance.now() - begin, cpuSeconds: cpuSecondsOf(last.program.pid) });
  }
  return { starts, last };
}

async function idleOf({
  program,
}: EmbeddedNode): Promise<{ readonly percent: number; readonly residentBytes: number }> {
  await pause(SETTLE_MS);
  const before = cpuSecondsOf(program.pid);
  const begin = performance.now();
  await pause(IDLE_MS);
  const seconds = (performance.now() - begin) / 1000;
  return {
    percent: ((cpuSecondsOf(program.pid) - before) / seconds) * 100,
    residentBytes: residentBytesOf(program.pid).now,
  };
}

/** What a node process costs to start and to leave alone: a consumer and a keeper who know a seed and each other. */
export async function run(): Promise<readonly BenchRow[]> {
  const network = await openEmbeddedNetwork({ signal: AbortSignal.timeout(DEADLINE_MS), donate: '1GiB' });
  try {
    const first = await Promise.all(ROLES.map((role) => network.add({ name: role, role })));
    const rows: BenchRow[] = [];
    const running: EmbeddedNode[] = [];
    for (const node of first) {
      const { starts, last } = await startsOf(network, node);
      running.push(last);
      rows.push(
        row(`a ${node.role}'s start, CPU`, RUNS, { value: median(starts.map((start) => start.cpuSeconds)), unit: 's' }),
        row(`a ${node.role}'s start, wall`, RUNS, { value: median(starts.map((start) => start.ms)) / 1000, unit: 's' }),
      );
    }
    const idle = await Promise.all(running.map(idleOf));
    for (const [index, { percent, residentBytes }] of idle.entries()) {
      const role = running[index]?.role;
      rows.push(
        row(`an idle ${role}, resident memory`, 1, { value: residentBytes / 2 ** 20, unit: 'MiB' }),
        row(`an idle ${role}, CPU of one core`, 1, { value: percent, unit: '%' }),
      );
    }
    return rows;
  } finally {
    await network.close();
  }
}

function row(name: string, runs: number, { value, unit }: { readonly value: number; readonly unit: string }): BenchRow {
  return { name, runs, median: rounded(value), unit, ratio: null, against: null };
}
