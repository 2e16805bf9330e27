import { appendFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { describeFailure, withoutRepair } from '../test/simulation/churn.ts';
import { churnRun } from '../test/simulation/churn-run.ts';

const NODES = 100;
const LINES_AT_ONCE = 5_000;
const MINUTE_MS = 60_000;
const USAGE = `npm run sim -- [--seed N] [--nodes N]   whole nodes under churn, at least 12 of them
  --gone SHARE   share of the nodes that is killed for good, and of those that go off and come back (0.15)
  --heal N       minutes of simulated time until all must be whole again (60)
  --no-repair    a build that is broken on purpose: the run must fail
  --trace FILE   every transition and fact, a line each`;

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    nodes: { type: 'string', default: String(NODES) },
    gone: { type: 'string' },
    heal: { type: 'string' },
    'no-repair': { type: 'boolean', default: false },
    trace: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

/** Writes the whole trace to a file, in large steps. */
function traceTo(path: string): { readonly add: (line: string) => void; readonly flush: () => void } {
  writeFileSync(path, '');
  let waiting: string[] = [];
  const flush = (): void => {
    appendFileSync(path, waiting.join(''));
    waiting = [];
  };
  const add = (line: string): void => {
    waiting.push(`${line}\n`);
    if (waiting.length >= LINES_AT_ONCE) flush();
  };
  return { add, flush };
}

async function main(): Promise<number> {
  const [seed, nodes] = [Number(values.seed), Number(values.nodes)];
  const isValid = Number.isSafeInteger(seed) && Number.isSafeInteger(nodes) && nodes >= 12;
  if (values.help || !isValid) {
    console.log(USAGE);
    return isValid ? 0 : 2;
  }
  const startedAt = Date.now();
  const elapsed = (): string => `${((Date.now() - startedAt) / 1000).toFixed(1).padStart(7)} s`;
  const trace = values.trace === undefined ? undefined : traceTo(values.trace);
  const report = await churnRun({
    seed,
    nodes,
    onStep: (text) => console.log(`${elapsed()}  ${text}`),
    ...(values.gone === undefined ? {} : { goneShare: Number(values.gone) }),
    ...(values.heal === undefined ? {} : { healMs: Number(values.heal) * MINUTE_MS }),
    ...(values['no-repair'] ? { sabotage: withoutRepair } : {}),
    ...(trace ? { onLine: trace.add } : {}),
  }).finally(() => trace?.flush());
  const { problems, tails, ...figures } = report;
  for (const [name, value] of Object.entries(figures)) console.log(`${name.padEnd(16)} ${value}`);
  if (problems.length === 0) {
    console.log(`✔ ${report.restored} of ${report.owners} backups restored byte for byte, ${elapsed().trim()}`);
    return 0;
  }
  console.error(`✖ ${describeFailure(report)}`);
  return 1;
}

process.exitCode = await main();
