import type { Disk } from '../../ports/disk.ts';
import { changesDisk, type DiskCall, type FaultPlan } from './faults.ts';
import { MemoryFile } from './memory-file.ts';
import { MemoryFolder, type MemoryNode } from './memory-folder.ts';
import { parentOf, systemError, type VolumeState } from './memory-state.ts';
import { createMemoryView } from './memory-view.ts';

/** A disk in memory that outlives the processes using it. Everything on it resolves with microtasks only. */
export interface MemoryVolume {
  /** The disk as one run of a process sees it; after `kill` or `powerCut` it answers `DISK_GONE` for ever. */
  disk(): Disk;
  /** The process ends; what it wrote stays, as the system still has it. */
  kill(): void;
  /** As `kill`, and what was not synced is dropped, torn or reordered. */
  powerCut(): void;
  /** Asked before every file call; `undefined` lets it pass. */
  plan(faults: FaultPlan | undefined): void;
  setCapacity(bytes: number): void;
  /** An empty folder appears in the place of this one, as when a volume is unmounted. */
  unmount(path: string): void;
  remount(path: string): void;
  setReadOnly(readOnly: boolean): void;
  /** Bytes of a file, past every fault. */
  peek(path: string): Uint8Array;
  /** Replaces a file's bytes as decay does: durable, and unknown to anybody. */
  rot(path: string, bytes: Uint8Array): void;
  /** Paths of all files. */
  files(): readonly string[];
  readonly usedBytes: number;
  /** File calls so far. */
  readonly operations: number;
  /** File calls so far by kind. */
  calls(call: DiskCall): number;
}

const UNLIMITED_BYTES = 2 ** 50;

/** Makes an empty volume; `fraction` decides what a power cut keeps, so a seed repeats it. */
export function createMemoryVolume(options: {
  readonly capacityBytes?: number;
  readonly fraction: () => number;
}): MemoryVolume {
  const root = new MemoryFolder(0o700);
  const counts = new Map<DiskCall, number>();
  const unmounted = new Map<string, MemoryNode>();
  const locks = new Set<string>();
  let capacityBytes = options.capacityBytes ?? UNLIMITED_BYTES;
  let operations = 0;
  let usedBytes = 0;
  let readOnly = false;
  let faults: FaultPlan | undefined;
  let run = { alive: true };

  const state: VolumeState = {
    root,
    locks,
    tick: () => operations,
    begin(call, path) {
      const fault = faults?.({ index: operations, call, path });
      operations += 1;
      counts.set(call, (counts.get(call) ?? 0) + 1);
      if (readOnly && changesDisk(call)) throw systemError('EROFS', path);
      if (fault === undefined || (fault === 'short-write' && call === 'write')) return fault;
      throw systemError(fault === 'short-write' ? 'EIO' : fault, path);
    },
    claim(bytes, path) {
      if (bytes > 0 && usedBytes + bytes > capacityBytes) throw systemError('ENOSPC', path);
      usedBytes += bytes;
    },
    freeBytes: () => Math.max(0, capacityBytes - usedBytes),
  };
  const endRun = () => {
    run.alive = false;
    run = { alive: true };
    locks.clear();
  };

  return {
    disk: () => createMemoryView(state, run),
    kill: endRun,
    powerCut() {
      endRun();
      const seen = walk(root);
      for (const node of seen) node.powerCut(options.fraction);
      usedBytes = 0;
      const left = walk(root);
      for (const node of seen) if (node instanceof MemoryFile) node.links = 0;
      for (const node of left) if (node instanceof MemoryFolder) countLinks(node);
      for (const node of left) if (node instanceof MemoryFile) usedBytes += node.size;
    },
    plan: (next) => {
      faults = next;
    },
    setCapacity: (bytes) => {
      capacityBytes = bytes;
    },
    unmount(path) {
      const { parent, name } = parentOf(root, path);
      const node = parent.get(name);
      if (!node || unmounted.has(path)) throw new Error(`nothing to unmount at ${path}`);
      unmounted.set(path, node);
      parent.change([{ name, node: new MemoryFolder(0o700) }]);
      parent.sync();
    },
    remount(path) {
      const node = unmounted.get(path);
      if (!node) throw new Error(`nothing is unmounted at ${path}`);
      const { parent, name } = parentOf(root, path);
      unmounted.delete(path);
      parent.change([{ name, node }]);
      parent.sync();
    },
    setReadOnly: (value) => {
      readOnly = value;
    },
    peek: (path) => fileAt(root, path).bytes(),
    rot: (path, bytes) => fileAt(root, path).rot(bytes),
    files: () => filePaths(root, ''),
    get usedBytes() {
      return usedBytes;
    },
    get operations() {
      return operations;
    },
    calls: (call) => counts.get(call) ?? 0,
  };
}

function fileAt(root: MemoryFolder, path: string): MemoryFile {
  const { parent, name } = parentOf(root, path);
  const node = parent.get(name);
  if (!(node instanceof MemoryFile)) throw systemError('ENOENT', path);
  return node;
}

function walk(folder: MemoryFolder, seen = new Set<MemoryNode>()): Set<MemoryNode> {
  seen.add(folder);
  for (const [, node] of folder.names()) {
    if (node instanceof MemoryFolder) walk(node, seen);
    else seen.add(node);
  }
  return seen;
}

function countLinks(folder: MemoryFolder): void {
  for (const [, node] of folder.names()) if (node instanceof MemoryFile) node.links += 1;
}

function filePaths(folder: MemoryFolder, path: string): string[] {
  return folder
    .names()
    .flatMap(([name, node]) =>
      node instanceof MemoryFolder ? filePaths(node, `${path}/${name}`) : [`${path}/${name}`],
    );
}
