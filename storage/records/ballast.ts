import { join } from 'node:path';
import type { Disk } from '../../ports/disk.ts';
import type { Ballast } from './level.ts';

const STEP_BYTES = 1024 * 1024;
/** A disk with less free than this many times the ballast is left alone. */
const ROOM_FACTOR = 8;

/** Keeps a file of real bytes beside a database, made in the background and removed when the disk is full. */
export function keepBallast(options: {
  readonly disk: Disk;
  readonly folder: string;
  readonly bytes: number;
}): Ballast {
  const { disk, bytes } = options;
  const path = join(options.folder, 'ballast');
  let stopped = false;
  let filling: Promise<void> | undefined;
  const restore = async () => {
    if (stopped || bytes === 0) return;
    filling ??= fill({ disk, path, bytes, stopped: () => stopped }).finally(() => {
      filling = undefined;
    });
  };
  void restore();
  return {
    restore,
    async drop() {
      await filling;
      const there = (await disk.stat(path))?.kind === 'file';
      await disk.remove(path);
      return there;
    },
    async stop() {
      stopped = true;
      await filling;
    },
  };
}

async function fill(options: {
  readonly disk: Disk;
  readonly path: string;
  readonly bytes: number;
  readonly stopped: () => boolean;
}): Promise<void> {
  const { disk, path, bytes } = options;
  try {
    const size = (await disk.stat(path))?.size ?? 0;
    if (size >= bytes || (await disk.freeBytes(join(path, '..'))) < bytes * ROOM_FACTOR) return;
    const file = await disk.open(path, 'append');
    try {
      // Not zeros: a file system that compresses would not keep room for them.
      const step = new Uint8Array(STEP_BYTES).map((_, at) => Math.imul(at, 2654435761) >>> 24);
      for (let at = size; at < bytes && !options.stopped(); at += STEP_BYTES) {
        await file.write(step.subarray(0, Math.min(STEP_BYTES, bytes - at)), at);
      }
    } finally {
      await file.close();
    }
  } catch {
    // It is a reserve: where it cannot be made, the store works without.
  }
}
