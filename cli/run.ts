import { type Command, CommanderError } from 'commander';
import type { GlobalOptions } from './context.ts';
import { reportFailure } from './failure.ts';
import { createProgram } from './program.ts';

/** Runs one command line and gives its exit code. Nothing is thrown. */
export async function runCommandLine(words: readonly string[]): Promise<number> {
  process.stdout.on('error', endQuietly);
  process.stderr.on('error', endQuietly);
  const { VERSION } = await import('../node/version.ts');
  const program = createProgram(VERSION);
  try {
    await program.parseAsync([...words], { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    return reportFailure(error, globalsOf(program, words));
  }
}

/** Whoever read our output has seen enough, as `head` does. */
function endQuietly(error: NodeJS.ErrnoException): void {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
}

/** What was parsed before a mistake may lack --json, so that is looked for among the words themselves. */
function globalsOf(program: Command, words: readonly string[]): GlobalOptions {
  return { ...program.opts<GlobalOptions>(), ...(words.includes('--json') ? { json: true } : {}) };
}
