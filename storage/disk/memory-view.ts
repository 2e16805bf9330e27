import type { Disk, DiskFile, DiskStat } from '../../ports/disk.ts';
import { BitDustError, isBitDustError } from '../../protocol/errors.ts';
import type { DiskCall } from './faults.ts';
import { MemoryFile } from './memory-file.ts';
import { MemoryFolder, type MemoryNode } from './memory-folder.ts';
import { namesOf, parentOf, systemError, type VolumeState } from './memory-state.ts';
import { replacerOf } from './replace-file.ts';

interface Run {
  readonly alive: boolean;
}

/** The disk of a memory volume as one run of a process has it. */
export function createMemoryView(volume: VolumeState, run: Run): Disk {
  const begin = (call: DiskCall, path: string) => {
    if (!run.alive) throw new BitDustError('DISK_GONE', 'This process is over.', { details: { path } });
    return volume.begin(call, path);
  };
  const disk: Disk = {
    open: async (path, mode, permissions = 0o600) => {
      begin('open', path);
      return openFile({ file: openNode(volume, { path, mode, permissions }), path, volume, begin });
    },
    readFile: async (path) => {
      begin('read', path);
      return fileOf(volume, path).bytes();
    },
    replaceFile: replacerOf(() => disk),
    rename: async (from, to) => {
      begin('rename', from);
      rename(volume, from, to);
    },
    remove: async (path) => {
      begin('remove', path);
      const found = find(volume, path);
      if (found?.node instanceof MemoryFolder) throw systemError('EISDIR', path);
      if (found) unlink(volume, found);
    },
    removeTree: async (path) => {
      begin('remove', path);
      const found = find(volume, path);
      if (!found) return;
      if (found.node instanceof MemoryFolder) empty(volume, found.node);
      unlink(volume, found);
    },
    makeFolder: async (path, permissions = 0o700) => {
      begin('makeFolder', path);
      makeFolder(volume, path, permissions);
    },
    list: async (path) => {
      begin('list', path);
      return folderOf(volume, path)
        .names()
        .map(([name, node]) => ({ name, kind: kindOf(node) }));
    },
    stat: async (path) => {
      begin('stat', path);
      const node = namesOf(path).length === 0 ? volume.root : find(volume, path)?.node;
      return node && statOf(node);
    },
    syncFolder: async (path) => {
      begin('syncFolder', path);
      folderOf(volume, path).sync();
    },
    freeBytes: async (path) => {
      begin('freeBytes', path);
      return volume.freeBytes();
    },
    lock: async (path) => {
      begin('open', path);
      return lock({ volume, run, path });
    },
  };
  return disk;
}

interface Place {
  readonly parent: MemoryFolder;
  readonly name: string;
  readonly node: MemoryNode;
}

function find(volume: VolumeState, path: string): Place | undefined {
  try {
    const { parent, name } = parentOf(volume.root, path);
    const node = parent.get(name);
    return node && { parent, name, node };
  } catch (cause) {
    if (isBitDustError(cause, 'FILE_NOT_FOUND')) return undefined;
    throw cause;
  }
}

function fileOf(volume: VolumeState, path: string): MemoryFile {
  const node = find(volume, path)?.node;
  if (!node) throw systemError('ENOENT', path);
  if (node instanceof MemoryFolder) throw systemError('EISDIR', path);
  return node;
}

function folderOf(volume: VolumeState, path: string): MemoryFolder {
  const node = namesOf(path).length === 0 ? volume.root : find(volume, path)?.node;
  if (!node) throw systemError('ENOENT', path);
  if (!(node instanceof MemoryFolder)) throw systemError('ENOTDIR', path);
  return node;
}

function openNode(
  volume: VolumeState,
  { path, mode, permissions }: { readonly path: string; readonly mode: string; readonly permissions: number },
): MemoryFile {
  const { parent, name } = parentOf(volume.root, path);
  const node = parent.get(name);
  if (node && mode === 'create') throw systemError('EEXIST', path);
  if (node || mode === 'read' || mode === 'update') return fileOf(volume, path);
  const file = new MemoryFile(permissions);
  file.links = 1;
  file.mtimeMs = volume.tick();
  parent.change([{ name, node: file }]);
  return file;
}

