import { dirname } from 'node:path';
import type { Disk } from '../../ports/disk.ts';
import type { CrashPoint } from './crash-points.ts';
import type { Layout } from './layout.ts';
import type { PieceIndex } from './piece-index.ts';
import { KEYS, under } from './rows.ts';

const SWEEP_TOGETHER = 256;

/** Removes the files that nothing points at any more; safe to repeat after a crash at any moment. */
export async function sweepGarbage(options: {
  readonly disk: Disk;
  readonly layout: Layout;
  readonly index: PieceIndex;
  readonly crashPoint: (name: CrashPoint) => void | Promise<void>;
}): Promise<void> {
  const { disk, layout, index } = options;
  // In turn, as a piece stored again may get the very path of one that was erased.
  await index.inTurn(async () => {
    for (;;) {
      const paths: string[] = [];
      for await (const [key] of index.records.range({ ...under('g/'), limit: SWEEP_TOGETHER }))
        paths.push(key.slice(2));
      if (paths.length === 0) return;
      const folders = new Set<string>();
      for (const path of paths) {
        await disk.remove(layout.absolute(path));
        folders.add(dirname(layout.absolute(path)));
      }
      // Only a removal that lasts may be forgotten.
      for (const folder of folders) if (await disk.stat(folder)) await disk.syncFolder(folder);
      await options.crashPoint('erase.removed');
      await index.records.batch(
        paths.map((path) => ({ remove: KEYS.garbage(path) })),
        { durable: false },
      );
    }
  });
}
