import { styleText } from 'node:util';
import { BitDustError, type ErrorCode } from '../protocol/errors.ts';
import type { NodeClient } from './client.ts';
import { signalOfTerminal } from './interrupt.ts';

/** Options that every command takes. */
export interface GlobalOptions {
  readonly home?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly color?: boolean;
}

type Style = Parameters<typeof styleText>[0];

/** What a command works with: where it is, whom it talks to, and how it prints. */
export interface Context {
  readonly home: string;
  readonly cwd: string;
  readonly json: boolean;
  readonly quiet: boolean;
  /** Aborts at Ctrl-C. */
  readonly signal: AbortSignal;
  /** The running node; rejects with `NODE_NOT_RUNNING` when there is none. */
  client(): Promise<NodeClient>;
  /** The answer: as JSON, or as `text` makes it. */
  print(answer: unknown, text: () => string): void;
  /** One line of a command that goes on. */
  line(answer: unknown, text: () => string): void;
  /** A remark beside the answer, on standard error; none with --quiet or --json. */
  note(sentence: string): void;
  style(style: Style, text: string): string;
  /** Draws bars: on a terminal, without --json and --quiet. */
  readonly interactive: boolean;
}

/** Makes the context of one command from its options. */
export async function createContext(options: GlobalOptions): Promise<Context> {
  const { chooseHome } = await import('../node/home.ts');
  const { json = false, quiet = false, color = true } = options;
  const home = chooseHome(options.home);
  let client: Promise<NodeClient> | undefined;
  const write = (text: string): void => void process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
  const put = (answer: unknown, text: () => string): void => {
    if (json) write(JSON.stringify(answer));
    else if (!quiet) write(text());
  };
  let signal: AbortSignal | undefined;
  return {
    home,
    cwd: process.cwd(),
    json,
    quiet,
    get signal() {
      return (signal ??= signalOfTerminal());
    },
    client: () => (client ??= import('./client.ts').then(({ connectNode }) => connectNode(home))),
    print: put,
    line: put,
    note: (sentence) => void (quiet || json || process.stderr.write(`${sentence}\n`)),
    style: (style, text) => (color && !json ? styleText(style, text, { stream: process.stdout }) : text),
    interactive: process.stderr.isTTY === true && !json && !quiet,
  };
}

/** A command line that cannot be meant so. */
export function usageError(sentence: string, code: ErrorCode = 'USAGE'): BitDustError {
  return new BitDustError(code, sentence);
}
