import type { ByteName } from './byte-names.ts';

/** The text of one `.bitdustignore` and the folder it stands in; both as byte names. */
export interface IgnoreFile {
  readonly folder: ByteName;
  readonly text: string;
}

interface Rule {
  readonly pattern: RegExp;
  readonly negated: boolean;
  readonly foldersOnly: boolean;
}

const SPECIAL = /[.+^${}()|\\]/;
const compiled = new Map<string, readonly Rule[]>();
const COMPILED_MAX = 256;

function classEnd(glob: string, at: number): number {
  const first = glob[at + 1] === '!' || glob[at + 1] === '^' ? at + 2 : at + 1;
  return glob.indexOf(']', first + 1);
}

function classSource(glob: string, at: number, end: number): string {
  const inner = glob
    .slice(at + 1, end)
    .replaceAll('\\', '\\\\')
    .replaceAll('[', '\\[');
  return inner.startsWith('!') || inner.startsWith('^') ? `[^/${inner.slice(1)}]` : `[${inner}]`;
}

function starSource(glob: string, at: number): { readonly source: string; readonly next: number } {
  if (glob.startsWith('**/', at) && (at === 0 || glob[at - 1] === '/')) return { source: '(?:.*/)?', next: at + 3 };
  if (glob.slice(at) === '**' && glob[at - 1] === '/') return { source: '.+', next: at + 2 };
  let next = at;
  while (glob[next] === '*') next += 1;
  return { source: '[^/]*', next };
}

function globSource(glob: string): string {
  let source = '';
  for (let at = 0; at < glob.length; ) {
    const sign = glob[at]!;
    const end = sign === '[' ? classEnd(glob, at) : -1;
    if (sign === '*') {
      const star = starSource(glob, at);
      source += star.source;
      at = star.next;
    } else if (end > 0) {
      source += classSource(glob, at, end);
      at = end + 1;
    } else {
      const literal = sign === '\\' && at + 1 < glob.length ? glob[++at]! : sign;
      source += sign === '?' ? '[^/]' : SPECIAL.test(literal) || '*?[]'.includes(literal) ? `\\${literal}` : literal;
      at += 1;
    }
  }
  return source;
}

function ruleOf(line: string): Rule | undefined {
  let glob = line.replace(/(?<!\\)\s+$/, '');
  if (glob === '' || glob.startsWith('#')) return undefined;
  const negated = glob.startsWith('!');
  if (negated) glob = glob.slice(1);
  const foldersOnly = glob.endsWith('/');
  if (foldersOnly) glob = glob.slice(0, -1);
  const anchored = glob.includes('/');
  if (glob.startsWith('/')) glob = glob.slice(1);
  if (glob === '') return undefined;
  try {
    return { pattern: new RegExp(`^${anchored ? '' : '(?:.*/)?'}${globSource(glob)}$`, 's'), negated, foldersOnly };
  } catch {
    return undefined;
  }
}

function rulesOf(text: string): readonly Rule[] {
  const found = compiled.get(text);
  if (found !== undefined) return found;
  const rules = text.split('\n').flatMap((line) => ruleOf(line.replace(/\r$/, '')) ?? []);
  if (compiled.size >= COMPILED_MAX) compiled.clear();
  compiled.set(text, rules);
  return rules;
}

/**
 * True when the last matching line of the files, outer folders first, says that the path is left out. The lines are those
 * of gitignore: `#`, `!`, `/` at begin and end, `*`, `?`, `[a-z]`, `**`. What lies in an ignored folder is not looked at.
 */
export function isIgnored(files: readonly IgnoreFile[], path: ByteName, isFolder: boolean): boolean {
  let ignored = false;
  for (const { folder, text } of files) {
    const relative = folder === '' ? path : path.slice(folder.length + 1);
    for (const { pattern, negated, foldersOnly } of rulesOf(text)) {
      if ((isFolder || !foldersOnly) && ignored === negated && pattern.test(relative)) ignored = !negated;
    }
  }
  return ignored;
}
