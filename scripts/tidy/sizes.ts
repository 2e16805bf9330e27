import ts from 'typescript';
import { exists, sourcesUnder, textOf } from '../files.ts';
import { LONG_FILES, LONG_FUNCTIONS } from './exceptions.ts';
import type { Problem, Rule } from './problem.ts';
import { lineOf, nodesOf, sourceOf } from './source.ts';

const FILE_LINES_MAX = 300;
const MACHINE_LINES_MAX = 200;
/** A test file is a list; it is read a title at a time. */
const TEST_LINES_MAX = 500;
const FUNCTION_LINES_MAX = 50;

/** Our own sources; generated ones and test data are elsewhere. */
export const SOURCE_FOLDERS = [
  'protocol',
  'ports',
  'bus',
  'machines',
  'services',
  'transports',
  'storage',
  'node',
  'gateways',
  'cli',
  'scripts',
  'bench',
  'examples',
  'test',
];

/** Files, machines and functions are short enough to be read at once. */
export const sizes: Rule = {
  name: 'sizes',
  check: () => [...SOURCE_FOLDERS.flatMap(sourcesUnder).flatMap(problemsOf), ...staleExceptions()],
};

function problemsOf(path: string): Problem[] {
  const lines = textOf(path).trimEnd().split('\n').length;
  const max = linesMax(path);
  const long = lines > max && !LONG_FILES[path] ? [problem(path, `has ${lines} lines, more than ${max}`)] : [];
  return [...long, ...(path.startsWith('test/') ? [] : longFunctions(path))];
}

function linesMax(path: string): number {
  if (path.startsWith('test/')) return TEST_LINES_MAX;
  return path.endsWith('.machine.ts') ? MACHINE_LINES_MAX : FILE_LINES_MAX;
}

function longFunctions(path: string): Problem[] {
  const source = sourceOf(path);
  const found: Problem[] = [];
  for (const node of nodesOf(source)) {
    if (!ts.isFunctionLike(node) || !('body' in node) || !node.body) continue;
    const name = nameOf(node);
    const lines = ownLines(source, node);
    if (lines <= FUNCTION_LINES_MAX || LONG_FUNCTIONS[`${path}#${name}`]) continue;
    found.push(
      problem(`${path}:${lineOf(source, node)}`, `${name} has ${lines} lines, more than ${FUNCTION_LINES_MAX}`),
    );
  }
  return found;
}

/** Lines of a function without those of the functions in it, which are counted by themselves. */
function ownLines(source: ts.SourceFile, node: ts.Node): number {
  const span = (each: ts.Node): number =>
    source.getLineAndCharacterOfPosition(each.end).line -
    source.getLineAndCharacterOfPosition(each.getStart(source)).line;
  const inner = (each: ts.Node): number => {
    let lines = 0;
    each.forEachChild((child) => {
      lines += ts.isFunctionLike(child) ? span(child) : inner(child);
    });
    return lines;
  };
  return span(node) + 1 - inner(node);
}

function nameOf(node: ts.SignatureDeclaration): string {
  const own = node.name?.getText();
  const parent = node.parent as { readonly name?: ts.Node } | undefined;
  return own ?? parent?.name?.getText() ?? 'a function';
}

function staleExceptions(): Problem[] {
  const paths = [...Object.keys(LONG_FILES), ...Object.keys(LONG_FUNCTIONS).map((key) => key.split('#')[0]!)];
  return paths.filter((path) => !exists(path)).map((path) => problem(path, 'is an exception for a file that is gone'));
}

function problem(where: string, what: string): Problem {
  return { rule: 'sizes', where, what };
}
