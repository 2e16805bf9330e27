import type { ComposedNode } from '../../node/create-node.ts';
import type { RestoreResult } from '../../ports/restores.ts';
import { createInvariantChecker } from './invariants.ts';
import { fingerprints, writeSources } from './sim-files.ts';
import { type SimNetwork, type SimNode, simNetwork } from './sim-network.ts';
import { realPath } from './source-workers.ts';

const MINUTE_MS = 60_000;
const PATIENCE = '90s';
const WAVES = 3;
/** Long enough for a lost supplier to be missed, replaced and his pieces made again. */
const WAVE_MINUTES = 5;
/** Those that go off are back before their seats are given away. */
const OFF_MINUTES = 2;
const HEAL_MS = 60 * MINUTE_MS;
const GONE_SHARE = 0.15;
const OWNER_SHARE = 0.12;
const PROBLEMS_SHOWN = 40;
/** The first nodes are those that all others know: they stay. */
const SEEDS = 3;

export interface ChurnOptions {
  readonly seed: number;
  readonly nodes: number;
  /** A real folder, empty. */
  readonly folder: string;
  /** Files of each owner; 12 unless said. */
  readonly files?: number;
  /** Share of the nodes that is killed for good; as many again go off and come back. 15 % unless said. */
  readonly goneShare?: number;
  /** How long to wait until all is whole; an hour unless said. */
  readonly healMs?: number;
  readonly sabotage?: ((composed: ComposedNode) => void) | undefined;
  readonly onLine?: (line: string) => void;
  readonly onStep?: (text: string) => void;
}

/** What a run came to. It held when there are no problems. */
export interface ChurnReport {
  readonly seed: number;
  readonly nodes: number;
  /** What runs exactly the same again. */
  readonly command: string;
  readonly owners: number;
  readonly gone: number;
  readonly offAndOn: number;
  readonly restored: number;
  readonly files: number;
  readonly bytes: number;
  readonly blocksRepaired: number;
  readonly blocksDecoded: number;
  readonly simulatedMs: number;
  readonly hash: string;
  readonly lines: number;
  readonly problems: readonly string[];
  /** The last transitions of the nodes that the problems are about. */
  readonly tails: readonly string[];
}

interface Run extends ChurnOptions {
  readonly sim: SimNetwork;
  readonly owners: readonly SimNode[];
  readonly problems: string[];
  /** Nodes to show when it fails. */
  readonly involved: Set<SimNode>;
  readonly step: (text: string) => Promise<void>;
}

const customerOf = ({ running }: SimNode) => running!.chapters.customer!;

/** Builds the network, lets everybody back up, loses 30 % of the nodes in waves, heals, and restores everything. */
export async function runChurn(options: ChurnOptions): Promise<ChurnReport> {
  const { seed, folder, sabotage, onLine } = options;
  const sim = simNetwork({ seed, folder, suppliers: '4/8', patience: PATIENCE, sabotage, onLine });
  const checker = createInvariantChecker(sim);
  const problems: string[] = [];
  const startedAt = sim.worlds.clock.now();
  const step = async (text: string): Promise<void> => {
    options.onStep?.(text);
    problems.push(...(await checker.check()));
  };
  const owners = await build(sim, options);
  const run: Run = { ...options, sim, owners, problems, involved: new Set(), step };
  await startAll(run);
  const stored = await backUpAll(run);
  const churn = stored ? await loseNodes(run) : { gone: 0, offAndOn: 0 };
  if (stored) await heal(run);
  const restores = stored ? await restoreAll(run) : [];
  await step('restored');
  problems.push(...new Set(sim.failures));
  return {
    seed,
    nodes: options.nodes,
    command: commandOf(options),
    owners: owners.length,
    ...churn,
    restored: restores.length,
    files: restores.reduce((sum, row) => sum + row.files, 0),
    bytes: restores.reduce((sum, row) => sum + row.bytes.restored, 0),
    blocksRepaired: owners.reduce((sum, owner) => sum + customerOf(owner).rebuilders.counters().repaired, 0),
    blocksDecoded: restores.reduce((sum, row) => sum + row.blocks.decoded, 0),
    simulatedMs: sim.worlds.clock.now() - startedAt,
    hash: sim.trace.digest(),
    lines: sim.trace.lines,
    problems,
    tails: [...run.involved].flatMap(({ name, tail }) => [`--- ${name}`, ...tail]),
  };
}

