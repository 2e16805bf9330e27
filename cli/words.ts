import type { Context } from './context.ts';
import { usageError } from './context.ts';
import { Interrupted } from './interrupt.ts';

const WORDS = 24;
const INPUT_BYTES_MAX = 64 * 1024;

/** Where words and passphrases are typed or come from. */
export interface SecretInput {
  readonly stdin: NodeJS.ReadStream;
  readonly stderr: NodeJS.WritableStream;
}

const terminal: SecretInput = process;

/** The recovery words: asked one by one on a terminal, else the first line of standard input. */
export async function readWords(context: Pick<Context, 'signal'>, input: SecretInput = terminal): Promise<string[]> {
  if (!input.stdin.isTTY) return wordsOf((await readLines(input))[0] ?? '');
  const words: string[] = [];
  while (words.length < WORDS) {
    const typed = await askHidden(`word ${words.length + 1} of ${WORDS}: `, { shown: true }, context, input);
    words.push(...wordsOf(typed));
  }
  return words;
}

/** Words and, when wanted, a new passphrase: from the terminal, else from the first and second line. */
export async function readWordsAndPassphrase(
  context: Pick<Context, 'signal'>,
  wanted: boolean,
  input: SecretInput = terminal,
): Promise<{ readonly words: string[]; readonly passphrase: string | null }> {
  if (input.stdin.isTTY) {
    const words = await readWords(context, input);
    return { words, passphrase: wanted ? await askNewPassphrase(context, input) : null };
  }
  const lines = await readLines(input);
  return { words: wordsOf(lines[0] ?? ''), passphrase: wanted ? passphraseOf(lines[1]) : null };
}

/** A new passphrase: asked twice on a terminal, else the first line of standard input. */
export async function readNewPassphrase(
  context: Pick<Context, 'signal'>,
  input: SecretInput = terminal,
): Promise<string> {
  return input.stdin.isTTY ? askNewPassphrase(context, input) : passphraseOf((await readLines(input))[0]);
}

/** The passphrase of a locked home: asked on a terminal, else the first line of standard input. */
export async function readPassphrase(context: Pick<Context, 'signal'>, input: SecretInput = terminal): Promise<string> {
  if (input.stdin.isTTY) return askHidden('passphrase: ', { shown: false }, context, input);
  return passphraseOf((await readLines(input))[0]);
}

/** One line typed on the terminal; it is erased when it is over, and never shown when it is a passphrase. */
export function askHidden(
  question: string,
  { shown }: { readonly shown: boolean },
  { signal }: Pick<Context, 'signal'>,
  { stdin, stderr }: SecretInput = terminal,
): Promise<string> {
  return new Promise((resolve, reject) => {
    let typed = '';
    const draw = (): void => void stderr.write(`\r\u001b[K${question}${shown ? typed : '*'.repeat(typed.length)}`);
    const finish = (end: () => void): void => {
      stdin.off('data', hear);
      signal.removeEventListener('abort', interrupt);
      stdin.setRawMode?.(false);
      stdin.pause();
      stderr.write('\r\u001b[K');
      end();
    };
    const interrupt = (): void => finish(() => reject(new Interrupted('Interrupted; nothing was written.')));
    const hear = (chunk: Buffer | string): void => {
      for (const key of chunk.toString('utf8')) {
        if (key === '\u0003' || key === '\u0004') {
          interrupt();
          return;
        }
        if (key === '\r' || key === '\n') {
          finish(() => resolve(typed));
          return;
        }
        if (key === '\u007f' || key === '\b') typed = typed.slice(0, -1);
        else if (key >= ' ' && typed.length < 1000) typed += key;
      }
      draw();
    };
    stdin.setRawMode?.(true);
    stdin.resume();
    stdin.on('data', hear);
    signal.addEventListener('abort', interrupt, { once: true });
    draw();
  });
}

/** Lower-case words, split at white space. */
export function wordsOf(text: string): string[] {
  return text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
}

async function askNewPassphrase(context: Pick<Context, 'signal'>, input: SecretInput): Promise<string> {
  const first = await askHidden('new passphrase: ', { shown: false }, context, input);
  const second = await askHidden('once more: ', { shown: false }, context, input);
  if (first !== second) throw usageError('The two passphrases differ.');
  return passphraseOf(first);
}

function passphraseOf(text: string | undefined): string {
  if (text === undefined || text === '') throw usageError('There is no passphrase.');
  return text;
}

/** Everything up to the end, or to a second line break. */
async function readLines({ stdin }: SecretInput): Promise<string[]> {
  let text = '';
  for await (const chunk of stdin) {
    text += chunk.toString('utf8');
    if (text.length > INPUT_BYTES_MAX) throw usageError('The input is too long.');
  }
  return text.split(/\r?\n/);
}