function openFile(options: {
  readonly file: MemoryFile;
  readonly path: string;
  readonly volume: VolumeState;
  readonly begin: (call: DiskCall, path: string) => string | undefined;
}): DiskFile {
  const { file, path, volume, begin } = options;
  const claim = (size: number) => {
    if (file.links > 0) volume.claim(size - file.size, path);
  };
  const write = (data: Uint8Array, position: number) => {
    claim(Math.max(file.size, position + data.length));
    file.write(data, position);
    file.mtimeMs = volume.tick();
  };
  return {
    read: async (buffer, position) => {
      begin('read', path);
      return file.read(buffer, position);
    },
    write: async (data, position) => {
      const short = begin('write', path) === 'short-write';
      write(short ? data.subarray(0, data.length >> 1) : data, position);
      if (short) throw systemError('EIO', path);
    },
    sync: async () => {
      try {
        begin('sync', path);
      } catch (cause) {
        file.failSync();
        throw cause;
      }
      file.sync();
    },
    truncate: async (size) => {
      begin('truncate', path);
      claim(size);
      file.truncate(size);
    },
    size: async () => {
      begin('stat', path);
      return file.size;
    },
    close: async () => {},
  };
}

function rename(volume: VolumeState, from: string, to: string): void {
  const source = find(volume, from);
  if (!source) throw systemError('ENOENT', from);
  const target = parentOf(volume.root, to);
  const replaced = target.parent.get(target.name);
  if (replaced === source.node) return;
  if (replaced instanceof MemoryFolder) throw systemError('EISDIR', to);
  if (replaced) release(volume, replaced);
  if (target.parent === source.parent) {
    source.parent.change([
      { name: target.name, node: source.node },
      { name: source.name, node: undefined },
    ]);
  } else {
    target.parent.change([{ name: target.name, node: source.node }]);
    source.parent.change([{ name: source.name, node: undefined }]);
  }
}

function unlink(volume: VolumeState, place: Place): void {
  place.parent.change([{ name: place.name, node: undefined }]);
  if (place.node instanceof MemoryFile) release(volume, place.node);
}

function release(volume: VolumeState, file: MemoryFile): void {
  file.links -= 1;
  if (file.links === 0) volume.claim(-file.size, '');
}

function empty(volume: VolumeState, folder: MemoryFolder): void {
  for (const [name, node] of folder.names()) {
    if (node instanceof MemoryFolder) empty(volume, node);
    unlink(volume, { parent: folder, name, node });
  }
}

function makeFolder(volume: VolumeState, path: string, permissions: number): void {
  let folder = volume.root;
  for (const name of namesOf(path)) {
    let next = folder.get(name);
    if (next instanceof MemoryFile) throw systemError('EEXIST', path);
    if (!next) {
      next = new MemoryFolder(permissions);
      folder.change([{ name, node: next }]);
    }
    folder = next;
  }
}

function lock({ volume, run, path }: { readonly volume: VolumeState; readonly run: Run; readonly path: string }): {
  release(): Promise<void>;
} {
  if (volume.locks.has(path)) throw new BitDustError('HOME_LOCKED', undefined, { details: { pid: null } });
  volume.locks.add(path);
  return {
    release: async () => {
      if (run.alive) volume.locks.delete(path);
    },
  };
}

function kindOf(node: MemoryNode): 'file' | 'folder' {
  return node instanceof MemoryFile ? 'file' : 'folder';
}

function statOf(node: MemoryNode): DiskStat {
  if (node instanceof MemoryFile) return { kind: 'file', size: node.size, mode: node.mode, mtimeMs: node.mtimeMs };
  return { kind: 'folder', size: 0, mode: node.mode, mtimeMs: 0 };
}
