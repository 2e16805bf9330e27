import { type ComposedNode, composeNode } from '../../node/create-node.ts';
import { homePaths } from '../../node/home.ts';
import { seededRandom } from '../../node/worlds/random.ts';
import { type SeededWorlds, seededWorlds } from '../../node/worlds/seeded.ts';
import { toHex } from '../../protocol/hash.ts';
import { createIdentityStore } from '../../services/identity/identity-store.ts';
import { makeIdentity } from '../../services/identity/make-identity.ts';
import { traceHash } from '../support/replay.ts';
import { seededFakes } from '../support/seeded-fakes.ts';
import { settle } from '../support/settle.ts';
import { type MortalWorld, mortalWorld } from './mortal-world.ts';
import { simConfig } from './sim-config.ts';
import { sourceWorkers } from './source-workers.ts';

const PORT = 7000;
const DIRECTORY_PORT = 7001;
const TAIL_LINES = 60;
/** Regular work that says nothing about a failure. */
const QUIET = /^(budget-keeper|network-connector|directory-member)|^peer-link.*(quietAfter|probing)/;

/** How the nodes of a run are made. */
export interface SimOptions {
  readonly seed: number;
  /** A real folder for sources and restored files. */
  readonly folder: string;
  readonly suppliers: string;
  readonly patience: string;
  /** Told of every line of the trace, with its time. */
  readonly onLine?: ((line: string) => void) | undefined;
  /** Changes a node just built, before it starts: for builds that are broken on purpose. */
  readonly sabotage?: ((composed: ComposedNode) => void) | undefined;
}

/** One simulated machine: its disk outlives the runs of its node. */
export interface SimNode {
  readonly name: string;
  readonly role: 'keeper' | 'consumer' | 'full';
  /** Its folder of sources, as the node sees it. */
  readonly source: string;
  running: (ComposedNode & { readonly world: MortalWorld }) | null;
  /** Its newest lines, for the message of a failure. */
  readonly tail: string[];
}

/** Whole nodes on one clock, one network and one seed. */
export interface SimNetwork {
  readonly worlds: SeededWorlds;
  readonly nodes: readonly SimNode[];
  readonly trace: ReturnType<typeof traceHash>;
  /** Messages of automats that failed and of listeners that threw. */
  readonly failures: readonly string[];
  readonly options: SimOptions;
  /** Makes a machine with a new person on its disk. */
  add(name: string, role: SimNode['role']): Promise<SimNode>;
  /** Builds and starts the node over its disk. */
  start(node: SimNode): Promise<void>;
  /** As a power cut: nobody is told. */
  kill(node: SimNode): Promise<void>;
  /** The node's own orderly stop. */
  stop(node: SimNode): Promise<void>;
  /** Lets time pass; what waits for promises goes on between instants. */
  pass(ms: number): Promise<void>;
  /** Lets time pass until the promise is settled. */
  during<T>(promise: Promise<T>, limitMs?: number): Promise<T>;
  /** Lets time pass until it holds; false after the limit. */
  until(
    holds: () => boolean | Promise<boolean>,
    options: { readonly limitMs: number; readonly everyMs?: number },
  ): Promise<boolean>;
  /** Random choices of the scenario. */
  readonly random: ReturnType<typeof seededRandom>;
}

