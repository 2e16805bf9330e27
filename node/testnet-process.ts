import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { BitDustError } from '../protocol/errors.ts';
import type { StatusAnswer } from './api/status.ts';

const MAIN = fileURLToPath(new URL('../cli/main.ts', import.meta.url));
const STOP_GRACE_MS = 10_000;
const ERROR_LINES_KEPT = 20;

/** A command of this program in a process of its own, speaking JSON lines on its standard output. */
export interface ProgramProcess {
  readonly pid: number;
  /** The first line it prints, parsed; rejects with `CHILD_FAILED` when it ends before, or at the deadline. */
  readonly first: Promise<Record<string, unknown>>;
  readonly running: () => boolean;
  /** SIGTERM, and SIGKILL when it does not end in time. */
  stop(): Promise<void>;
  /** SIGKILL, and waits for the end. */
  kill(): Promise<void>;
  /** SIGKILL without waiting. */
  killNow(): void;
  readonly exited: Promise<number | null>;
}

export interface SpawnOptions {
  readonly arguments: readonly string[];
  /** Written to its standard input, which is then closed. */
  readonly input?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly deadlineMs: number;
  readonly onLine?: (line: Record<string, unknown>) => void;
}

/**
 * Starts `bitdust …` with the Node that runs us. It holds a channel to this process and ends by itself when this process
 * dies, so nothing is left behind.
 */
export function spawnProgram(options: SpawnOptions): ProgramProcess {
  const child = spawn(process.execPath, [MAIN, ...options.arguments], {
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe', 'ipc'],
    env: { ...process.env, UV_THREADPOOL_SIZE: '16', ...options.environment },
  });
  const errors: string[] = [];
  child.stdin?.end(options.input);
  createInterface({ input: child.stderr as NodeJS.ReadableStream }).on('line', (line) => {
    errors.push(line);
    if (errors.length > ERROR_LINES_KEPT) errors.shift();
  });
  const exited = exitOf(child);
  return {
    pid: child.pid ?? 0,
    first: firstLine(child, exited, options, errors),
    running: () => child.exitCode === null && child.signalCode === null,
    exited,
    async stop() {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_GRACE_MS);
      await exited;
      clearTimeout(timer);
    },
    killNow: () => void child.kill('SIGKILL'),
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** Runs `bitdust …` to its end and gives the one JSON document it prints. Rejects with `CHILD_FAILED`. */
export async function runProgram(options: SpawnOptions): Promise<Record<string, unknown>> {
  const program = spawnProgram(options);
  try {
    const answer = await program.first;
    await program.exited;
    return answer;
  } finally {
    if (program.running()) await program.kill();
  }
}

/** What `start --json` prints first. */
export async function startedNode(program: ProgramProcess): Promise<StatusAnswer> {
  return (await program.first) as unknown as StatusAnswer;
}

async function exitOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null) return child.exitCode;
  const [code] = (await once(child, 'exit')) as [number | null];
  return code;
}

function firstLine(
  child: ChildProcess,
  exited: Promise<number | null>,
  options: SpawnOptions,
  errors: readonly string[],
): Promise<Record<string, unknown>> {
  const command = `bitdust ${options.arguments.join(' ')}`;
  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(new BitDustError('CHILD_FAILED', `${command}: ${why}\n${errors.join('\n')}`));
    const timer = setTimeout(() => {
      fail(`no answer within ${options.deadlineMs / 1000} s`);
      child.kill('SIGKILL');
    }, options.deadlineMs);
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      const parsed = parseLine(line);
      if (!parsed) return;
      if (parsed['error']) fail(String((parsed['error'] as { message?: unknown }).message ?? line));
      clearTimeout(timer);
      resolve(parsed);
      options.onLine?.(parsed);
    });
    void exited.then((code) => {
      clearTimeout(timer);
      fail(`ended with ${code ?? 'a signal'}`);
    });
  });
}

function parseLine(line: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
