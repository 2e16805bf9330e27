import { builtinModules } from 'node:module';
import { dirname, join, normalize } from 'node:path';
import { sourcesUnder } from '../files.ts';
import type { Problem, Rule } from './problem.ts';
import { type Import, importsOf } from './source.ts';

interface Layer {
  /** Our own folders that may be imported as values. */
  readonly values: readonly string[];
  /** Our own folders of which only types may be imported. */
  readonly types?: readonly string[];
  /** `all`, or the modules of Node that may be imported. */
  readonly node: 'all' | readonly string[];
  /** `all`, or the packages that may be imported. */
  readonly packages: 'all' | readonly string[];
}

/** The import table of ARCHITECTURE.md. A folder may always import itself, within the limits below. */
const LAYERS: Readonly<Record<string, Layer>> = {
  protocol: { values: [], node: ['node:crypto', 'node:zlib'], packages: 'all' },
  ports: { values: ['protocol'], node: [], packages: ['xstate'] },
  bus: { values: ['protocol'], node: [], packages: [] },
  machines: { values: ['protocol'], types: ['bus', 'ports'], node: [], packages: ['xstate'] },
  services: { values: ['machines', 'bus', 'ports', 'protocol'], node: [], packages: ['xstate'] },
  transports: { values: ['ports', 'protocol'], node: 'all', packages: 'all' },
  storage: { values: ['ports', 'protocol'], node: 'all', packages: 'all' },
  'node/api': { values: ['protocol', 'ports'], node: [], packages: ['zod'] },
  node: {
    values: ['protocol', 'ports', 'bus', 'machines', 'services', 'transports', 'storage', 'node/api'],
    types: ['gateways'],
    node: 'all',
    packages: 'all',
  },
  gateways: { values: ['node/api'], types: ['node', 'ports', 'protocol'], node: 'all', packages: 'all' },
  cli: { values: ['node/api'], types: ['node', 'ports', 'protocol'], node: 'all', packages: 'all' },
};

/** What a browser or the pure ground must not load although its layer may. */
const NEVER: Readonly<Record<string, readonly string[]>> = {
  protocol: ['xstate', 'pino', 'fastify', 'hyperdht', 'abstract-level'],
};

/** The only file of `node/` that may import a gateway's values. */
const DAEMON = 'node/daemon.ts';
/** The story of the demo is loaded whole, and only when it is told; it starts an embedded network. */
const LATE_FOLDER = 'cli/demo/';
/** Errors and limits are vocabulary: faces may use them as values. */
const VOCABULARY = ['protocol/errors.ts', 'protocol/limits.ts', 'protocol/labels.ts'];

/** Everything points down, and nothing sideways between adapters or between services. */
export const layers: Rule = {
  name: 'layers',
  check: () =>
    [...new Set(Object.keys(LAYERS).flatMap(sourcesUnder))].flatMap((path) =>
      importsOf(path).flatMap((each) => problemsOf(path, each)),
    ),
};

function layerOf(path: string): string {
  return path.startsWith('node/api/') ? 'node/api' : path.split('/')[0]!;
}

function problemsOf(path: string, each: Import): Problem[] {
  const layer = layerOf(path);
  const what = each.specifier.startsWith('.') ? ownProblem(path, layer, each) : foreignProblem(path, layer, each);
  return what ? [{ rule: 'layers', where: `${path}:${each.line}`, what }] : [];
}

function ownProblem(path: string, layer: string, each: Import): string | null {
  const target = normalize(join(dirname(path), each.specifier));
  const other = layerOf(target);
  if (other === layer) return sidewaysProblem(path, target);
  const { values, types = [] } = LAYERS[layer]!;
  if (values.includes(other)) return null;
  if (types.includes(other)) {
    const isAllowed = each.isType || isLateStart(path, each) || VOCABULARY.includes(target) || path === DAEMON;
    return isAllowed ? null : `imports values of ${target}, of which only types are allowed`;
  }
  return `imports ${target}, which its layer must not know`;
}

/** Commands that work with the node stopped load it only when they run. */
function isLateStart(path: string, each: Import): boolean {
  return path.startsWith(LATE_FOLDER) || (layerOf(path) === 'cli' && each.isDynamic);
}

function sidewaysProblem(path: string, target: string): string | null {
  const [top, chapter] = path.split('/');
  const [, other] = target.split('/');
  if (top !== 'services' && top !== 'transports' && top !== 'storage') return null;
  if (chapter === other || other === 'kit' || chapter === 'kit' || !target.split('/')[2] || !path.split('/')[2])
    return null;
  return `imports its neighbour ${target}; what they share is a port or a need`;
}

function foreignProblem(path: string, layer: string, each: Import): string | null {
  const { specifier } = each;
  const rules = LAYERS[layer]!;
  if (specifier.startsWith('#')) return null;
  const isNode = specifier.startsWith('node:') || builtinModules.includes(specifier);
  if (isNode) {
    if (!specifier.startsWith('node:')) return `imports ${specifier} without node:`;
    if (rules.node === 'all' || rules.node.includes(specifier)) return null;
    return `imports ${specifier}`;
  }
  const name = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
  if (NEVER[layer]?.includes(name)) return `imports ${name}`;
  return rules.packages === 'all' || rules.packages.includes(name) ? null : `imports the package ${name} (${path})`;
}
