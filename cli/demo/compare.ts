import { createReadStream } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';

/** What was compared, and every path that differs with the reason. */
export interface Comparison {
  readonly files: number;
  readonly folders: number;
  readonly links: number;
  readonly bytes: number;
  readonly differences: readonly { readonly path: string; readonly reason: string }[];
}

interface Running {
  files: number;
  folders: number;
  links: number;
  bytes: number;
  readonly differences: { path: string; reason: string }[];
}

/** Compares two trees entry by entry: names, kinds, link targets, modes, mtimes and every byte of every file. */
export async function compareTrees(source: string, restored: string): Promise<Comparison> {
  const running: Running = { files: 0, folders: 0, links: 0, bytes: 0, differences: [] };
  await compareEntry(source, restored, '.', running);
  return running;
}

async function compareEntry(source: string, restored: string, path: string, running: Running): Promise<void> {
  const differ = (reason: string): void => void running.differences.push({ path, reason });
  const from = await lstat(join(source, path), { bigint: true });
  const to = await lstat(join(restored, path), { bigint: true }).catch(() => undefined);
  if (!to) return differ('missing');
  if ((from.mode & 0o170000n) !== (to.mode & 0o170000n)) return differ('another kind of entry');
  if (from.isSymbolicLink()) {
    running.links += 1;
    const [wanted, found] = await Promise.all([readlink(join(source, path)), readlink(join(restored, path))]);
    if (wanted !== found) differ('another link target');
    return;
  }
  if ((from.mode & 0o777n) !== (to.mode & 0o777n)) differ('another mode');
  if (differsInTime(from.mtimeNs, to.mtimeNs)) differ('another mtime');
  if (from.isDirectory()) return compareFolder(source, restored, path, running);
  running.files += 1;
  running.bytes += Number(from.size);
  if (from.size !== to.size) return differ('another size');
  if (!(await sameBytes(join(source, path), join(restored, path)))) differ('other bytes');
}

/** Node sets times as doubles of seconds, so the last quarter of a microsecond is not theirs to keep. */
function differsInTime(a: bigint, b: bigint): boolean {
  return (a > b ? a - b : b - a) >= 1_000n;
}

async function compareFolder(source: string, restored: string, path: string, running: Running): Promise<void> {
  running.folders += 1;
  const [wanted, found] = await Promise.all([readdir(join(source, path)), readdir(join(restored, path))]);
  const extra = found.filter((name) => !wanted.includes(name));
  for (const name of extra) running.differences.push({ path: join(path, name), reason: 'not in the source' });
  for (const name of wanted) await compareEntry(source, restored, join(path, name), running);
}

async function sameBytes(a: string, b: string): Promise<boolean> {
  const second = createReadStream(b)[Symbol.asyncIterator]();
  let rest = Buffer.alloc(0);
  for await (const chunk of createReadStream(a) as AsyncIterable<Buffer>) {
    while (rest.length < chunk.length) {
      const next = await second.next();
      if (next.done) return false;
      rest = Buffer.concat([rest, next.value as Buffer]);
    }
    if (!rest.subarray(0, chunk.length).equals(chunk)) return false;
    rest = rest.subarray(chunk.length);
  }
  return rest.length === 0 && ((await second.next()).done ?? false);
}
