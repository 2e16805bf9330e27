import { type BigIntStats, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { SkippedPath } from '../../ports/pipeline.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { absolutePath, type ByteName, errnoOf, joinNames } from './byte-names.ts';
import { type IgnoreFile, isIgnored } from './ignore.ts';

export const IGNORE_NAME = '.bitdustignore';

/** Names of one folder that are still to be visited, and the ignore files above them. */
export interface WalkFrame {
  readonly folder: ByteName;
  readonly names: readonly ByteName[];
  readonly ignore: readonly IgnoreFile[];
}

/** A scanned entry as it travels between threads. */
export interface WalkedEntry {
  readonly path: ByteName;
  readonly kind: 'file' | 'folder' | 'link';
  readonly mode: number;
  readonly size: number;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly inode: bigint;
  readonly target: ByteName | null;
}

export interface WalkInput {
  readonly root: string;
  readonly frame: WalkFrame;
}

export interface WalkAnswer {
  readonly entries: readonly WalkedEntry[];
  readonly skipped: readonly (Omit<SkippedPath, 'path'> & { readonly path: ByteName })[];
  readonly ignored: number;
  /** What is left, the next to be visited last. */
  readonly frames: readonly WalkFrame[];
}

interface Walk {
  readonly root: string;
  readonly entries: WalkedEntry[];
  readonly skipped: WalkAnswer['skipped'][number][];
  ignored: number;
}

function skip(walk: Walk, path: ByteName, error: unknown): void {
  const code = errnoOf(error) === 'ENOENT' ? 'FILE_VANISHED' : 'FILE_UNREADABLE';
  walk.skipped.push({ path, code, message: errnoOf(error) ?? String(error) });
}

function kindOf(stats: BigIntStats): WalkedEntry['kind'] | undefined {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'folder';
  return stats.isSymbolicLink() ? 'link' : undefined;
}

function ignoreOf(walk: Walk, folder: ByteName, names: readonly ByteName[]): readonly IgnoreFile[] {
  if (!names.includes(IGNORE_NAME)) return [];
  const path = joinNames(folder, IGNORE_NAME);
  try {
    const stats = lstatSync(absolutePath(walk.root, path));
    if (!stats.isFile() || stats.size > LIMITS.ignoreFileBytesMax.value) return [];
    return [{ folder, text: readFileSync(absolutePath(walk.root, path), 'latin1') }];
  } catch (error) {
    skip(walk, path, error);
    return [];
  }
}

function frameOf(walk: Walk, folder: ByteName, above: readonly IgnoreFile[]): WalkFrame | undefined {
  try {
    const names = readdirSync(absolutePath(walk.root, folder), { encoding: 'latin1' }).sort(byBytes);
    return { folder, names, ignore: [...above, ...ignoreOf(walk, folder, names)] };
  } catch (error) {
    skip(walk, folder, error);
    return undefined;
  }
}

/** Byte names compare as bytes do. */
function byBytes(a: ByteName, b: ByteName): number {
  return a < b ? -1 : Number(a > b);
}

function entryOf(walk: Walk, path: ByteName, ignore: readonly IgnoreFile[]): WalkedEntry | undefined {
  try {
    const stats = lstatSync(absolutePath(walk.root, path), { bigint: true });
    const kind = kindOf(stats);
    if (path !== '' && isIgnored(ignore, path, kind === 'folder')) {
      walk.ignored += 1;
      return undefined;
    }
    if (kind === undefined) {
      walk.skipped.push({ path, code: 'FILE_KIND_UNSUPPORTED', message: 'socket, pipe or device' });
      return undefined;
    }
    const { mtimeNs, ctimeNs, ino: inode } = stats;
    const target = kind === 'link' ? readlinkSync(absolutePath(walk.root, path), { encoding: 'latin1' }) : null;
    const size = kind === 'file' ? Number(stats.size) : 0;
    return { path, kind, mode: Number(stats.mode & 0o7777n), size, mtimeNs, ctimeNs, inode, target };
  } catch (error) {
    skip(walk, path, error);
    return undefined;
  }
}

/**
 * Visits the names of a frame depth first until a batch is full, and gives back what is left. Links are read, never
 * followed; the root itself is visited by a frame with the one empty name.
 */
export function walkFolder({ root, frame }: WalkInput): WalkAnswer {
  const walk: Walk = { root, entries: [], skipped: [], ignored: 0 };
  const stack: { frame: WalkFrame; at: number }[] = [{ frame, at: 0 }];
  let visited = 0;
  while (stack.length > 0 && visited < LIMITS.scanBatchEntries.value) {
    const top = stack.at(-1)!;
    const name = top.frame.names[top.at];
    if (name === undefined) {
      stack.pop();
      continue;
    }
    top.at += 1;
    visited += 1;
    const entry = entryOf(walk, joinNames(top.frame.folder, name), top.frame.ignore);
    if (entry === undefined) continue;
    walk.entries.push(entry);
    const below = entry.kind === 'folder' ? frameOf(walk, entry.path, top.frame.ignore) : undefined;
    if (below !== undefined) stack.push({ frame: below, at: 0 });
  }
  const frames = stack.map(({ frame: rest, at }) => ({ ...rest, names: rest.names.slice(at) }));
  return { entries: walk.entries, skipped: walk.skipped, ignored: walk.ignored, frames };
}
