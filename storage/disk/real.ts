import { constants, type Dirent, type Stats } from 'node:fs';
import * as fs from 'node:fs/promises';
import type { Disk, DiskEntry, DiskFile, DiskStat } from '../../ports/disk.ts';
import { BitDustError, isBitDustError } from '../../protocol/errors.ts';
import { onDisk } from './errors.ts';
import { lockHome } from './lock.ts';
import { replacerOf } from './replace-file.ts';

const FILE_PERMISSIONS = 0o600;
const FOLDER_PERMISSIONS = 0o700;
const FLAGS = {
  read: constants.O_RDONLY,
  update: constants.O_RDWR,
  create: constants.O_RDWR | constants.O_CREAT | constants.O_EXCL,
  append: constants.O_RDWR | constants.O_CREAT,
} as const;

/** The files of this machine, by `node:fs`. */
export function createRealDisk(): Disk {
  const disk: Disk = {
    open: (path, mode, permissions = FILE_PERMISSIONS) =>
      onDisk(path, async () => openFile(await fs.open(path, FLAGS[mode], permissions), path)),
    readFile: (path) => onDisk(path, () => fs.readFile(path)),
    replaceFile: replacerOf(() => disk),
    rename: (from, to) => onDisk(from, () => fs.rename(from, to)),
    remove: (path) => onDisk(path, () => fs.rm(path, { force: true })),
    removeTree: (path) => onDisk(path, () => fs.rm(path, { force: true, recursive: true })),
    makeFolder: (path, permissions = FOLDER_PERMISSIONS) =>
      onDisk(path, async () => {
        await fs.mkdir(path, { recursive: true, mode: permissions });
      }),
    list: (path) => onDisk(path, async () => (await fs.readdir(path, { withFileTypes: true })).map(entryOf)),
    stat,
    syncFolder: (path) => onDisk(path, () => syncFolder(path)),
    freeBytes: (path) =>
      onDisk(path, async () => {
        const volume = await fs.statfs(path);
        return volume.bavail * volume.bsize;
      }),
    lock: (path) => lockHome(path),
  };
  return disk;
}

function openFile(handle: fs.FileHandle, path: string): DiskFile {
  return {
    read: (buffer, position) => onDisk(path, () => readFully(handle, buffer, position)),
    write: (data, position) => onDisk(path, () => writeFully(handle, data, position)),
    // The size is part of what datasync makes durable, times are not needed.
    sync: () => onDisk(path, () => handle.datasync()),
    truncate: (size) => onDisk(path, () => handle.truncate(size)),
    size: () => onDisk(path, async () => (await handle.stat()).size),
    close: () => onDisk(path, () => handle.close()),
  };
}

async function readFully(handle: fs.FileHandle, buffer: Uint8Array, position: number): Promise<number> {
  let done = 0;
  while (done < buffer.length) {
    const { bytesRead } = await handle.read(buffer, done, buffer.length - done, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
}

async function writeFully(handle: fs.FileHandle, data: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < data.length) {
    const { bytesWritten } = await handle.write(data, done, data.length - done, position + done);
    if (bytesWritten === 0) throw new BitDustError('DISK_FULL', 'A write ended early.');
    done += bytesWritten;
  }
}

async function syncFolder(path: string): Promise<void> {
  // Windows cannot open folders for syncing; its file system journals names by itself.
  if (process.platform === 'win32') return;
  const handle = await fs.open(path, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function stat(path: string): Promise<DiskStat | undefined> {
  try {
    const found = await onDisk(path, () => fs.lstat(path));
    return { kind: kindOf(found), size: found.size, mode: found.mode & 0o7777, mtimeMs: found.mtimeMs };
  } catch (cause) {
    if (isBitDustError(cause, 'FILE_NOT_FOUND')) return undefined;
    throw cause;
  }
}

function entryOf(entry: Dirent): DiskEntry {
  return { name: entry.name, kind: kindOf(entry) };
}

function kindOf(entry: Dirent | Stats): DiskEntry['kind'] {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'folder';
  return entry.isSymbolicLink() ? 'link' : 'other';
}
