import ts from 'typescript';
import { sourcesUnder, textOf } from '../files.ts';
import { lineAt, type Problem, type Rule } from './problem.ts';
import { withoutComments } from './seam.ts';
import { SOURCE_FOLDERS } from './sizes.ts';
import { lineOf, nodesOf, sourceOf } from './source.ts';

const FORBIDDEN: readonly (readonly [RegExp, string])[] = [
  [/\b(test|it|describe|suite)\.only\(|\{ only: true/g, 'runs only one test'],
  [/@ts-ignore|@ts-nocheck/g, 'silences the compiler'],
  [/\bTODO\b|\bFIXME\b|\bXXX\b/g, 'leaves work in a comment'],
  [/\bdebugger;/g, 'stops in the debugger'],
];
/** The rule itself and the test that feeds it what is forbidden. */
const SPEAKS_OF_THEM = ['scripts/tidy/words.ts', 'test/scripts/tidy.test.ts'];
const BANNED_NAMES = /(^|\/)(utils?|helpers?|misc|common)(\.ts|\/)/;
/** A configuration file is a module whose default export is read. */
const DEFAULT_EXPORTS = /\.config\.ts$|\.d\.ts$|^examples\//;

/** Words that must not be in a source, and names that say nothing. */
export const words: Rule = {
  name: 'words',
  check: () =>
    SOURCE_FOLDERS.flatMap(sourcesUnder)
      .filter((path) => !SPEAKS_OF_THEM.includes(path))
      .flatMap(problemsOf),
};

function problemsOf(path: string): Problem[] {
  const whole = textOf(path);
  const code = withoutComments(whole);
  const found = FORBIDDEN.flatMap(([pattern, what]) => {
    const text = what.includes('comment') || what.includes('compiler') ? whole : code;
    return [...text.matchAll(pattern)].map((match) => problem(`${path}:${lineAt(text, match.index)}`, what));
  });
  const named = BANNED_NAMES.test(path) ? [problem(path, 'has a name that says nothing')] : [];
  return [...found, ...syntaxProblems(path), ...named];
}

function syntaxProblems(path: string): Problem[] {
  const source = sourceOf(path);
  const found: Problem[] = [];
  for (const node of nodesOf(source)) {
    const where = (): string => `${path}:${lineOf(source, node)}`;
    if (node.kind === ts.SyntaxKind.AnyKeyword) found.push(problem(where(), 'says any'));
    if (node.kind === ts.SyntaxKind.DefaultKeyword && !ts.isDefaultClause(node.parent) && !DEFAULT_EXPORTS.test(path)) {
      found.push(problem(where(), 'has a default export'));
    }
  }
  return found;
}

function problem(where: string, what: string): Problem {
  return { rule: 'words', where, what };
}
