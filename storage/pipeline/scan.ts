import type { Fingerprint, ScanBatch, ScannedEntry } from '../../ports/pipeline.ts';
import type { Workers } from '../../ports/workers.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { fromByteName } from './byte-names.ts';
import type { WalkAnswer, WalkedEntry, WalkFrame, WalkInput } from './walk-folder.ts';

/** A file written to so shortly before may be written to again within the same tick of its clock. */
const FRESH_MS = 2000;

export interface ScanOptions {
  readonly workers: Workers;
  readonly root: string;
  readonly previous?: (paths: readonly Uint8Array[]) => Promise<readonly (Fingerprint | undefined)[]>;
  readonly now: number;
  readonly signal: AbortSignal;
}

/** Same size, times and inode. */
export function sameFingerprint(a: Fingerprint, b: Fingerprint): boolean {
  return a.size === b.size && a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs && a.inode === b.inode;
}

/** True for a time within 2 s of the moment it was looked at. */
export function isFresh(mtimeNs: bigint, nowMs: number): boolean {
  return Math.abs(Number(mtimeNs / 1_000_000n) - nowMs) < FRESH_MS;
}

async function withPrevious(entries: readonly WalkedEntry[], options: ScanOptions): Promise<ScannedEntry[]> {
  const scanned = entries.map((entry) => ({
    ...entry,
    path: fromByteName(entry.path),
    target: entry.target === null ? null : fromByteName(entry.target),
    unchanged: false,
  }));
  if (options.previous === undefined) return scanned;
  const asked = scanned.filter(({ kind }) => kind !== 'folder');
  const known = asked.length === 0 ? [] : await options.previous(asked.map(({ path }) => path));
  for (const [index, entry] of asked.entries()) {
    const before = known[index];
    entry.unchanged = before !== undefined && sameFingerprint(before, entry) && !isFresh(entry.mtimeNs, options.now);
  }
  return scanned;
}

/** Cuts the next names off the top of the stack, so that a huge folder is not sent whole again and again. */
function takeFrame(stack: WalkFrame[]): WalkFrame | undefined {
  const top = stack.pop();
  if (top === undefined) return undefined;
  const count = LIMITS.scanBatchEntries.value;
  if (top.names.length > count) stack.push({ ...top, names: top.names.slice(count) });
  return { ...top, names: top.names.slice(0, count) };
}

/** Streams a tree in batches; the next batch is walked while the caller works on this one. */
export async function* scan(options: ScanOptions): AsyncIterable<ScanBatch> {
  const { workers, root, signal } = options;
  const stack: WalkFrame[] = [{ folder: '', names: [''], ignore: [] }];
  const walk = (): Promise<WalkAnswer> | undefined => {
    const frame = takeFrame(stack);
    return frame === undefined
      ? undefined
      : workers.run<WalkAnswer>('walk', { root, frame } satisfies WalkInput, { signal });
  };
  let first = true;
  for (let pending = walk(); pending !== undefined; ) {
    const { entries, skipped, ignored, frames } = await pending;
    if (first && entries[0]?.path !== '') {
      throw new BitDustError('SOURCE_UNREADABLE', undefined, {
        details: { root, reason: skipped[0]?.message ?? null },
      });
    }
    if (first && skipped.some(({ path }) => path === '')) {
      throw new BitDustError('SOURCE_UNREADABLE', undefined, { details: { root, reason: skipped[0]!.message } });
    }
    first = false;
    stack.push(...frames);
    pending = walk();
    // A rejection is met at the next turn; it must not count as unhandled until then.
    pending?.catch(() => undefined);
    const scanned = await withPrevious(entries, options);
    yield { entries: scanned, skipped: skipped.map((row) => ({ ...row, path: fromByteName(row.path) })), ignored };
  }
}
