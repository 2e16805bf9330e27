#!/usr/bin/env node
// Nothing is imported before the version is known: an older Node would fail on the first modern line with a riddle.

const NODE_NEEDED: readonly [number, number] = [22, 18];

/** Commands whose process is a node: their work for the disk shares libuv's threads, of which there are four by default. */
const NODE_COMMANDS = ['start', 'seed'];
const THREADS = '16';

await begin(process.argv.slice(2));

async function begin(words: readonly string[]): Promise<void> {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < NODE_NEEDED[0] || (major === NODE_NEEDED[0] && minor < NODE_NEEDED[1])) return runWithPinnedNode(words);
  const isNode = NODE_COMMANDS.some((command) => words.includes(command)) && !words.includes('--detach');
  if (isNode && process.env['UV_THREADPOOL_SIZE'] === undefined) return runWithThreads(words);
  const { runCommandLine } = await import('./run.ts');
  process.exitCode = await runCommandLine(words);
}

async function runWithPinnedNode(words: readonly string[]): Promise<void> {
  const { existsSync } = await import('node:fs');
  const { fileURLToPath } = await import('node:url');
  const pinned = fileURLToPath(new URL('../node_modules/.bin/node', import.meta.url));
  if (!existsSync(pinned)) {
    const needed = NODE_NEEDED.join('.');
    process.stderr.write(`error NODE_TOO_OLD: BitDust needs Node ${needed} or newer; this is ${process.version}.\n`);
    process.stderr.write('Install Node 24, or run npm ci in the folder of the sources.\n');
    process.exitCode = 1;
    return;
  }
  await runInstead(pinned, words, process.env);
}

/** The pool takes its size before the first read of a file, so it cannot be set from within. The process stays the same where the system can do that. */
async function runWithThreads(words: readonly string[]): Promise<void> {
  const env = { ...process.env, UV_THREADPOOL_SIZE: THREADS };
  const { fileURLToPath } = await import('node:url');
  const program = [process.execPath, ...process.execArgv, fileURLToPath(import.meta.url)];
  if (process.platform !== 'win32') process.execve?.(process.execPath, [...program, ...words], env);
  await runInstead(process.execPath, words, env);
}

/** Runs this program again in a child that has our terminal, gets our signals and gives us its exit code. */
async function runInstead(program: string, words: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const { spawn } = await import('node:child_process');
  const { fileURLToPath } = await import('node:url');
  const child = spawn(program, [...process.execArgv, fileURLToPath(import.meta.url), ...words], {
    stdio: 'inherit',
    env,
  });
  const signals: NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  // A terminal sends SIGINT to both of us already; the others are for us alone.
  for (const signal of signals) process.on(signal, () => signal !== 'SIGINT' && child.kill(signal));
  await new Promise<void>((resolve) => {
    child.once('error', (error) => {
      process.stderr.write(`error INTERNAL: ${error.message}\n`);
      process.exitCode = 1;
      resolve();
    });
    child.once('close', (code, signal) => {
      process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 1);
      resolve();
    });
  });
}
