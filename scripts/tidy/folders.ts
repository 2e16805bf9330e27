import { readdirSync } from 'node:fs';
import { exists, ROOT } from '../files.ts';
import type { Problem, Rule } from './problem.ts';

const FOLDERS = new Set(
  (
    'machines services transports storage cli test diagrams protocol ports bus node gateways web bench examples docs ' +
    'scripts changes node_modules dist .git .ci .github'
  ).split(' '),
);
const NEEDED = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'SECURITY.md',
  'LICENSE',
  'docs/glossary.md',
  '.ci/run',
];

/** The top of the repository holds the agreed folders and documents, and no others. */
export const folders: Rule = {
  name: 'folders',
  check: () => [
    ...readdirSync(ROOT, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !FOLDERS.has(entry.name))
      .map((entry) => problem(`${entry.name}/`, 'is no agreed top folder')),
    ...NEEDED.filter((path) => !exists(path)).map((path) => problem(path, 'is missing')),
  ],
};

function problem(where: string, what: string): Problem {
  return { rule: 'folders', where, what };
}
