import { rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { InitAnswer } from './api/local.ts';
import type { StatusAnswer } from './api/status.ts';
import { makeNewHome } from './new-home.ts';
import { createIdentity } from './offline-identity.ts';
import { type ProgramProcess, spawnProgram, startedNode } from './testnet-process.ts';

/** One node of an embedded network, in a process of its own. */
export interface EmbeddedNode {
  readonly name: string;
  readonly home: string;
  readonly role: string;
  readonly program: ProgramProcess;
  readonly status: StatusAnswer;
  /** What its making gave, with the phrase; of a recovered home without it. */
  readonly identity: Pick<InitAnswer, 'person'> & { readonly phrase?: string };
}

export interface NodeWish {
  readonly name: string;
  readonly role: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Real processes on loopback, with homes in one temporary folder. */
export interface EmbeddedNetwork {
  readonly folder: string;
  readonly networkFile: string;
  readonly bootstrap: readonly string[];
  /** Makes a home and starts its node. */
  add(wish: NodeWish): Promise<EmbeddedNode>;
  /** Starts the node of a home that is there. */
  start(
    node: Pick<EmbeddedNode, 'name' | 'home' | 'role' | 'identity'>,
    environment?: Readonly<Record<string, string>>,
  ): Promise<EmbeddedNode>;
  readonly environment: Readonly<Record<string, string>>;
  nodes(): readonly EmbeddedNode[];
  /** The same at once, for the exit of this process. */
  closeNow(): void;
  /** Ends all processes and removes the homes unless they are to be kept. Never rejects. */
  close(options?: { readonly keep: boolean }): Promise<void>;
}

const START_MS = 90_000;
/** Only this machine may reach an embedded network. */
const LOOPBACK = { BITDUST_NETWORK_HOST: '127.0.0.1' };
const QUIET_LOG = { BITDUST_LOG_LEVEL: 'warn' };

/** Starts a seed; the other nodes are added by the caller, side by side if he likes. */
export async function openEmbeddedNetwork(options: {
  readonly signal: AbortSignal;
  /** What each supplier gives, as a size. */
  readonly donate: string;
}): Promise<EmbeddedNetwork> {
  const folder = await mkdtemp(join(tmpdir(), 'bitdust-net-'));
  const environment = { ...LOOPBACK, ...QUIET_LOG };
  const running = new Map<string, EmbeddedNode>();
  const programs = new Set<ProgramProcess>();

  const seed = spawnProgram({
    arguments: ['seed', '--home', join(folder, 'seed'), '--json'],
    environment,
    deadlineMs: START_MS,
  });
  programs.add(seed);
  const { bootstrap, id } = (await seed.first.catch(async (error: unknown) => {
    await rm(folder, { recursive: true, force: true });
    throw error;
  })) as { bootstrap: string[]; id: string };
  const networkFile = join(folder, 'network.json');
  writeFileSync(networkFile, JSON.stringify({ name: 'embedded', id, bootstrap }));

  async function start(
    node: Pick<EmbeddedNode, 'name' | 'home' | 'role' | 'identity'>,
    own: Readonly<Record<string, string>> = {},
  ): Promise<EmbeddedNode> {
    options.signal.throwIfAborted();
    const donate = node.role === 'keeper' ? { BITDUST_SERVICES_SUPPLIER_DONATE: options.donate } : {};
    const program = spawnProgram({
      arguments: ['start', '--home', node.home, '--json'],
      environment: { ...environment, ...donate, ...own },
      deadlineMs: START_MS,
    });
    programs.add(program);
    const started: EmbeddedNode = { ...node, program, status: await startedNode(program) };
    running.set(node.name, started);
    return started;
  }

  return {
    folder,
    networkFile,
    bootstrap,
    environment,
    start,
    async add({ name, role, environment: own = {} }) {
      options.signal.throwIfAborted();
      const home = join(folder, name);
      const network = { name: 'embedded', id, bootstrap };
      const identity = await makeNewHome(home, { nickname: name, role, network, passphrase: null }, { createIdentity });
      return start({ name, home, role, identity }, own);
    },
    nodes: () => [...running.values()],
    closeNow() {
      for (const program of programs) program.killNow();
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
    async close({ keep } = { keep: false }) {
      await Promise.all(
        [...programs].filter((program) => program.running()).map((program) => program.kill().catch(() => undefined)),
      );
      if (!keep) await rm(folder, { recursive: true, force: true, maxRetries: 5 }).catch(() => undefined);
    },
  };
}

/** What `testnet` needs of the command line. */
export interface TestnetContext {
  readonly signal: AbortSignal;
  line(answer: unknown, text: () => string): void;
}

const AT_ONCE = 2;

/** An embedded network to play with, until it is interrupted. */
export async function runTestnet(
  context: TestnetContext,
  options: { readonly nodes: number; readonly suppliers: number; readonly keep: boolean },
): Promise<void> {
  const network = await openEmbeddedNetwork({ signal: context.signal, donate: '1GiB' });
  try {
    const wishes: NodeWish[] = [
      ...Array.from({ length: options.suppliers }, (_, index) => ({ name: `supplier${index + 1}`, role: 'keeper' })),
      ...Array.from({ length: options.nodes }, (_, index) => ({ name: `node${index + 1}`, role: 'consumer' })),
    ];
    await addAll(network, wishes);
    const nodes = network.nodes().map(({ home, program, role, status }) => ({
      home,
      pid: program.pid,
      person: status.person,
      device: status.device,
      role,
      api: status.api.url,
    }));
    const { bootstrap, networkFile } = network;
    context.line({ bootstrap, networkFile, nodes }, () =>
      nodes.map((node) => `${node.role.padEnd(9)} ${node.home}  ${node.api}`).join('\n'),
    );
    await new Promise<void>((resolve) => {
      if (context.signal.aborted) resolve();
      context.signal.addEventListener('abort', () => resolve(), { once: true });
    });
  } finally {
    await network.close({ keep: options.keep });
  }
}

/** Adds nodes, two at a time: each costs about a second of one processor to begin. */
export async function addAll(network: EmbeddedNetwork, wishes: readonly NodeWish[]): Promise<EmbeddedNode[]> {
  const left = [...wishes];
  const added: EmbeddedNode[] = [];
  const work = async (): Promise<void> => {
    for (let wish = left.shift(); wish; wish = left.shift()) added.push(await network.add(wish));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return added;
}