/** An empty simulated network. */
export function simNetwork(options: SimOptions): SimNetwork {
  const { seed, folder } = options;
  const worlds = seededWorlds(seed, seededFakes, {
    wires: { latencyMs: 15, jitterMs: 10, lossProbability: 0.001, bytesPerSecond: 12_500_000 },
    directoryMs: 20,
  });
  const { clock } = worlds;
  const networkId = seededRandom(seed, 'network').bytes(32);
  const trace = traceHash();
  const nodes: SimNode[] = [];
  const failures: string[] = [];
  const identityRandom = seededRandom(seed, 'identities');

  function note(node: SimNode, line: string): void {
    trace.add(`${node.name} ${line}`);
    options.onLine?.(`${new Date(clock.now()).toISOString()} ${node.name} ${line}`);
    if (QUIET.test(line)) return;
    if (node.tail.push(`${new Date(clock.now()).toISOString()} ${line}`) > TAIL_LINES) node.tail.shift();
  }

  function configOf(node: SimNode) {
    const seeds = nodes.slice(0, 3).filter(({ name }) => name !== node.name);
    return simConfig(`/${node.name}`, {
      role: node.role,
      'network.id': toHex(networkId),
      'network.host': node.name,
      'network.port': PORT,
      'network.directoryPort': DIRECTORY_PORT,
      'network.bootstrap': node === nodes[0] ? [] : seeds.map(({ name }) => `${name}:${DIRECTORY_PORT}`),
      'services.customer.suppliers': options.suppliers,
      'services.customer.patience': options.patience,
      ...(node.role !== 'consumer' ? { 'services.supplier.donate': '4GiB' } : {}),
    });
  }

  function worldOf(node: SimNode): MortalWorld {
    return mortalWorld(worlds.world(node.name), {
      crash: (host) => worlds.wires.crash(host),
      workers: (inner) => sourceWorkers(inner, folder),
    });
  }

  function watch(node: SimNode, { core }: ComposedNode): void {
    core.inspector.watch();
    core.inspector.onTransition(({ automat, event, from, to }) => note(node, `${automat} ${event}: ${from} -> ${to}`));
    core.bus.tap((fact) => note(node, JSON.stringify(fact)));
  }

  async function pass(ms: number): Promise<void> {
    await settle();
    const end = clock.now() + ms;
    for (let wait = clock.untilNext(); wait !== undefined && clock.now() + wait <= end; wait = clock.untilNext()) {
      clock.advance(wait);
      await settle();
    }
    clock.advance(end - clock.now());
    await settle();
  }

  async function until(
    holds: () => boolean | Promise<boolean>,
    { limitMs, everyMs = 1_000 }: { readonly limitMs: number; readonly everyMs?: number },
  ): Promise<boolean> {
    for (let spent = 0; spent <= limitMs; spent += everyMs) {
      if (await holds()) return true;
      await pass(everyMs);
    }
    return holds();
  }

  async function during<T>(promise: Promise<T>, limitMs = 600_000): Promise<T> {
    let isOver = false;
    const over = promise.finally(() => {
      isOver = true;
    });
    over.catch(() => undefined);
    await until(() => isOver, { limitMs, everyMs: 100 });
    if (!isOver) throw new Error(`not over after ${limitMs} ms of simulated time`);
    return over;
  }

  return {
    worlds,
    nodes,
    trace,
    failures,
    options,
    random: seededRandom(seed, 'scenario'),
    pass,
    until,
    during,
    async add(name, role) {
      const node: SimNode = { name, role, source: `/${name}/source`, running: null, tail: [] };
      nodes.push(node);
      const world = worlds.world(name);
      const paths = homePaths(`/${name}`);
      const directory = world.directory({ networkId, bootstrap: [], port: DIRECTORY_PORT, host: name, folder: null });
      const made = await makeIdentity(
        {
          random: identityRandom.fork(name),
          clock,
          signer: world.signer,
          sealing: world.sealing,
          makeRecord: directory.makeRecord,
        },
        { nickname: name },
      );
      const store = createIdentityStore({ disk: world.disk, files: { identity: paths.identity, keys: paths.keys } });
      await world.disk.makeFolder(paths.home, 0o700);
      await store.create(made, { randomBytes: (length) => identityRandom.bytes(length) });
      await world.disk.makeFolder(node.source, 0o700);
      world.volume.kill();
      world.databases.kill();
      return node;
    },
    async start(node) {
      const world = worldOf(node);
      const composed = await composeNode(configOf(node), {
        ...world,
        log: {
          write(level, chapter, message, code, fields) {
            world.log.write(level, chapter, message, code, fields);
            if (level === 'error') failures.push(`${node.name} ${message} ${JSON.stringify(fields ?? {})}`);
          },
        },
      });
      options.sabotage?.(composed);
      watch(node, composed);
      node.running = { ...composed, world };
      await during(composed.node.start(), 120_000);
    },
    async kill(node) {
      const { running } = node;
      node.running = null;
      note(node, 'killed');
      await running?.world.kill();
      await settle();
    },
    async stop(node) {
      const { running } = node;
      if (!running) return;
      note(node, 'stopped');
      await during(running.node.stop());
      node.running = null;
    },
  };
}
