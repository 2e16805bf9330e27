import { existsSync } from 'node:fs';
import { cp, lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const BYTES_MAX = 150e6;

/** What a folder holds. */
export interface FolderSize {
  readonly files: number;
  readonly bytes: number;
}

/** Counts files and bytes of a tree; links are counted as files without bytes. */
export async function measureFolder(folder: string): Promise<FolderSize> {
  let files = 0;
  let bytes = 0;
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isDirectory()) continue;
    files += 1;
    if (entry.isFile()) bytes += (await lstat(join(entry.parentPath, entry.name))).size;
  }
  return { files, bytes };
}

/** Folders of the project itself that go into the story. */
const OWN = ['machines', 'services', 'protocol', 'ports', 'storage', 'transports', 'node', 'cli', 'docs', 'diagrams'];
const PACKAGE_BYTES_MAX = 40e6;

/**
 * Gathers the folder of the story: the project's own sources and as many packages of its `node_modules` as fit 150 MB,
 * copied as they lie there with modes, times and links.
 */
export async function gatherSource(folder: string): Promise<FolderSize> {
  let { files, bytes } = { files: 0, bytes: 0 };
  const modules = join(PROJECT, 'node_modules');
  const packages = existsSync(modules) ? (await readdir(modules)).filter((name) => !name.startsWith('.')).sort() : [];
  const wanted = [...OWN.map((name) => [PROJECT, name] as const), ...packages.map((name) => [modules, name] as const)];
  for (const [parent, name] of wanted) {
    const from = join(parent, name);
    const size = await measureFolder(from).catch(() => null);
    if (!size || size.bytes > PACKAGE_BYTES_MAX || bytes + size.bytes > BYTES_MAX) continue;
    const to = parent === PROJECT ? join(folder, name) : join(folder, 'node_modules', name);
    await cp(from, to, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
    files += size.files;
    bytes += size.bytes;
  }
  return { files, bytes };
}
