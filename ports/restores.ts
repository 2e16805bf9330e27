import type { BlockId, DeviceId, VersionId } from '../protocol/ids.ts';
import type { Where } from './backups.ts';

/** Counters of a finished restore: the result of its task. Times in ms. */
export interface RestoreResult {
  readonly task: string;
  readonly to: string;
  readonly version: VersionId;
  readonly state: 'restored';
  readonly files: number;
  readonly folders: number;
  readonly links: number;
  readonly bytes: { readonly restored: number; readonly fetched: number };
  readonly blocks: { readonly fetched: number; readonly decoded: number };
  readonly suppliers: number;
  readonly resumed: boolean;
  readonly skipped: readonly { readonly path: string; readonly code: string; readonly message: string }[];
  readonly startedAt: number;
  readonly durationMs: number;
}

/** A piece that is not what it should be. */
export interface BadPiece {
  readonly block: BlockId;
  readonly seat: number;
  readonly device: DeviceId | null;
  readonly problem: 'lost' | 'corrupt';
}

/** Restores and checks, as the operations need them. */
export interface Restores {
  /** Begins a restore. `ENTRY_NOT_FOUND`, `VERSION_NOT_FOUND`, and `RESTORE_EXISTS` before anything is fetched. */
  restore(options: {
    readonly paths: readonly string[];
    readonly cwd?: string | undefined;
    readonly at?: string | undefined;
    readonly to?: string | undefined;
    readonly force: boolean;
  }): Promise<{
    readonly task: string;
    readonly paths: readonly string[];
    readonly to: string;
    readonly version: VersionId;
  }>;
  /** The bytes of a file in order; `NOT_A_FILE`. Ends early when the signal aborts. */
  cat(
    options: Where & { readonly at?: string | undefined; readonly signal: AbortSignal },
  ): Promise<AsyncIterable<Uint8Array>>;
  /** Compares what the suppliers say they hold, and reads that share (0 to 1) of the blocks. The task's result has the shape of `storage verify`. */
  verify(options: { readonly share: number }): Promise<{ readonly task: string }>;
}
