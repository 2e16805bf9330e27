import { createHash } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { SeededRandom } from '../../node/worlds/random.ts';

/** Before any simulated moment, so that no file counts as just written. */
const WRITTEN_AT_S = Date.UTC(2025, 5, 1) / 1000;

/** Writes a small tree of files of all kinds of sizes and contents. Gives the number of files. */
export function writeSources(folder: string, random: SeededRandom, options: { readonly files: number }): number {
  for (let number = 0; number < options.files; number += 1) {
    const path = join(folder, `folder ${number % 4}`, `file ${number}.bin`);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, random.bytes(Math.floor(random.fraction() ** 3 * 120_000)));
    chmodSync(path, number % 2 === 0 ? 0o644 : 0o600);
    utimesSync(path, WRITTEN_AT_S + number, WRITTEN_AT_S + number);
  }
  for (const name of readdirSync(folder)) {
    chmodSync(join(folder, name), 0o755);
    utimesSync(join(folder, name), WRITTEN_AT_S, WRITTEN_AT_S);
  }
  chmodSync(folder, 0o755);
  utimesSync(folder, WRITTEN_AT_S, WRITTEN_AT_S);
  return options.files;
}

/** Every file below a folder: relative path with mode, time and hash of its bytes. */
export function fingerprints(folder: string): Map<string, string> {
  const found = new Map<string, string>();
  const walk = (below: string): void => {
    for (const name of readdirSync(join(folder, below)).sort()) {
      const path = join(below, name);
      const stats = lstatSync(join(folder, path));
      if (stats.isDirectory()) {
        walk(path);
        continue;
      }
      const hash = createHash('sha256')
        .update(readFileSync(join(folder, path)))
        .digest('hex');
      found.set(path, `${stats.mode.toString(8)} ${Math.round(stats.mtimeMs)} ${stats.size} ${hash}`);
    }
  };
  walk('');
  return found;
}
