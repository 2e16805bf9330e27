import { join } from 'node:path';
import type { Disk } from '../../ports/disk.ts';
import type { OrderStands, PieceOffer, PieceStore } from '../../ports/pieces.ts';
import type { Records } from '../../ports/records.ts';
import type { Clock, Random } from '../../ports/world.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { equalBytes } from '../../protocol/hash.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { createAgreements } from './agreements.ts';
import { Committer } from './committer.ts';
import { compactSegments } from './compact.ts';
import type { CrashPoint } from './crash-points.ts';
import { sweepGarbage } from './garbage.ts';
import { digestOf, rowsOf, splitOf } from './inventory.ts';
import { layoutOf, newFileName } from './layout.ts';
import { createLifecycle } from './lifecycle.ts';
import { PieceIndex } from './piece-index.ts';
import { createPieceReader } from './reader.ts';
import { receivePiece } from './receive.ts';
import { isLive, KEYS, publicRow } from './rows.ts';
import { markRotten, verifyNext } from './scrub.ts';
import { type SegmentNumbers, SegmentWriter } from './segments.ts';
import { bringBackPieces, discardPieces, emptyTrash } from './trash.ts';
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
  const { disk, records, clock, random, crashPoint = () => {} } = options;
  const layout = layoutOf(options.folder);
  const index = new PieceIndex(records);
  const numbers: SegmentNumbers = { next: 1 };
  const now = () => clock.now();
  const volume = new Volume({ disk, layout, monotonic: () => clock.monotonic() });
  const reader = createPieceReader({ disk, layout, index, volume, onRotten: (row) => markRotten(index, row) });
  const segments = new SegmentWriter({ disk, layout, numbers });
  const sweep = () => sweepGarbage({ disk, layout, index, crashPoint });
  const lifecycle = createLifecycle({ ...options, layout, index, volume, reader, numbers, sweep });
  const coming = new Set<string>();
  let uploading = 0;
  const committer = new Committer({
    disk,
    layout,
    clock,
    index,
    volume,
    segments,
    crashPoint,
    sweep,
    uploading: () => uploading,
  });
  const trash = { index, now, crashPoint, sweepGarbage: sweep };
  await lifecycle.open();

  /** Everything about pieces asks first whether the volume is there, so that "not here" is never said of a lost one. */
  async function there<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    await lifecycle.requireOpen();
    return volume.guard(work);
  }

  async function take(
    offer: PieceOffer,
    content: AsyncIterable<Uint8Array>,
    signal: AbortSignal | undefined,
  ): Promise<'stored' | 'have'> {
    const row = await index.row(offer);
    if (row && !row.rotten && equalBytes(row.root, offer.root)) {
      if (!row.trash || (await bringBackPieces(trash, [offer])).length > 0) return 'have';
    }
    volume.requireRoom();
    const reservation = index.accounts.reserve(offer.customer, Math.max(0, offer.length - (row?.length ?? 0)));
    uploading += 1;
    try {
      const path = join(layout.incoming, newFileName(offer, random.bytes(8)));
      const received = await receivePiece({ disk, offer, content, path, signal });
      await committer.submit(received, reservation);
      return 'stored';
    } finally {
      reservation.release();
      uploading -= 1;
      committer.consider();
    }
  }

  return {
    ...createAgreements({ disk, layout, index }),
    get storeId() {
      return volume.storeId;
    },
    get health() {
      return volume.health;
    },
    account: (customer) => index.accounts.account(customer),
    accounts: () => index.accounts.all(),
    totals: () => index.accounts.totals(),
    standing: (refs) =>
      there(async () => {
        const rows = await index.rows(refs);
        return refs.map((ref, at) => {
          if (isLive(rows[at])) return 'have';
          return coming.has(KEYS.piece(ref)) ? 'coming' : 'not';
        });
      }),
    row: (ref) =>
      there(async () => {
        const row = await index.row(ref);
        return row && publicRow(row);
      }),
    async store(offer, content, { signal } = {}) {
      requireSound(offer);
      const key = KEYS.piece(offer);
      if (coming.has(key)) throw new BitDustError('PIECE_COMING');
      coming.add(key);
      try {
        return await there(() => take(offer, content, signal));
      } finally {
        coming.delete(key);
      }
    },
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
    verifyNext: (wanted) => there(() => verifyNext({ index, reader, volume, now }, wanted)),
    compact: () =>
      there(async () => {
        const current = () => segments.currentName;
        const freed = await compactSegments({ disk, layout, index, reader, numbers, now, current, crashPoint });
        await sweep();
        return freed;
      }),
    probe: () => lifecycle.probe(),
    async close() {
      await committer.idle();
      await segments.close();
      await lifecycle.close();
    },
  };
}

function requireSound({ seat, length, root }: PieceOffer): void {
  const sound = Number.isInteger(seat) && seat >= 0 && seat <= 255 && root.length === 32;
  if (!sound || !Number.isInteger(length) || length < 1) throw new BitDustError('BAD_INPUT');
  if (length > LIMITS.pieceBytesMax.value) throw new BitDustError('TOO_LARGE');
}
