import { type Level, type Logger, pino } from 'pino';
import type { Log, LogLevel } from '../ports/world.ts';
import { openLogFile } from './log-file.ts';

/** The log of a node, with a level for each chapter. */
export interface NodeLog extends Log {
  /** Sets the level of one chapter, or of all that have none of their own. */
  setLevel(level: LogLevel, chapter?: string): void;
  close(): void;
}

export interface NodeLogOptions {
  /** Lines go here; each is one JSON object with its line break. */
  readonly write: (line: string) => void;
  readonly now: () => number;
  readonly level: LogLevel;
  readonly levels?: Readonly<Record<string, LogLevel>>;
  readonly close?: () => void;
}

const FILE_BYTES_MAX = 10 * 1024 ** 2;
const FILES_KEPT = 4;

/** A log of lines `{at, level, chapter, code, message}` and the line's own fields, as small JSON objects. */
export function createLog(options: NodeLogOptions): NodeLog {
  const chapters = new Map<string, Logger>();
  const own = new Map<string, LogLevel>(Object.entries(options.levels ?? {}));
  let level = options.level;
  const root = pino(
    {
      level: 'debug',
      base: null,
      messageKey: 'message',
      timestamp: () => `,"at":"${new Date(options.now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: options.write },
  );

  function loggerOf(chapter: string): Logger {
    let logger = chapters.get(chapter);
    if (!logger) {
      logger = root.child({ chapter }, { level: own.get(chapter) ?? level });
      chapters.set(chapter, logger);
    }
    return logger;
  }

  return {
    write(lineLevel, chapter, message, code = null, fields = {}) {
      const { at: _at, level: _level, chapter: _chapter, message: _message, ...rest } = fields;
      loggerOf(chapter)[lineLevel satisfies Level]({ ...rest, code }, message);
    },
    setLevel(next, chapter) {
      if (chapter === undefined) level = next;
      else own.set(chapter, next);
      for (const [name, logger] of chapters) logger.level = own.get(name) ?? level;
    },
    close: options.close ?? (() => {}),
  };
}

/** The log of a running node: a file in its home that is rotated at 10 MiB and kept four times. */
export function createFileLog(options: {
  readonly path: string;
  readonly now: () => number;
  readonly level: LogLevel;
  readonly levels?: Readonly<Record<string, LogLevel>>;
}): NodeLog {
  const file = openLogFile(options.path, { bytesMax: FILE_BYTES_MAX, filesKept: FILES_KEPT });
  return createLog({ ...options, write: (line) => file.write(line), close: () => file.close() });
}

/** Keeps lines in memory, newest last; for tests and the memory worlds. */
export function createMemoryLog(now: () => number): NodeLog & { readonly lines: readonly Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = [];
  const log = createLog({
    now,
    level: 'debug',
    write: (line) => {
      lines.push(JSON.parse(line) as Record<string, unknown>);
      if (lines.length > MEMORY_LINES_MAX) lines.shift();
    },
  });
  return { ...log, lines };
}

const MEMORY_LINES_MAX = 10_000;
