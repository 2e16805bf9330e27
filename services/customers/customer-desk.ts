import type { Self } from '../../ports/identity.ts';
import type { PeerRequest } from '../../ports/messenger.ts';
import type { PieceRef, PieceStore } from '../../ports/pieces.ts';
import { BitDustError, type ErrorCode, isBitDustError } from '../../protocol/errors.ts';
import { toHex } from '../../protocol/hash.ts';
import type { PersonId } from '../../protocol/ids.ts';
import type { AgreementTable } from './agreement-table.ts';

export interface CustomerDeskNeeds {
  readonly self: Pick<Self, 'device'>;
  readonly pieces: Pick<PieceStore, 'account'>;
  readonly table: Pick<AgreementTable, 'get'>;
}

/** Says whose pieces a request may touch; rejects with `NOT_ENTITLED` or `CUSTOMER_UNKNOWN`. */
export interface CustomerDesk {
  /** The owner himself, or a session that proved ownership: the messenger lets nobody else ask to read. */
  reader(request: PeerRequest): PersonId;
  /** A listed device of the owner. */
  owner(request: PeerRequest): PersonId;
  /** The owner while his contract stands. */
  storer(request: PeerRequest): PersonId;
}

/** The rights at the counter of a supplier. */
export function createCustomerDesk({ pieces, table }: CustomerDeskNeeds): CustomerDesk {
  function reader({ owner }: PeerRequest): PersonId {
    if (owner === null) throw new BitDustError('NOT_ENTITLED');
    if (pieces.account(owner) === undefined) throw new BitDustError('CUSTOMER_UNKNOWN');
    return owner;
  }

  function owner(request: PeerRequest): PersonId {
    if (request.from.person === null || request.from.person !== request.owner) throw new BitDustError('NOT_ENTITLED');
    return reader(request);
  }

  return {
    reader,
    owner,
    storer(request) {
      const customer = owner(request);
      const standing = table.get(customer)?.standing;
      if (standing === undefined || standing === 'releasing' || standing === 'ended') {
        throw new BitDustError('CUSTOMER_UNKNOWN');
      }
      return customer;
    },
  };
}

/** A piece of a payload as the store names it. */
export function refOf(customer: PersonId, piece: { readonly block: Uint8Array; readonly seat: number }): PieceRef {
  return { customer, block: toHex(piece.block), seat: piece.seat };
}

/** Runs the work for one piece of a packet; what fails is a code for that piece and spoils no other. */
export async function orCode<Answer>(
  work: () => Promise<Answer>,
  onUnexpected: (error: unknown) => void,
): Promise<Answer | { readonly code: ErrorCode }> {
  try {
    return await work();
  } catch (error) {
    if (isBitDustError(error)) return { code: error.code };
    onUnexpected(error);
    return { code: 'INTERNAL' };
  }
}
