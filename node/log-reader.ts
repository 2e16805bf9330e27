import { closeSync, existsSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { LogLevel } from '../ports/world.ts';
import { type LogLine, logLine } from './api/events.ts';

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];
const CHUNK_BYTES = 64 * 1024;
const LOOK_EVERY_MS = 200;

/** What is wanted of a log file. */
export interface LogQuery {
  readonly path: string;
  /** The newest so many of the level; 0 is none of the past. */
  readonly lines: number;
  readonly level: LogLevel;
  readonly follow: boolean;
  readonly signal: AbortSignal;
}

/** The last lines of a log file, oldest first, and those to come when followed, also over its rotation. */
export async function* readLog(query: LogQuery): AsyncIterable<LogLine> {
  const { path, signal } = query;
  let offset = existsSync(path) ? statSync(path).size : 0;
  let inode = existsSync(path) ? statSync(path).ino : 0;
  yield* lastLines(path, offset, query);
  let rest = '';
  while (query.follow && !signal.aborted) {
    const now = existsSync(path) ? statSync(path) : undefined;
    if (now && (now.ino !== inode || now.size < offset)) [inode, offset, rest] = [now.ino, 0, ''];
    if (now && now.size > offset) {
      const text = rest + readRange(path, offset, now.size).toString('utf8');
      offset = now.size;
      const lines = text.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) yield* parsed(line, query.level);
    } else {
      await delay(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}

/** Reads the file backwards in chunks until enough lines of the level were seen. */
function lastLines(path: string, size: number, { lines, level }: LogQuery): LogLine[] {
  const found: LogLine[] = [];
  let end = size;
  let tail = Buffer.alloc(0);
  while (end > 0 && found.length < lines) {
    const start = Math.max(0, end - CHUNK_BYTES);
    const text = Buffer.concat([readRange(path, start, end), tail]);
    const whole = start === 0 ? 0 : text.indexOf(0x0a) + 1;
    if (start > 0 && whole === 0) {
      tail = text;
      end = start;
      continue;
    }
    const rows = text
      .subarray(whole)
      .toString('utf8')
      .split('\n')
      .flatMap((line) => parsed(line, level));
    found.unshift(...rows);
    tail = text.subarray(0, whole);
    end = start;
  }
  return lines === 0 ? [] : found.slice(-lines);
}

function readRange(path: string, start: number, end: number): Buffer {
  const file = openSync(path, 'r');
  try {
    const buffer = Buffer.alloc(Math.min(end, fstatSync(file).size) - start);
    return buffer.subarray(0, readSync(file, buffer, 0, buffer.length, start));
  } finally {
    closeSync(file);
  }
}

/** None for a line below the level, or one that was cut by a crash. */
function parsed(line: string, level: LogLevel): LogLine[] {
  try {
    const row = logLine.safeParse(JSON.parse(line));
    return row.success && LEVELS.indexOf(row.data.level) >= LEVELS.indexOf(level) ? [row.data] : [];
  } catch {
    return [];
  }
}
