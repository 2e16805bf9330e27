import { CHAPTERS, type Chapter, MACHINES } from '../../machines/index.ts';
import { sourcesUnder, textOf } from '../files.ts';

/** Who says a fact and who hears it: stems of machines and other sources. */
export interface FactRow {
  readonly fact: string;
  readonly chapter: Chapter;
  readonly publishers: readonly string[];
  readonly listeners: readonly string[];
}

const FACT_NAME = /'([a-z-]+\.[a-z-]+)'/g;

/** Every fact of `bus/facts/`, with what a reading of the sources finds around it. */
export function factRows(): FactRow[] {
  const facts = CHAPTERS.flatMap((chapter) => factsOf(chapter).map((fact) => ({ fact, chapter })));
  const known = new Set(facts.map((row) => row.fact));
  const said = new Map<string, Set<string>>();
  const heard = new Map<string, Set<string>>();
  for (const path of ['machines', 'services', 'node'].flatMap(sourcesUnder)) {
    const text = textOf(path);
    for (const fact of publishedIn(path, text)) note(said, fact, path, known);
    for (const fact of subscribedIn(text)) note(heard, fact, path, known);
  }
  for (const { machine } of MACHINES) for (const fact of machine.events) note(heard, fact, machine.id, known);
  return facts.map((row) => ({
    ...row,
    publishers: [...(said.get(row.fact) ?? [])].sort(),
    listeners: [...(heard.get(row.fact) ?? [])].sort(),
  }));
}

function factsOf(chapter: Chapter): string[] {
  const path = `bus/facts/${chapter}.ts`;
  return sourcesUnder('bus/facts').includes(path)
    ? [...textOf(path).matchAll(/^\s+'([a-z-]+\.[a-z-]+)':/gm)].map((match) => match[1]!)
    : [];
}

/** In a machine: the facts of its `emitted` type. Elsewhere: events given to `publish`. */
function publishedIn(path: string, text: string): string[] {
  if (path.endsWith('.machine.ts')) return factsAfter(text, /emitted: \{\} as/g);
  return factsAfter(text, /\bpublish\(\s*\{\s*type:/g, 1);
}

/** Facts subscribed to by the source itself; what machines hear is read from the machines. */
function subscribedIn(text: string): string[] {
  return factsAfter(text, /\bsubscribe\(\s*(?=\[)/g);
}

/** Fact names in the statement that begins at each match: up to the first line that ends it. */
function factsAfter(text: string, start: RegExp, limit = Number.POSITIVE_INFINITY): string[] {
  return [...text.matchAll(start)].flatMap((match) => {
    const rest = text.slice(match.index + match[0].length);
    const end = start.source.includes('subscribe') ? rest.indexOf(']') : endOfType(rest);
    return [...rest.slice(0, end).matchAll(FACT_NAME)].slice(0, limit).map((found) => found[1]!);
  });
}

/** A type ends where its brackets are closed and a comma, semicolon or brace follows. */
function endOfType(text: string): number {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!;
    if ('<({['.includes(char)) depth++;
    else if ('>)}]'.includes(char) && text[at - 1] !== '=') depth--;
    if (depth < 0 || (depth === 0 && (char === ';' || char === ','))) return at;
  }
  return text.length;
}

function note(map: Map<string, Set<string>>, fact: string, path: string, known: ReadonlySet<string>): void {
  if (!known.has(fact)) return;
  map.set(fact, (map.get(fact) ?? new Set()).add(stemOf(path)));
}

/** `machines/suppliers/fire-hire.machine.ts` and its service are both `fire-hire`. */
function stemOf(path: string): string {
  return path
    .split('/')
    .at(-1)!
    .replace(/(\.machine|\.service)?\.ts$/, '');
}
