import type { VersionId } from '../../protocol/ids.ts';
import type { Effect } from '../kit/port.ts';

export interface BackupTaskInput {
  readonly task: string;
  readonly set: string;
  /** From the journal after a restart; null begins anew. */
  readonly cursor: string | null;
  readonly seed: number;
}

export interface StoredBatch {
  readonly cursor: string | null;
  readonly blocks: number;
  readonly owed: number;
  /** No supplier has room, or fewer than the commit mark are reachable: the reason, else null. */
  readonly noRoom: string | null;
  readonly done: boolean;
}

export interface VersionWeight {
  /** Blocks with fewer than k acknowledged pieces, and with fewer than the commit mark. */
  readonly belowK: number;
  readonly belowMark: number;
}

export interface BackupTaskPorts {
  readonly scanSource: Effect<
    { task: string },
    { readonly files: number; readonly bytes: number; readonly unchanged: number }
  >;
  /** Codes and sends; one report per 64 blocks or second; `open` entry and block intent are durable before a piece leaves. */
  readonly storeBlocks: Effect<{ task: string; cursor: string | null }, StoredBatch>;
  readonly weighVersion: Effect<{ task: string }, VersionWeight>;
  /** Enters the version as thin: it can be restored from here on. */
  readonly enterVersion: Effect<{ task: string }, { readonly version: VersionId; readonly again: boolean }>;
  /** Writes the commit entries; `again` when reused blocks must be stored anew or the pull is too old. */
  readonly commitVersion: Effect<{ task: string }, { readonly version: VersionId; readonly again: boolean }>;
}
