import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';

/** Root of the repository; the tests of the rules name another. */
export const ROOT = process.env['BITDUST_ROOT'] ?? join(import.meta.dirname, '..');

const SKIPPED = new Set(['node_modules', '.git', 'dist', '.cache']);

/** Every file of the repository under a folder, relative to the root, sorted. */
export function filesUnder(folder: string): string[] {
  const full = join(ROOT, folder);
  const entries = readdirSync(full, { withFileTypes: true }).filter((entry) => !SKIPPED.has(entry.name));
  return entries
    .flatMap((entry) => {
      const path = relative(ROOT, join(full, entry.name));
      if (entry.isDirectory()) return filesUnder(path);
      return entry.isFile() ? [path] : [];
    })
    .sort();
}

/** TypeScript files under a folder; none when it is not there. */
export function sourcesUnder(folder: string): string[] {
  if (!exists(folder)) return [];
  return filesUnder(folder).filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'));
}

/** The text of a file, by its path from the root. */
export function textOf(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** True when there is such a file or folder. */
export function exists(path: string): boolean {
  return statSync(join(ROOT, path), { throwIfNoEntry: false }) !== undefined;
}
