import { basename, dirname, join } from 'node:path';
import type { Disk } from '../../ports/disk.ts';

/** `replaceFile` of a disk, made of its other calls: aside, sync, rename, sync of the folder. */
export function replacerOf(
  disk: () => Pick<Disk, 'open' | 'remove' | 'rename' | 'syncFolder'>,
): (path: string, data: Uint8Array, permissions?: number) => Promise<void> {
  const turns = new Map<string, Promise<void>>();
  return async (path, data, permissions) => {
    // Two writers of one file share the name beside it, so they go one after the other.
    const replace = () => replaceFile(disk(), { path, data, permissions });
    const mine = (turns.get(path) ?? Promise.resolve()).then(replace, replace);
    turns.set(path, mine);
    try {
      await mine;
    } finally {
      if (turns.get(path) === mine) turns.delete(path);
    }
  };
}

async function replaceFile(
  disk: Pick<Disk, 'open' | 'remove' | 'rename' | 'syncFolder'>,
  options: { readonly path: string; readonly data: Uint8Array; readonly permissions: number | undefined },
): Promise<void> {
  const folder = dirname(options.path);
  const aside = join(folder, `.${basename(options.path)}.new`);
  await disk.remove(aside);
  const file = await disk.open(aside, 'create', options.permissions);
  try {
    await file.write(options.data, 0);
    await file.sync();
  } catch (cause) {
    await file.close().catch(() => undefined);
    await disk.remove(aside).catch(() => undefined);
    throw cause;
  }
  await file.close();
  await disk.rename(aside, options.path);
  await disk.syncFolder(folder);
}
