import type { DonationView } from '../../ports/customers.ts';
import type { PieceStore } from '../../ports/pieces.ts';

export interface DonationNeeds {
  readonly pieces: Pick<PieceStore, 'totals' | 'health'>;
  readonly donatedBytes: () => number;
  /** Free on the volume of the piece store. */
  readonly freeBytes: () => Promise<number>;
  /** Stays free on that volume whatever was donated. */
  readonly reserveBytes: number;
}

/** The room that is given to others, and how much of it is taken. */
export interface Donation {
  view(): DonationView;
  /** What all contracts together may have now: the donation, or less where the disk has not so much. */
  promisableBytes(): Promise<number>;
  /** What has to leave the disk so that donation and reserve hold. */
  shortBytes(): Promise<number>;
}

/** Measures the donation against contracts, pieces and the disk. */
export function createDonation({ pieces, donatedBytes, freeBytes, reserveBytes }: DonationNeeds): Donation {
  const heldBytes = (): number => {
    const { usedBytes, trashBytes, otherBytes } = pieces.totals();
    return usedBytes + trashBytes + otherBytes;
  };
  return {
    view() {
      const donated = donatedBytes();
      const { grantedBytes, usedBytes, otherBytes, trashBytes } = pieces.totals();
      return {
        donatedBytes: donated,
        promisedBytes: grantedBytes,
        usedBytes: usedBytes + otherBytes,
        trashBytes,
        freeBytes: Math.max(0, donated - grantedBytes),
      };
    },
    async promisableBytes() {
      if (pieces.health !== 'ready') return 0;
      const room = Math.max(0, (await freeBytes()) - reserveBytes);
      return Math.min(donatedBytes(), heldBytes() + room);
    },
    async shortBytes() {
      const overDonation = heldBytes() - donatedBytes();
      return Math.max(0, overDonation, reserveBytes - (await freeBytes()));
    },
  };
}
