import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { failureToError } from '../node/api/failures.ts';
import type { StatusAnswer } from '../node/api/status.ts';
import { BitDustError, isBitDustError } from '../protocol/errors.ts';
import { connectNode } from './client.ts';

const ANSWER_DEADLINE_MS = 60_000;
const JOIN_DEADLINE_MS = 10_000;
const GONE_DEADLINE_MS = 45_000;
const LOOK_EVERY_MS = 50;
const THREADS = '16';

/** The status of the node of a home; undefined when it does not run. */
export async function statusOf(home: string, signal: AbortSignal): Promise<StatusAnswer | undefined> {
  try {
    return await (await connectNode(home)).call('status', {}, { signal });
  } catch (error) {
    if (isBitDustError(error, 'NODE_NOT_RUNNING')) return undefined;
    throw error;
  }
}

/** Starts the node of a home in a process of its own, and waits until it answers and has joined, or 10 s for that. */
export async function startDetached(
  home: string,
  { configFile, passphrase }: { readonly configFile?: string | undefined; readonly passphrase?: string | undefined },
  signal: AbortSignal,
): Promise<StatusAnswer> {
  const { makeHome } = await import('../node/home.ts');
  const logFile = join(makeHome(home).logs, 'start.log');
  const log = openSync(logFile, 'w', 0o600);
  const config = configFile === undefined ? [] : ['--config', configFile];
  const main = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? './main.ts' : './main.js', import.meta.url));
  const words = [main, 'start', '--home', home, ...config, '--json', '--quiet'];
  const child = spawn(process.execPath, words, {
    cwd: home,
    detached: true,
    stdio: [passphrase === undefined ? 'ignore' : 'pipe', log, log],
    windowsHide: true,
    env: { ...process.env, UV_THREADPOOL_SIZE: THREADS },
  });
  closeSync(log);
  if (passphrase !== undefined) child.stdin?.end(`${passphrase}\n`);
  child.unref();
  let ended = false;
  child.once('exit', () => {
    ended = true;
  });
  child.once('error', () => {
    ended = true;
  });
  return untilJoined({ home, signal, hasEnded: () => ended, logFile });
}

interface Starting {
  readonly home: string;
  readonly signal: AbortSignal;
  readonly hasEnded: () => boolean;
  readonly logFile: string;
}

async function untilJoined({ home, signal, hasEnded, logFile }: Starting): Promise<StatusAnswer> {
  const begun = Date.now();
  let answeredAt: number | undefined;
  while (true) {
    if (hasEnded()) throw startFailure(logFile);
    const status = await statusOf(home, signal).catch((error: unknown) => {
      if (isBitDustError(error, 'NODE_LOST')) return undefined;
      throw error;
    });
    const now = Date.now();
    if (status) answeredAt ??= now;
    const hasJoined = status !== undefined && status.directory.state !== 'joining' && status.state !== 'starting';
    if (status && (hasJoined || now - (answeredAt ?? now) > JOIN_DEADLINE_MS)) return status;
    if (!status && now - begun > ANSWER_DEADLINE_MS) throw new BitDustError('NODE_START_FAILED');
    await delay(LOOK_EVERY_MS, undefined, { signal });
  }
}

/** The failure that the process printed before it ended. */
function startFailure(logFile: string): BitDustError {
  const text = readFileSync(logFile, 'utf8').trim();
  for (const line of text.split('\n').toReversed()) {
    try {
      const { error } = JSON.parse(line) as { readonly error?: object };
      if (error) return failureToError(error);
    } catch {
      // Not every line is JSON: sentences for people stand beside them.
    }
  }
  return new BitDustError('NODE_START_FAILED', `The node did not start. ${text.slice(-500)}`);
}

/** Stops the node of a home and waits until its process is gone. */
export async function stopNode(
  home: string,
  signal: AbortSignal,
): Promise<{ readonly stopped: boolean; readonly pid: number | null; readonly late: readonly string[] }> {
  try {
    const client = await connectNode(home);
    const answer = await client.call('stop', {}, { signal });
    await untilGone(client.pid, signal);
    return { stopped: true, pid: client.pid, late: answer.late };
  } catch (error) {
    if (isBitDustError(error, 'NODE_NOT_RUNNING')) return { stopped: false, pid: null, late: [] };
    throw error;
  }
}

async function untilGone(pid: number, signal: AbortSignal): Promise<void> {
  const begun = Date.now();
  while (isAlive(pid)) {
    if (Date.now() - begun > GONE_DEADLINE_MS)
      throw new BitDustError('NODE_STOP_LATE', undefined, { details: { pid } });
    await delay(LOOK_EVERY_MS, undefined, { signal });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
