import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));
const FAKE_DAEMON = fileURLToPath(new URL('./fake-daemon.ts', import.meta.url));

/**
 * A transcript is text: `$ words` runs `bitdust words`, the lines after it are what is printed, those with `! ` on standard
 * error, and `? 3` is the exit code (0 when left out). `< text` before a command is its standard input, `%node` starts a node of
 * the home, `%file NAME` and lines with `| ` write a file into it. `$HOME` and `$PID` stand for those, `...` for any lines, and `~`
 * within a line for any text. `#` is a comment.
 */
export interface Step {
  readonly line: number;
  readonly words: readonly string[];
  readonly input: string;
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
  readonly exit: number;
}

export type Directive = { readonly node: true } | { readonly file: string; readonly text: string } | Step;

/** Reads a transcript. */
export function parseTranscript(text: string): Directive[] {
  const found: Directive[] = [];
  const lines = text.split('\n');
  let input = '';
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? '';
    if (line === '%node') found.push({ node: true });
    else if (line.startsWith('%file ')) {
      const file = line.slice('%file '.length);
      let text = '';
      while (lines[index + 1]?.startsWith('| ')) text += `${lines[++index]?.slice(2)}\n`;
      found.push({ file, text });
    } else if (line.startsWith('< ')) input += `${line.slice(2)}\n`;
    else if (line.startsWith('$ ')) {
      const body: string[] = [];
      const begun = index + 1;
      while (index + 1 < lines.length && !isNext(lines, index + 1)) body.push(lines[++index] ?? '');
      while (body.at(-1) === '') body.pop();
      const exit = Number(body.find((each) => each.startsWith('? '))?.slice(2) ?? 0);
      const stderr = body.filter((each) => each.startsWith('! ')).map((each) => each.slice(2));
      const stdout = body.filter((each) => !/^[!?] /.test(each));
      found.push({ line: begun, words: wordsOf(line.slice(2)), input, stdout, stderr, exit });
      input = '';
    }
  }
  return found;
}

/** What a command prints ends before the next one, or before a comment after an empty line. */
function isNext(lines: readonly string[], index: number): boolean {
  const line = lines[index] ?? '';
  return /^(\$ |%node$|%file |< )/.test(line) || (line.startsWith('#') && lines[index - 1] === '');
}

/** Words, with quotes around those that hold spaces. */
function wordsOf(text: string): string[] {
  return [...text.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
}

export interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  readonly exit: number | null;
}

/** A home of its own, and what runs in it. */
export interface Stage {
  readonly home: string;
  run(words: readonly string[], input?: string): Promise<Ran>;
  spawn(words: readonly string[]): ChildProcess;
  startNode(): Promise<ChildProcess>;
  writeFile(name: string, text: string): void;
  end(): Promise<void>;
}

/** Makes a stage; `end` kills what was started and removes the home. */
export function createStage(): Stage {
  const root = mkdtempSync(join(tmpdir(), 'bitdust-cli-'));
  const home = join(root, 'home');
  const children: ChildProcess[] = [];
  const env = { PATH: process.env['PATH'] ?? '', HOME: root, BITDUST_HOME: home, NO_COLOR: '1', TZ: 'UTC' };
  const start = (words: readonly string[], stdin: 'pipe' | 'ignore') => {
    const child = spawn(process.execPath, words, { cwd: root, env, stdio: [stdin, 'pipe', 'pipe'] });
    children.push(child);
    return child;
  };
  return {
    home,
    spawn: (words) => start([MAIN, ...words], 'ignore'),
    async run(words, input = '') {
      const child = start([MAIN, ...words], 'pipe');
      child.stdin?.on('error', () => undefined).end(input);
      const [stdout, stderr, [exit]] = await Promise.all([
        textOf(child, 'stdout'),
        textOf(child, 'stderr'),
        once(child, 'close'),
      ]);
      return { stdout, stderr, exit: exit as number | null };
    },
    async startNode() {
      mkdirSync(home, { recursive: true });
      const node = start([FAKE_DAEMON, home], 'ignore');
      const errors = textOf(node, 'stderr');
      const ready = once(node.stdout as NodeJS.ReadableStream, 'data');
      await Promise.race([ready, once(node, 'exit').then(async () => Promise.reject(new Error(await errors)))]);
      return node;
    },
    writeFile: (name, text) => {
      mkdirSync(home, { recursive: true });
      writeFileSync(join(home, name), text);
    },
    async end() {
      const running = children.filter((child) => child.exitCode === null && child.signalCode === null);
      for (const child of running) child.kill('SIGKILL');
      await Promise.all(running.map((child) => once(child, 'close')));
      rmSync(root, { recursive: true, force: true });
    },
  };
}

async function textOf(child: ChildProcess, stream: 'stdout' | 'stderr'): Promise<string> {
  let text = '';
  for await (const chunk of child[stream] ?? []) text += String(chunk);
  return text;
}

/** The first line that differs from what is expected, or null. */
export function difference(printed: string, expected: readonly string[]): string | null {
  const lines = printed.replace(/\n$/, '').split('\n');
  if (printed === '') lines.length = 0;
  let at = 0;
  for (const [index, pattern] of expected.entries()) {
    if (pattern === '...') {
      const next = expected[index + 1];
      if (next === undefined) return null;
      while (at < lines.length && !matches(lines[at] ?? '', next)) at++;
    } else if (at >= lines.length || !matches(lines[at] ?? '', pattern)) {
      return `expected ${JSON.stringify(pattern)}, got ${JSON.stringify(lines[at])} in\n${printed}`;
    } else at++;
  }
  return at === lines.length ? null : `nothing more was expected, got ${JSON.stringify(lines[at])}`;
}

function matches(line: string, pattern: string): boolean {
  const parts = pattern.split('~').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`).test(line);
}
