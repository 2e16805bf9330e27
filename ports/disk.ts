/** An open file. Positions are absolute; short reads happen only at the end of the file. */
export interface DiskFile {
  /** Fills `buffer` from `position`; returns the bytes read (less than asked only at the end). */
  read(buffer: Uint8Array, position: number): Promise<number>;
  /** Writes all of `data` at `position`, or rejects. */
  write(data: Uint8Array, position: number): Promise<void>;
  /** Durable on return: data and size. */
  sync(): Promise<void>;
  truncate(size: number): Promise<void>;
  size(): Promise<number>;
  close(): Promise<void>;
}

export interface DiskEntry {
  readonly name: string;
  readonly kind: 'file' | 'folder' | 'link' | 'other';
}

export interface DiskStat {
  readonly kind: 'file' | 'folder' | 'link' | 'other';
  readonly size: number;
  /** Permission bits. */
  readonly mode: number;
  readonly mtimeMs: number;
}

/**
 * Every file call of the node's own storage. Rejects with `BitDustError` `DISK_FULL`, `DISK_FAILED`, `DISK_GONE` or
 * `FILE_NOT_FOUND`. Writes are lost by a crash until `sync`, names until `syncFolder`.
 */
export interface Disk {
  /** `read` and `update` need the file; `create` makes it new and refuses an existing one; `append` makes it when missing. */
  open(path: string, mode: 'read' | 'update' | 'create' | 'append', permissions?: number): Promise<DiskFile>;
  readFile(path: string): Promise<Uint8Array>;
  /** Writes aside, syncs, renames, syncs the folder: whole and durable, or not at all. */
  replaceFile(path: string, data: Uint8Array, permissions?: number): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** No error when it is not there. */
  remove(path: string): Promise<void>;
  /** A folder with all in it; no error when it is not there. */
  removeTree(path: string): Promise<void>;
  makeFolder(path: string, permissions?: number): Promise<void>;
  list(path: string): Promise<readonly DiskEntry[]>;
  stat(path: string): Promise<DiskStat | undefined>;
  syncFolder(path: string): Promise<void>;
  /** Bytes free for this user on the volume of `path`. */
  freeBytes(path: string): Promise<number>;
  /** Exclusive use of a home; rejects with `HOME_LOCKED` (details: pid). The lock ends with the process. */
  lock(path: string): Promise<{ release(): Promise<void> }>;
}
