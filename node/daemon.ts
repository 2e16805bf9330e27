import { existsSync } from 'node:fs';
import type { HttpGateway } from '../gateways/http/index.ts';
import type { Log } from '../ports/world.ts';
import { BitDustError } from '../protocol/errors.ts';
import type { NodeApi } from './api/index.ts';
import { ensureToken, removeApiFile, writeApiFile } from './api-file.ts';
import { type ConfigSources, loadConfig } from './config.ts';
import { type HomePaths, homePaths, makeHome } from './home.ts';
import type { BitDustNode } from './node.ts';
import type { NodeParts } from './parts.ts';
import { VERSION } from './version.ts';

/** What a daemon runs, and what hears of it. */
export interface DaemonOptions extends ConfigSources {
  readonly parts: NodeParts;
  /** Of a locked key file. */
  readonly passphrase?: string | undefined;
  /** Stops the node in order when it aborts. */
  readonly signal: AbortSignal;
  /** Called when the API answers; the services start behind it. */
  readonly onReady: (running: RunningDaemon) => void;
}

/** A node whose API answers. */
export interface RunningDaemon {
  readonly api: NodeApi;
  readonly url: string;
  /** Resolves when the services have started or failed. */
  readonly started: Promise<void>;
}

/** How long a node may take to stop; after that it names who is late and ends all the same. */
const STOP_DEADLINE_MS = 30_000;

/** Runs the node of a home with its local API until it is told to stop; names the services that were late. */
export async function runDaemon(options: DaemonOptions): Promise<{ readonly late: readonly string[] }> {
  const paths = homePaths(options.home);
  if (!existsSync(paths.home)) throw new BitDustError('IDENTITY_MISSING', `There is no home at ${paths.home}.`);
  makeHome(paths.home);
  const config = await loadConfig(options);
  const world = await options.parts.createWorld({ paths, config, passphrase: options.passphrase });
  let lock: { release(): Promise<void> } | undefined;
  try {
    lock = await world.disk.lock(paths.lock);
    const node = await options.parts.createNode(config, world);
    return await serve({ node, paths, log: world.log, port: config.get('api.port'), options });
  } finally {
    await lock?.release();
    await world.close?.();
  }
}

interface Serving {
  readonly node: BitDustNode;
  readonly paths: HomePaths;
  readonly log: Log;
  readonly port: number;
  readonly options: DaemonOptions;
}

async function serve({ node, paths, log, port, options }: Serving): Promise<{ readonly late: readonly string[] }> {
  const told = Promise.withResolvers<void>();
  options.signal.addEventListener('abort', () => told.resolve(), { once: true });
  if (options.signal.aborted) told.resolve();
  const stop = once(() => stopInTime(node));
  const api: NodeApi = {
    ...node.api,
    stop: async () => {
      const { late } = await stop();
      told.resolve();
      return { stopped: true, pid: process.pid, late: [...late] };
    },
  };
  let gateway: HttpGateway | undefined;
  try {
    gateway = await openGateway({ api, health: () => node.health(), metrics: node.metrics }, { paths, log, port });
    const started = node.start();
    started.catch((error: unknown) => {
      log.write('error', 'system', `The node did not start: ${String(error)}`, 'NODE_START_FAILED');
      told.reject(error);
    });
    options.onReady({ api, url: gateway.url, started });
    await told.promise;
  } finally {
    removeApiFile(paths);
    await stop();
    await gateway?.close();
  }
  return stop();
}

async function openGateway(
  node: Pick<BitDustNode, 'api' | 'health' | 'metrics'>,
  { paths, log, port }: Pick<Serving, 'paths' | 'log' | 'port'>,
): Promise<HttpGateway> {
  const { openHttpGateway } = await import('../gateways/http/index.ts');
  const token = ensureToken(paths);
  const gateway = await openHttpGateway({ node, log, version: VERSION, token, port, socket: paths.socket });
  const { url, socket } = gateway;
  writeApiFile(paths, { url, socket, pid: process.pid, startedAt: new Date().toISOString(), version: VERSION });
  return gateway;
}

/** A node that hangs while stopping is not waited for without end: its data is safe at any moment. */
async function stopInTime(node: BitDustNode): Promise<{ readonly late: readonly string[] }> {
  const deadline = Promise.withResolvers<{ readonly late: readonly string[] }>();
  const timer = setTimeout(() => deadline.resolve({ late: ['node'] }), STOP_DEADLINE_MS);
  try {
    return await Promise.race([node.stop(), deadline.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
