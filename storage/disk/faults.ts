/** The kinds of file calls that can be made to fail. */
export type DiskCall =
  | 'open'
  | 'read'
  | 'write'
  | 'sync'
  | 'truncate'
  | 'rename'
  | 'remove'
  | 'makeFolder'
  | 'list'
  | 'stat'
  | 'syncFolder'
  | 'freeBytes';

/** One file call, counted from 0 since the volume was made. */
export interface DiskOperation {
  readonly index: number;
  readonly call: DiskCall;
  readonly path: string;
}

/** What goes wrong: an error of the device, no space, a write that stops half-way, a lost device, a read-only one. */
export type DiskFault = 'EIO' | 'ENOSPC' | 'short-write' | 'EROFS' | 'ENODEV';

/** Decides for each operation whether it fails. */
export type FaultPlan = (operation: DiskOperation) => DiskFault | undefined;

const WRITING: ReadonlySet<DiskCall> = new Set(['write', 'truncate', 'rename', 'remove', 'makeFolder']);

/** True for calls that change something, which a read-only or full disk refuses. */
export function changesDisk(call: DiskCall): boolean {
  return WRITING.has(call);
}
