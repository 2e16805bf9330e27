import type { BackupResult } from '../../ports/backups.ts';
import type { Safety } from '../../ports/health.ts';
import type { TaskHandle, TaskProgress } from '../../ports/tasks.ts';
import type { BlockId, VersionId } from '../../protocol/ids.ts';
import { freshCounters, type RunCounters, type RunResult } from './backup-run.ts';
import type { TaskRow } from './journal.ts';

/** A pass over the sources, going on beside the machine that waits for it. */
export interface Run {
  readonly controller: AbortController;
  readonly counters: RunCounters;
  /** Blocks told of in earlier reports. */
  reported: number;
  state: 'running' | 'done' | 'failed';
  result: RunResult | null;
  error: unknown;
  /** Resolves when it ended, whatever came of it. */
  ended: Promise<void>;
}

/** One backup under way, in memory. */
export interface TaskState {
  row: TaskRow;
  readonly handle: TaskHandle;
  readonly isResumed: boolean;
  isIntentsResumed: boolean;
  totals: { readonly files: number; readonly bytes: number } | null;
  /** Files of the version before, for counting what is gone. */
  filesBefore: number;
  run: Run | null;
  sentBytes: number;
  placedBlocks: number;
  stuckSince: number | null;
  stored: { readonly version: VersionId; readonly blocks: readonly BlockId[] } | null;
  speed: { readonly at: number; readonly bytes: number; readonly bytesPerSecond: number | null };
}

/** The state of a task that begins, or goes on after a restart. */
export function freshState(row: TaskRow, handle: TaskHandle, options: { readonly isResumed: boolean }): TaskState {
  return {
    row,
    handle,
    isResumed: options.isResumed,
    isIntentsResumed: false,
    totals: null,
    filesBefore: 0,
    run: null,
    sentBytes: 0,
    placedBlocks: 0,
    stuckSince: null,
    stored: null,
    speed: { at: 0, bytes: 0, bytesPerSecond: null },
  };
}

const SPEED_SPAN_MS = 1_000;
const SPEED_SHARE = 0.3;

/** Progress of the task; its speed is smoothed over the last seconds. */
export function progressOf(state: TaskState, now: number, note: string | null): TaskProgress {
  const counters = state.run?.counters ?? freshCounters();
  const { at, bytes, bytesPerSecond } = state.speed;
  if (now - at >= SPEED_SPAN_MS) {
    const measured = at === 0 ? null : ((counters.sourceBytes - bytes) / (now - at)) * 1000;
    const next =
      measured === null || measured < 0
        ? null
        : bytesPerSecond === null
          ? measured
          : bytesPerSecond * (1 - SPEED_SHARE) + measured * SPEED_SHARE;
    state.speed = { at: now, bytes: counters.sourceBytes, bytesPerSecond: next };
  }
  const speed = state.speed.bytesPerSecond;
  const left = state.totals === null ? null : Math.max(0, state.totals.bytes - counters.sourceBytes);
  return {
    doneBytes: counters.sourceBytes,
    totalBytes: state.totals?.bytes ?? null,
    doneItems: counters.files,
    totalItems: state.totals?.files ?? null,
    bytesPerSecond: speed,
    leftMs: left === null || speed === null || speed <= 0 ? null : Math.round((left / speed) * 1000),
    note,
  };
}

/** The answer of a finished backup. */
export function resultOf(
  state: TaskState,
  options: {
    readonly version: VersionId;
    readonly state: 'stored' | 'safe';
    readonly safety: Safety;
    readonly total: number;
    readonly now: number;
  },
): BackupResult {
  const { row, run } = state;
  const counters = run?.counters ?? freshCounters();
  const { files, changed, unchanged, skipped } = counters;
  return {
    task: row.task,
    set: row.set,
    version: options.version,
    state: options.state,
    safety: options.safety,
    resumed: state.isResumed,
    files: {
      total: files,
      new: counters.new,
      changed,
      unchanged,
      removed: Math.max(0, state.filesBefore - changed - unchanged),
      skipped,
    },
    bytes: {
      source: counters.sourceBytes,
      read: counters.readBytes,
      deduplicated: counters.deduplicatedBytes,
      stored: counters.storedBytes,
      sent: state.sentBytes,
    },
    blocks: { new: state.placedBlocks, total: options.total },
    skipped: counters.skippedNamed,
    startedAt: row.startedAt,
    durationMs: options.now - row.startedAt,
  };
}
