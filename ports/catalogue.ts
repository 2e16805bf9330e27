import type { ChunkCopy } from '../protocol/chunk-copy.ts';
import type { BlockId, DeviceId, VersionId } from '../protocol/ids.ts';
import type { TreeEntry } from '../protocol/tree-object.ts';
import type { Safety } from './health.ts';

export type { ChunkCopy } from '../protocol/chunk-copy.ts';
export type { TreeEntry } from '../protocol/tree-object.ts';

export interface VersionInfo {
  readonly version: VersionId;
  readonly set: string;
  readonly at: number;
  readonly device: DeviceId;
  readonly state: 'thin' | 'stored' | 'safe';
  readonly files: number;
  readonly bytes: number;
  readonly retiredAt: number | null;
}

export interface BackupSet {
  readonly name: string;
  readonly paths: readonly string[];
  readonly k: number | null;
  readonly n: number | null;
  readonly every: string | null;
  readonly keep: Readonly<Record<string, number>>;
}

/** A stored thing at its place. */
export interface PlacedEntry {
  /** Absolute, `/` separated bytes. */
  readonly path: Uint8Array;
  readonly entry: TreeEntry;
}

/** Versions, trees and the chunk index of this owner. Reads reject with `CATALOGUE_UNAVAILABLE` while not fetched. */
export interface Catalogue {
  state(): 'unknown' | 'partial' | 'in-sync';
  sets(): Promise<readonly BackupSet[]>;
  /** Newest first. Without `retired` only those that are kept. */
  versions(options?: { readonly set?: string; readonly retired?: boolean }): Promise<readonly VersionInfo[]>;
  version(version: VersionId): Promise<VersionInfo | undefined>;
  /** A version by its id, the first digits of it (at least 4), or a time: the newest not after it. `VERSION_NOT_FOUND`. */
  versionAt(at: string, options?: { readonly set?: string }): Promise<VersionInfo>;
  /** Which of these chunk ids are stored in blocks that still count; one call per window. */
  known(chunks: readonly Uint8Array[]): Promise<readonly boolean[]>;
  copies(chunk: Uint8Array): Promise<readonly ChunkCopy[]>;
  copiesOf(chunks: readonly Uint8Array[]): Promise<readonly (readonly ChunkCopy[])[]>;
  /** Entries of one folder of a version in the order of their names; `path` is absolute, `/` separated bytes. `ENTRY_NOT_FOUND`. */
  list(version: VersionId, path: Uint8Array): Promise<readonly TreeEntry[]>;
  entry(version: VersionId, path: Uint8Array): Promise<TreeEntry | undefined>;
  /** The thing at the path and all that is below it, a folder before what is in it. */
  walk(version: VersionId, path: Uint8Array): AsyncIterable<PlacedEntry>;
  /** Versions that hold the path, newest first. */
  versionsOf(
    path: Uint8Array,
    options?: { readonly retired?: boolean },
  ): Promise<readonly { readonly version: VersionInfo; readonly entry: TreeEntry }[]>;
  /** What differs below a path between two versions, by name; `before` or `after` is null where it was not there. */
  diff(options: { readonly from: VersionId; readonly to: VersionId; readonly path: Uint8Array }): AsyncIterable<{
    readonly path: Uint8Array;
    readonly before: TreeEntry | null;
    readonly after: TreeEntry | null;
  }>;
  /** Every block that a version needs: data, trees and index. */
  blocksOf(version: VersionId): Promise<readonly BlockId[]>;
  /** Blocks that the thing at the path, and all below it, needs. */
  blocksBelow(version: VersionId, path: Uint8Array): Promise<readonly BlockId[]>;
  safetyOfSet(set: string): Promise<Safety>;
}

/** Reading stored bytes: from the disk cache, a seat, or k seats. */
export interface BlockSource {
  /** One range of a block, verified piece by piece; rejects with `TOO_FEW_PIECES` (details: blocks, suppliers). */
  readRange(options: {
    readonly block: BlockId;
    readonly offset: number;
    readonly length: number;
    readonly signal: AbortSignal;
  }): Promise<Uint8Array>;
  /** A whole block in one buffer, and whether it had to be decoded. */
  readBlock(options: { readonly block: BlockId; readonly signal: AbortSignal }): Promise<{
    readonly bytes: Uint8Array;
    readonly decoded: boolean;
    readonly fetchedBytes: number;
    readonly release: () => void;
  }>;
  /** Opens one chunk by any of its copies. */
  readChunk(options: {
    readonly chunk: Uint8Array;
    readonly copies: readonly ChunkCopy[];
    readonly signal: AbortSignal;
  }): Promise<Uint8Array>;
  /** At least k verified pieces, by index of the piece. */
  gather(options: { readonly block: BlockId; readonly signal: AbortSignal }): Promise<ReadonlyMap<number, Uint8Array>>;
}
