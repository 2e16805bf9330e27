import type { TreeEntry, VersionInfo } from '../../ports/catalogue.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { textBytes } from '../../protocol/hash.ts';
import type { CatalogueStore } from './catalogue/catalogue.ts';
import { endsWith, namesOf, pathOf, textOf } from './catalogue/paths.ts';

/** A stored thing that a typed path means. */
export interface FoundPath {
  readonly path: Uint8Array;
  readonly version: VersionInfo;
  readonly entry: TreeEntry;
  /** It is not in the newest version of its set. */
  readonly isDeleted: boolean;
}

const DOTS = '..';

/** The absolute path of what was typed; relative ones begin at `cwd`. */
export function absolutePath(path: string, cwd: string | undefined): Uint8Array {
  const names: string[] = [];
  for (const name of `${path.startsWith('/') ? '' : (cwd ?? '')}/${path}`.split('/')) {
    if (name === DOTS) names.pop();
    else if (name !== '' && name !== '.') names.push(name);
  }
  return pathOf(names.map(textBytes));
}

/** The newest version of each set, newest first. */
async function newestOfSets(catalogue: CatalogueStore, at: string | undefined): Promise<readonly VersionInfo[]> {
  const all = await catalogue.versions();
  const sets = [...new Set(all.map(({ set }) => set))];
  if (at === undefined) return sets.map((set) => all.find((version) => version.set === set)!);
  const found: VersionInfo[] = [];
  for (const set of sets) {
    const version = await catalogue.versionAt(at, { set }).catch((error: unknown) => {
      if (error instanceof BitDustError && error.code === 'VERSION_NOT_FOUND') return undefined;
      throw error;
    });
    if (version !== undefined) found.push(version);
  }
  return found.length > 0 ? found : [await catalogue.versionAt(at)];
}

async function bySuffix(
  catalogue: CatalogueStore,
  versions: readonly VersionInfo[],
  typed: string,
): Promise<FoundPath | undefined> {
  const tail = namesOf(textBytes(typed));
  const found = new Map<string, FoundPath>();
  for (const version of versions) {
    for await (const { path, entry } of catalogue.walk(version.version, pathOf([]))) {
      if (!endsWith(namesOf(path), tail)) continue;
      const key = textOf(path);
      if (!found.has(key)) found.set(key, { path, entry, version, isDeleted: false });
      if (found.size > 1)
        throw new BitDustError('ENTRY_AMBIGUOUS', undefined, { details: { paths: [...found.keys()] } });
    }
  }
  return found.values().next().value;
}

/**
 * What a typed path means: the thing at that absolute path in the newest version that has it, else the only stored
 * path that ends so. `ENTRY_NOT_FOUND`, `ENTRY_AMBIGUOUS`, `VERSION_NOT_FOUND`.
 */
export async function findPath(
  catalogue: CatalogueStore,
  where: { readonly path: string; readonly cwd?: string | undefined; readonly at?: string | undefined },
): Promise<FoundPath> {
  const path = absolutePath(where.path, where.cwd);
  const newest = await newestOfSets(catalogue, where.at);
  for (const version of newest) {
    const entry = await catalogue.entry(version.version, path);
    if (entry !== undefined) return { path, version, entry, isDeleted: false };
  }
  if (where.at === undefined) {
    const [older] = await catalogue.versionsOf(path);
    if (older !== undefined) return { path, ...older, isDeleted: true };
  }
  const found = where.path.startsWith('/') ? undefined : await bySuffix(catalogue, newest, where.path);
  if (found === undefined) throw new BitDustError('ENTRY_NOT_FOUND', undefined, { details: { path: textOf(path) } });
  return found;
}