async function build(sim: SimNetwork, { nodes, files = 12, folder }: ChurnOptions): Promise<SimNode[]> {
  const ownersWanted = Math.max(1, Math.round(nodes * OWNER_SHARE));
  for (let number = 0; number < nodes - ownersWanted; number += 1) await sim.add(`keeper-${number}`, 'keeper');
  const owners: SimNode[] = [];
  for (let number = 0; number < ownersWanted; number += 1) {
    const owner = await sim.add(`owner-${number}`, number % 3 === 0 ? 'full' : 'consumer');
    writeSources(realPath(owner.source, folder), sim.random.fork(owner.name), { files });
    owners.push(owner);
  }
  return owners;
}

async function startAll({ sim, step }: Run): Promise<void> {
  for (const node of sim.nodes) await sim.start(node);
  await step('started');
}

/** Everybody hires and backs up; false when some could not. */
async function backUpAll({ sim, owners, problems, involved, step }: Run): Promise<boolean> {
  const isHired = (owner: SimNode): boolean =>
    customerOf(owner)
      .suppliers.seats()
      .every((seat) => seat.state === 'connected' && seat.caughtUp);
  await sim.until(() => owners.every(isHired), { limitMs: 20 * MINUTE_MS });
  await step('hired');
  for (const owner of owners) await sim.during(owner.running!.node.api.backup({ paths: [owner.source] }));
  await sim.until(() => owners.every(isSafe), { limitMs: 60 * MINUTE_MS });
  await step('stored');
  for (const owner of owners) {
    if (isSafe(owner)) continue;
    involved.add(owner);
    problems.push(`the backup of ${owner.name} did not become safe`);
  }
  return owners.every(isSafe);
}

function isSafe(owner: SimNode): boolean {
  const { safety, blocks } = customerOf(owner).health.summary();
  return safety === 'safe' && blocks.total > 0;
}

function isWhole(owner: SimNode): boolean {
  const seats = customerOf(owner).suppliers.seats();
  return isSafe(owner) && seats.every((seat) => seat.state === 'connected' && seat.caughtUp);
}

/** Who goes: more first suppliers of one family than its code bears, then anybody. */
function chooseLeavers({ sim, owners, nodes, goneShare = GONE_SHARE }: Run): { gone: SimNode[]; offAndOn: SimNode[] } {
  const draw = sim.random.fork('leavers');
  const marked = owners[Math.floor(draw.fraction() * owners.length)]!;
  const family = new Set(
    customerOf(marked)
      .suppliers.seats()
      .map(({ device }) => device),
  );
  const keepers = sim.nodes.slice(SEEDS).filter(({ role }) => role === 'keeper');
  const ranked = keepers
    .map((node) => ({ node, rank: draw.fraction(), first: family.has(node.running!.core.self.device) }))
    .sort((a, b) => Number(b.first) - Number(a.first) || a.rank - b.rank)
    .map(({ node }) => node);
  const count = Math.round(nodes * goneShare);
  return { gone: ranked.slice(0, count), offAndOn: ranked.slice(count, 2 * count) };
}

