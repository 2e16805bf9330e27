import type { Command } from 'commander';
import type { AnswerOf, InputOf, OperationName } from '../node/api/index.ts';
import { isBitDustError } from '../protocol/errors.ts';
import { type Context, createContext, type GlobalOptions } from './context.ts';

type Run<O, A extends readonly unknown[]> = (context: Context, options: O, ...args: A) => Promise<void>;

/** Turns a function of context, options and arguments into what commander calls. */
export function action<O, A extends readonly unknown[]>(run: Run<O, A>): (...all: unknown[]) => Promise<void> {
  return async (...all) => {
    const command = all.at(-1) as Command;
    const options = command.optsWithGlobals<GlobalOptions & O>();
    await run(await createContext(options), options, ...(all.slice(0, -2) as unknown as A));
  };
}

/** Asks the running node for one answer. */
export async function ask<N extends OperationName>(context: Context, name: N, input: InputOf<N>): Promise<AnswerOf<N>> {
  const client = await context.client();
  return (await client.call(name, input, { signal: context.signal })) as AnswerOf<N>;
}

/** Asks the running node, or does it here when the node is stopped. */
export async function askOr<N extends OperationName>(
  context: Context,
  name: N,
  input: InputOf<N>,
  offline: () => Promise<AnswerOf<N>>,
): Promise<AnswerOf<N>> {
  try {
    return await ask(context, name, input);
  } catch (error) {
    if (!isBitDustError(error, 'NODE_NOT_RUNNING')) throw error;
    return offline();
  }
}

/** Text under the help of a command. */
export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}
