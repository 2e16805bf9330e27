import type { BlockId, DeviceId, VersionId } from '../protocol/ids.ts';
import type { BackupSet, VersionInfo } from './catalogue.ts';
import type { Safety } from './health.ts';

/** A set with what is stored of it. */
export interface SetView extends BackupSet {
  readonly versions: number;
  readonly newestAt: number | null;
  readonly bytes: number;
  readonly safety: Safety;
}

/** One stored thing as `ls` shows it. `path` is readable text; `nameBytes` is set when the name is not UTF-8. */
export interface EntryView {
  readonly path: string;
  readonly name: string;
  readonly nameBytes: Uint8Array | null;
  readonly kind: 'file' | 'folder' | 'link';
  readonly mode: number;
  readonly sizeBytes: number;
  readonly mtimeMs: number;
  readonly target: string | null;
  readonly set: string;
  readonly version: VersionId;
  readonly versions: number;
  readonly safety: Safety;
  readonly deleted: boolean;
}

export interface PathVersion {
  readonly version: VersionId;
  readonly at: number;
  readonly device: DeviceId;
  readonly state: VersionInfo['state'];
  readonly sizeBytes: number;
  readonly mtimeMs: number;
  readonly mode: number;
  readonly kind: 'file' | 'folder' | 'link';
  readonly safety: Safety;
}

export interface WhyBlock {
  readonly block: BlockId;
  readonly k: number;
  readonly n: number;
  readonly held: number;
  readonly away: number;
  readonly lost: number;
  readonly seats: readonly {
    readonly seat: number;
    readonly device: DeviceId | null;
    readonly piece: 'held' | 'away' | 'lost' | 'moving';
    readonly since: number;
  }[];
  readonly next: string | null;
  readonly nextAt: number | null;
}

export interface Why {
  readonly path: string;
  readonly version: VersionId;
  readonly safety: Safety;
  readonly blocks: readonly WhyBlock[];
  readonly next: string | null;
  readonly nextAt: number | null;
  readonly sentence: string;
}

/** Counters of a finished backup: the result of its task. Times in ms. */
export interface BackupResult {
  readonly task: string;
  readonly set: string;
  readonly version: VersionId;
  readonly state: 'stored' | 'safe';
  readonly safety: Safety;
  readonly resumed: boolean;
  readonly files: {
    readonly total: number;
    readonly new: number;
    readonly changed: number;
    readonly unchanged: number;
    readonly removed: number;
    readonly skipped: number;
  };
  readonly bytes: {
    readonly source: number;
    readonly read: number;
    readonly deduplicated: number;
    readonly stored: number;
    readonly sent: number;
  };
  readonly blocks: { readonly new: number; readonly total: number };
  readonly skipped: readonly { readonly path: string; readonly code: string; readonly message: string }[];
  readonly startedAt: number;
  readonly durationMs: number;
}

/** A path as typed: absolute, or relative to `cwd`; a unique end of a stored path is accepted. */
export interface Where {
  readonly path: string;
  readonly cwd?: string | undefined;
}

/** Backups and what is stored, as the operations need them. Reads reject with `CATALOGUE_UNAVAILABLE` while not fetched. */
export interface Backups {
  /** Begins a backup, or joins the one that stores these paths already. `PATH_NOT_FOUND`, `SET_PATHS_DIFFER`, `SUPPLIERS_TOO_FEW`. */
  backup(options: { readonly paths: readonly string[]; readonly set?: string | undefined }): Promise<{
    readonly task: string;
    readonly set: string;
    readonly state: 'scanning' | 'storing' | 'settling' | 'committing' | 'stalled';
  }>;
  sets(): Promise<readonly SetView[]>;
  /** Without a path the top entries of all sets. `ENTRY_NOT_FOUND`, `ENTRY_AMBIGUOUS`, `VERSION_NOT_FOUND`. */
  ls(options: {
    readonly path?: string | undefined;
    readonly cwd?: string | undefined;
    readonly at?: string | undefined;
    readonly all?: boolean | undefined;
  }): Promise<{ readonly path: string | null; readonly at: number | null; readonly entries: readonly EntryView[] }>;
  versions(where: Where): Promise<{ readonly path: string; readonly versions: readonly PathVersion[] }>;
  why(where: Where & { readonly at?: string | undefined }): Promise<Why>;
  /** Retires the versions of a path; `REMOVAL_PAUSED` after a recovery. */
  rm(where: Where): Promise<{ readonly path: string; readonly versions: number; readonly undeleteUntil: number }>;
  undelete(where: Where): Promise<{ readonly path: string; readonly versions: number }>;
  /** The stored path that was meant, and the version to read it from. */
  resolve(
    where: Where & { readonly at?: string | undefined },
  ): Promise<{ readonly path: Uint8Array; readonly version: VersionInfo }>;
  /** Reads the index again from the footers of all blocks. The task's result has the shape of `storage rebuild-catalogue`. */
  rebuildCatalogue(): Promise<{ readonly task: string }>;
  /** Bytes in the local disk cache. */
  stagedBytes(): number;
}
