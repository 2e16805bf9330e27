import type { Disk } from '../../ports/disk.ts';
import type { OrderStands, PieceStore } from '../../ports/pieces.ts';
import type { Records } from '../../ports/records.ts';
import type { Clock, Random } from '../../ports/world.ts';
import { createAgreements } from './agreements.ts';
import { compactSegments } from './compact.ts';
import type { CrashPoint } from './crash-points.ts';
import { sweepGarbage } from './garbage.ts';
import { digestOf, rowsOf, splitOf } from './inventory.ts';
import { layoutOf } from './layout.ts';
import { createLifecycle } from './lifecycle.ts';
import { PieceIndex } from './piece-index.ts';
import { createPieceReader } from './reader.ts';
import { publicRow } from './rows.ts';
import { markRotten, verifyNext } from './scrub.ts';
import { type SegmentNumbers, SegmentWriter } from './segments.ts';
import { bringBackPieces, discardPieces, emptyTrash } from './trash.ts';
import { createUploads } from './uploads.ts';
import { Volume } from './volume.ts';

export interface PieceStoreOptions {
  readonly disk: Disk;
  /** Of the store alone: a part, or a database of its own. */
  readonly records: Records;
  readonly folder: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly orderStands: OrderStands;
  /** Called at each named moment of a write; tests cut the power in it. */
  readonly crashPoint?: (name: CrashPoint) => void | Promise<void>;
}

/** Opens the piece store of a folder; one whose volume is not there opens too, and is `unavailable` until it comes. */
export async function openPieceStore(options: PieceStoreOptions): Promise<PieceStore> {
  const parts = makeParts(options);
  await parts.lifecycle.open();
  return storeOver(parts);
}

function makeParts(options: PieceStoreOptions) {
  const { disk, records, clock, crashPoint = () => {} } = options;
  const layout = layoutOf(options.folder);
  const index = new PieceIndex(records);
  const numbers: SegmentNumbers = { next: 1 };
  const now = () => clock.now();
  const volume = new Volume({ disk, layout, monotonic: () => clock.monotonic() });
  const reader = createPieceReader({ disk, layout, index, volume, onRotten: (row) => markRotten(index, row) });
  const segments = new SegmentWriter({ disk, layout, numbers });
  const sweep = () => sweepGarbage({ disk, layout, index, crashPoint });
  const trash = { index, now, crashPoint, sweepGarbage: sweep };
  const shared = { ...options, crashPoint, layout, index, volume, reader, numbers, segments, sweep, now };
  return {
    ...shared,
    trash,
    lifecycle: createLifecycle(shared),
    uploads: createUploads({ ...shared, bringBack: (refs) => bringBackPieces(trash, refs) }),
  };
}

function storeOver(parts: ReturnType<typeof makeParts>): PieceStore {
  const { index, volume, reader, segments, trash, lifecycle, uploads } = parts;

  /** Everything about pieces asks first whether the volume is there, so that "not here" is never said of a lost one. */
  async function there<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    await lifecycle.requireOpen();
    return volume.guard(work);
  }

  return {
    ...createAgreements(parts),
    get storeId() {
      return volume.storeId;
    },
    get health() {
      return volume.health;
    },
    account: (customer) => index.accounts.account(customer),
    accounts: () => index.accounts.all(),
    totals: () => index.accounts.totals(),
    standing: (refs) => there(() => uploads.standing(refs)),
    row: (ref) =>
      there(async () => {
        const row = await index.row(ref);
        return row && publicRow(row);
      }),
    store: (offer, content, how) => there(() => uploads.store(offer, content, how)),
    read: (ref, range) => there(() => reader.read(ref, range)),
    prove: (ref, leaves) => there(() => reader.prove(ref, leaves)),
    digest: (customer, span) => there(() => digestOf(index, customer, span)),
    split: (customer, wanted) => there(() => splitOf(index, customer, wanted)),
    async *each(customer, span) {
      await lifecycle.requireOpen();
      for await (const row of rowsOf(index, customer, span)) yield publicRow(row);
    },
    discard: (refs) => there(() => discardPieces(trash, refs)),
    bringBack: (refs) => there(() => bringBackPieces(trash, refs)),
    emptyTrash: (wanted) => there(() => emptyTrash(trash, wanted)),
    verifyNext: (wanted) => there(() => verifyNext(parts, wanted)),
    compact: () =>
      there(async () => {
        const freed = await compactSegments({ ...parts, current: () => segments.currentName });
        await parts.sweep();
        return freed;
      }),
    probe: () => lifecycle.probe(),
    async close() {
      await uploads.idle();
      await segments.close();
      await lifecycle.close();
    },
  };
}
