import { dirname, join, normalize } from 'node:path';
import { CHAPTERS, MACHINES } from '../../machines/index.ts';
import { SERVICES } from '../../services/index.ts';
import { exists, filesUnder, textOf } from '../files.ts';
import { lineAt, type Problem, type Rule } from './problem.ts';

/** Links of the documents lead somewhere, and the glossary has every chapter and service. */
export const documents: Rule = {
  name: 'documents',
  check: () => [...pages().flatMap(linkProblems), ...glossaryProblems()],
};

function pages(): string[] {
  const top = filesUnder('.').filter((path) => !path.includes('/') && path.endsWith('.md'));
  const below = ['docs', 'examples', 'bench'].filter(exists).flatMap(filesUnder);
  return [...top, ...below.filter((path) => path.endsWith('.md'))];
}

function linkProblems(path: string): Problem[] {
  const text = textOf(path);
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].flatMap((match) => {
    const [target, anchor] = match[1]!.split('#');
    if (/^[a-z]+:/.test(match[1]!)) return [];
    const file = target ? normalize(join(dirname(path), decodeURI(target))) : path;
    const where = `${path}:${lineAt(text, match.index)}`;
    if (!exists(file)) return [problem(where, `links to ${match[1]}, which is not there`)];
    if (anchor && file.endsWith('.md') && !anchorsOf(textOf(file)).has(anchor)) {
      return [problem(where, `links to #${anchor}, which is no heading of ${file}`)];
    }
    return [];
  });
}

function anchorsOf(text: string): Set<string> {
  return new Set(
    [...text.matchAll(/^#+ (.+)$/gm)].map((match) =>
      match[1]!
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replaceAll(' ', '-'),
    ),
  );
}

function glossaryProblems(): Problem[] {
  if (!exists('docs/glossary.md')) return [];
  const text = textOf('docs/glossary.md').toLowerCase();
  const nouns = [...CHAPTERS, ...SERVICES.map((row) => row.name), ...KEY_NOUNS];
  const missing = [...new Set(nouns)].filter((noun) => !text.includes(`**${noun}**`));
  const machines = MACHINES.filter((row) => !row.machine.root.description).map((row) => row.machine.id);
  return [
    ...missing.map((noun) => problem('docs/glossary.md', `does not explain ${noun}`)),
    ...machines.map((name) => problem(`machines: ${name}`, 'has no description')),
  ];
}

/** Nouns that the code uses and a newcomer cannot know. */
const KEY_NOUNS = [
  'seat',
  'block',
  'piece',
  'version',
  'set',
  'family',
  'order log',
  'quorum',
  'contract',
  'fact',
  'port',
];

function problem(where: string, what: string): Problem {
  return { rule: 'documents', where, what };
}
