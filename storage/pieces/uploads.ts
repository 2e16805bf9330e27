import { join } from 'node:path';
import type { PieceOffer, PieceRef, PieceStore } from '../../ports/pieces.ts';
import type { Random } from '../../ports/world.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { equalBytes } from '../../protocol/hash.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { Committer, type CommitterOptions } from './committer.ts';
import { newFileName } from './layout.ts';
import { receivePiece } from './receive.ts';
import { isLive, KEYS } from './rows.ts';

/** Pieces on their way in. */
export interface Uploads {
  readonly store: PieceStore['store'];
  readonly standing: PieceStore['standing'];
  /** Resolves when no group is being made durable. */
  idle(): Promise<void>;
}

/** Receives pieces: one upload of each at a time, with its room reserved before its first byte. */
export function createUploads(
  options: Omit<CommitterOptions, 'uploading'> & {
    readonly random: Random;
    readonly bringBack: (refs: readonly PieceRef[]) => Promise<readonly PieceRef[]>;
  },
): Uploads {
  const { disk, layout, index, volume, random } = options;
  const coming = new Set<string>();
  let uploading = 0;
  const committer = new Committer({ ...options, uploading: () => uploading });

  async function take(
    offer: PieceOffer,
    content: AsyncIterable<Uint8Array>,
    signal: AbortSignal | undefined,
  ): Promise<'stored' | 'have'> {
    const row = await index.row(offer);
    if (row && !row.rotten && equalBytes(row.root, offer.root)) {
      if (!row.trash || (await options.bringBack([offer])).length > 0) return 'have';
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
    async store(offer, content, { signal } = {}) {
      requireSound(offer);
      const key = KEYS.piece(offer);
      if (coming.has(key)) throw new BitDustError('PIECE_COMING');
      coming.add(key);
      try {
        return await take(offer, content, signal);
      } finally {
        coming.delete(key);
      }
    },
    async standing(refs) {
      const rows = await index.rows(refs);
      return refs.map((ref, at) => {
        if (isLive(rows[at])) return 'have';
        return coming.has(KEYS.piece(ref)) ? 'coming' : 'not';
      });
    },
    idle: () => committer.idle(),
  };
}

function requireSound({ seat, length, root }: PieceOffer): void {
  const sound = Number.isInteger(seat) && seat >= 0 && seat <= 255 && root.length === 32;
  if (!sound || !Number.isInteger(length) || length < 1) throw new BitDustError('BAD_INPUT');
  if (length > LIMITS.pieceBytesMax.value) throw new BitDustError('TOO_LARGE');
}
