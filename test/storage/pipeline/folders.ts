import assert from 'node:assert/strict';
import {
  chmodSync,
  closeSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { random } from './round-trip.ts';

export const MIB = 2 ** 20;
const base = mkdtempSync(join(tmpdir(), 'bitdust-pipeline-'));
let count = 0;

process.on('exit', () => rmSync(base, { recursive: true, force: true }));

/** A new empty folder; all are removed at the end. */
export function folder(): string {
  const path = join(base, `f${count++}`);
  mkdirSync(path);
  return path;
}

/** A folder with one of each: small, large, empty, sparse, equal, linked, oddly named. */
export function fill(root: string): void {
  mkdirSync(join(root, 'deep/er'), { recursive: true });
  writeFileSync(join(root, 'small.txt'), 'hello\n');
  writeFileSync(join(root, 'empty'), '');
  writeFileSync(join(root, 'deep/large.bin'), random(11 * MIB + 123));
  writeFileSync(join(root, 'deep/er/text.txt'), 'the same line again and again\n'.repeat(100_000));
  writeFileSync(join(root, 'twin'), 'hello\n');
  writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0x66, 0xff, 0xfe])]), 'not UTF-8');
  symlinkSync('../nowhere/at all', join(root, 'deep/broken'));
  const fd = openSync(join(root, 'sparse'), 'w');
  writeSync(fd, random(100), 0, 100, 3 * MIB);
  ftruncateSync(fd, 40 * MIB);
  closeSync(fd);
  chmodSync(join(root, 'small.txt'), 0o640);
  utimesSync(join(root, 'small.txt'), 1_600_000_000.123456, 1_600_000_000.123456);
  chmodSync(join(root, 'deep/er'), 0o750);
  utimesSync(join(root, 'deep/er'), 1_500_000_000, 1_500_000_000);
}

interface Seen {
  readonly kind: string;
  readonly mode: number;
  readonly mtimeUs: number;
  readonly content: Buffer | string | null;
}

function look(root: Buffer, path = Buffer.alloc(0), seen = new Map<string, Seen>()): Map<string, Seen> {
  const full = path.length === 0 ? root : Buffer.concat([root, Buffer.from('/'), path]);
  const stats = lstatSync(full, { bigint: true });
  const kind = stats.isDirectory() ? 'folder' : stats.isSymbolicLink() ? 'link' : 'file';
  const content = kind === 'file' ? readFileSync(full) : kind === 'link' ? readlinkSync(full) : null;
  const mtimeUs = Math.round(Number(stats.mtimeNs) / 1000);
  seen.set(path.toString('latin1'), { kind, mode: Number(stats.mode & 0o7777n), mtimeUs, content });
  if (kind !== 'folder') return seen;
  for (const name of readdirSync(full, { encoding: 'buffer' })) {
    look(root, path.length === 0 ? name : Buffer.concat([path, Buffer.from('/'), name]), seen);
  }
  return seen;
}

/** Same names, kinds, modes, contents; times to the microsecond. */
export function requireSame(a: string, b: string): void {
  const [left, right] = [look(Buffer.from(a)), look(Buffer.from(b))];
  assert.deepEqual([...right.keys()].sort(), [...left.keys()].sort());
  for (const [path, seen] of left) {
    const other = right.get(path)!;
    assert.ok(Math.abs(seen.mtimeUs - other.mtimeUs) <= 1, `${path}: ${seen.mtimeUs} ${other.mtimeUs}`);
    assert.deepEqual([other.kind, other.mode], [seen.kind, seen.mode], path);
    const same = Buffer.isBuffer(seen.content)
      ? seen.content.equals(other.content as Buffer)
      : seen.content === other.content;
    assert.ok(same, `${path} has the same content`);
  }
}