/** In waves: some are killed for good, others go off and come back. */
async function loseNodes(run: Run): Promise<{ readonly gone: number; readonly offAndOn: number }> {
  const { sim, step } = run;
  const { gone, offAndOn } = chooseLeavers(run);
  const share = (all: readonly SimNode[], wave: number) => all.filter((_, index) => index % WAVES === wave);
  for (let wave = 0; wave < WAVES; wave += 1) {
    for (const node of share(gone, wave)) await sim.kill(node);
    for (const [index, node] of share(offAndOn, wave).entries()) await (index % 2 ? sim.stop(node) : sim.kill(node));
    for (let minute = 1; minute <= WAVE_MINUTES; minute += 1) {
      await sim.pass(MINUTE_MS);
      await step(`wave ${wave + 1}, minute ${minute}`);
      if (minute === OFF_MINUTES) for (const node of share(offAndOn, wave)) await sim.start(node);
    }
  }
  return { gone: gone.length, offAndOn: offAndOn.length };
}

async function heal({ sim, owners, problems, involved, step, healMs = HEAL_MS }: Run): Promise<void> {
  await sim.until(() => owners.every(isWhole), { limitMs: healMs, everyMs: 30_000 });
  await step('healed');
  for (const owner of owners.filter((each) => !isWhole(each))) {
    involved.add(owner);
    const { safety, blocks } = customerOf(owner).health.summary();
    const seats = customerOf(owner).suppliers.seats();
    problems.push(
      `${owner.name} is not whole again: ${safety}, ${blocks.safe} of ${blocks.total} blocks, seats ${seats.map(({ state }) => state).join(' ')}`,
    );
  }
}

async function restoreAll({ sim, owners, folder, problems, involved, step }: Run): Promise<readonly RestoreResult[]> {
  const results: RestoreResult[] = [];
  for (const owner of owners) {
    const { core, node } = owner.running!;
    const to = `/${owner.name}/restored`;
    try {
      const { task, to: target } = await sim.during(node.api.restore({ paths: [owner.source], to, force: false }));
      await sim.until(() => core.tasks.get(task)?.endedAt !== null, { limitMs: 20 * MINUTE_MS, everyMs: 500 });
      const view = core.tasks.get(task);
      if (view?.state !== 'done') throw new Error(`${view?.state} ${view?.phase} ${view?.error?.code ?? ''}`);
      compare(realPath(owner.source, folder), realPath(target, folder));
      results.push(view.result as unknown as RestoreResult);
    } catch (error) {
      involved.add(owner);
      problems.push(`the restore of ${owner.name} failed: ${(error as Error).message}`);
    }
    await step(`restore of ${owner.name}`);
  }
  return results;
}

function commandOf({ seed, nodes, goneShare = GONE_SHARE, healMs = HEAL_MS, sabotage }: ChurnOptions): string {
  const own = [
    ...(goneShare === GONE_SHARE ? [] : [`--gone ${goneShare}`]),
    ...(healMs === HEAL_MS ? [] : [`--heal ${healMs / MINUTE_MS}`]),
    ...(sabotage === withoutRepair ? ['--no-repair'] : []),
  ];
  return ['npm run sim --', `--seed ${seed}`, `--nodes ${nodes}`, ...own].join(' ');
}

/** A build that never repairs: nobody tells it which blocks are weak. */
export function withoutRepair({ chapters }: ComposedNode): void {
  if (chapters.customer) Object.assign(chapters.customer.health, { weakest: async () => [] });
}

/** What a person needs to look into a failed run. */
export function describeFailure(report: ChurnReport): string {
  const { seed, command, problems, tails } = report;
  return [`seed ${seed} failed; replay it with: ${command}`, ...problems.slice(0, PROBLEMS_SHOWN), ...tails].join('\n');
}

/** Throws when a file of the source is missing in the copy, or differs in bytes, mode or time. */
function compare(source: string, copy: string): void {
  const [wanted, found] = [fingerprints(source), fingerprints(copy)];
  if (wanted.size !== found.size) throw new Error(`${found.size} files instead of ${wanted.size}`);
  for (const [path, print] of wanted) if (found.get(path) !== print) throw new Error(`${path} differs`);
}
