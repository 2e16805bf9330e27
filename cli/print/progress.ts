import type { TaskRow } from '../../node/api/tasks.ts';
import { formatBytes, formatDuration } from './format.ts';
import { oneLine } from './table.ts';

const BAR_CELLS = 24;
const SHOW_AFTER_MS = 1000;
const DRAW_EVERY_MS = 100;

/** A line that is drawn over and over until the work is done. */
export interface ProgressLine {
  show(row: TaskRow): void;
  clear(): void;
}

/** Draws on a terminal only, and only work of more than a second. */
export function createProgressLine(stream: NodeJS.WriteStream, enabled: boolean): ProgressLine {
  const begun = Date.now();
  let drawnAt = 0;
  return {
    show(row) {
      const now = Date.now();
      if (!enabled || now - begun < SHOW_AFTER_MS || now - drawnAt < DRAW_EVERY_MS) return;
      drawnAt = now;
      stream.write(`\r\u001b[K${formatProgress(row, (stream.columns ?? 80) - 1)}`);
    },
    clear() {
      if (drawnAt > 0) stream.write('\r\u001b[K');
      drawnAt = 0;
    },
  };
}

/** `storing  ██████░░░░  50 %  71.1 MiB of 142 MiB  38.1 MiB/s  1.9 s left`, cut to the width. */
export function formatProgress({ phase, progress }: TaskRow, width: number): string {
  const { doneBytes, totalBytes, doneItems, totalItems, bytesPerSecond, leftMs, note } = progress;
  const share = totalBytes ? doneBytes / totalBytes : totalItems ? doneItems / totalItems : null;
  const parts = [phase];
  if (share !== null) {
    const whole = Math.min(1, Math.max(0, share));
    const full = Math.round(whole * BAR_CELLS);
    parts.push('█'.repeat(full) + '░'.repeat(BAR_CELLS - full), `${Math.floor(whole * 100)} %`);
  }
  if (doneBytes > 0)
    parts.push(`${formatBytes(doneBytes)}${totalBytes === null ? '' : ` of ${formatBytes(totalBytes)}`}`);
  else if (doneItems > 0) parts.push(`${doneItems}${totalItems === null ? '' : ` of ${totalItems}`}`);
  if (bytesPerSecond !== null) parts.push(`${formatBytes(bytesPerSecond)}/s`);
  if (leftMs !== null) parts.push(`${formatDuration(leftMs)} left`);
  if (note !== null) parts.push(oneLine(note));
  const text = parts.join('  ');
  return text.length > width ? `${text.slice(0, Math.max(0, width - 1))}…` : text;
}
