import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** A folder that is backed up, and how its hundredth part is changed. */
export interface Sample {
  readonly name: string;
  readonly folder: string;
  readonly files: number;
  readonly bytes: number;
  /** Overwrites one hundredth of the bytes; gives how many. */
  readonly change: () => number;
}

const LARGE_FILES = 4;
const LARGE_BYTES = 64 * 1024 * 1024;
const SMALL_FILES = 20_000;
const SMALL_BYTES = 4096;
const SMALL_FOLDERS = 100;
const ONE_PERCENT = 0.01;

/** 256 MiB of random bytes in four files. The change is one range in the middle of each. */
export function makeLargeFiles(folder: string): Sample {
  mkdirSync(folder, { recursive: true });
  const paths = Array.from({ length: LARGE_FILES }, (_, index) => join(folder, `large-${index}`));
  for (const path of paths) writeFileSync(path, randomBytes(LARGE_BYTES));
  const changedBytes = Math.floor(LARGE_BYTES * ONE_PERCENT);
  return {
    name: '256 MiB',
    folder,
    files: LARGE_FILES,
    bytes: LARGE_FILES * LARGE_BYTES,
    change: () => {
      for (const path of paths) overwrite(path, changedBytes);
      return changedBytes * paths.length;
    },
  };
}

/** 20,000 files of 4 KiB in a hundred folders. The change is two files of every folder. */
export function makeSmallFiles(folder: string): Sample {
  const paths = Array.from({ length: SMALL_FILES }, (_, index) =>
    join(folder, `d${index % SMALL_FOLDERS}`, `f${index}`),
  );
  for (let index = 0; index < SMALL_FOLDERS; index += 1) mkdirSync(join(folder, `d${index}`), { recursive: true });
  for (const path of paths) writeFileSync(path, randomBytes(SMALL_BYTES));
  const changed = paths.slice(0, SMALL_FILES * ONE_PERCENT);
  return {
    name: '20,000 small files',
    folder,
    files: SMALL_FILES,
    bytes: SMALL_FILES * SMALL_BYTES,
    change: () => {
      for (const path of changed) writeFileSync(path, randomBytes(SMALL_BYTES));
      return changed.length * SMALL_BYTES;
    },
  };
}

function overwrite(path: string, bytes: number): void {
  const file = openSync(path, 'r+');
  try {
    writeSync(file, randomBytes(bytes), 0, bytes, LARGE_BYTES / 2);
  } finally {
    closeSync(file);
  }
}
