import { closeSync, existsSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

export interface LogFile {
  write(line: string): void;
  close(): void;
}

/** A log file that starts afresh when it is full and keeps a few older ones beside it: `node.log.1` is the newest of them. */
export function openLogFile(path: string, options: { readonly bytesMax: number; readonly filesKept: number }): LogFile {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  let file = openSync(path, 'a', 0o600);
  let size = fstatSync(file).size;

  function rotate(): void {
    closeSync(file);
    for (let number = options.filesKept; number > 0; number--) {
      const older = number === 1 ? path : `${path}.${number - 1}`;
      if (existsSync(older)) renameSync(older, `${path}.${number}`);
    }
    file = openSync(path, 'a', 0o600);
    size = 0;
  }

  return {
    write(line) {
      const bytes = Buffer.from(line);
      if (size > 0 && size + bytes.length > options.bytesMax) rotate();
      size += writeSync(file, bytes);
    },
    close: () => closeSync(file),
  };
}
