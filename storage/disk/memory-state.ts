import type { BitDustError } from '../../protocol/errors.ts';
import { diskError } from './errors.ts';
import type { DiskCall, DiskFault } from './faults.ts';
import { MemoryFolder } from './memory-folder.ts';

/** The parts of a volume that a view works on. */
export interface VolumeState {
  readonly root: MemoryFolder;
  readonly locks: Set<string>;
  /** Modification times count operations: the volume has no clock. */
  tick(): number;
  /** Throws the planned fault of this call; `allow` is what of a short write still happens. */
  begin(call: DiskCall, path: string): DiskFault | undefined;
  /** Throws `DISK_FULL` when that much more does not fit. */
  claim(bytes: number, path: string): void;
  freeBytes(): number;
}

/** The error a system call gives, as the catalogue has it. */
export function systemError(code: string, path: string): BitDustError {
  return diskError(Object.assign(new Error(`${code}: ${path}`), { code }), path);
}

/** The names of a path, from the root down. */
export function namesOf(path: string): readonly string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}

/** The folder a path lies in, and its last name; `FILE_NOT_FOUND` when a folder on the way is missing. */
export function parentOf(root: MemoryFolder, path: string): { readonly parent: MemoryFolder; readonly name: string } {
  const names = namesOf(path);
  const name = names.at(-1);
  if (name === undefined) throw systemError('EISDIR', path);
  let parent = root;
  for (const step of names.slice(0, -1)) {
    const next = parent.get(step);
    if (!(next instanceof MemoryFolder)) throw systemError(next ? 'ENOTDIR' : 'ENOENT', path);
    parent = next;
  }
  return { parent, name };
}
