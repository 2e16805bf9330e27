import type { Self } from '../../ports/identity.ts';
import type { PieceStore } from '../../ports/pieces.ts';
import { acceptContract, parseContract, type SignedContract } from '../../protocol/contract.ts';
import { isBitDustError } from '../../protocol/errors.ts';
import type { PersonId } from '../../protocol/ids.ts';
import { inOrder } from '../kit/in-order.ts';
import type { Donation } from './donation.ts';

export interface GrantsNeeds {
  readonly self: Pick<Self, 'signer'>;
  readonly pieces: Pick<PieceStore, 'grant' | 'contract' | 'account'>;
  readonly donation: Donation;
}

/** Contracts signed by us, each written in one step with the room it promises. */
export interface Grants {
  /** Signs and reserves; undefined when there is no room, and nothing changed then. Durable on return. */
  sign(draft: SignedContract): Promise<SignedContract | undefined>;
  /** The contract that stands, when it is the answer to this very draft. */
  answered(draft: SignedContract): Promise<SignedContract | undefined>;
  /** Takes the promised room back; pieces and contract stay. */
  release(customer: PersonId): Promise<void>;
}

/** Reservations one after another, so that two of them never share one room. */
export function createGrants({ self, pieces, donation }: GrantsNeeds): Grants {
  const turn = inOrder();

  async function reserve(contract: SignedContract): Promise<boolean> {
    const { customer, bytes } = contract;
    const before = pieces.account(customer)?.grantBytes ?? 0;
    // What shrinks is always welcome, also when everything together is promised too often.
    const donatedBytes = bytes <= before ? Number.MAX_SAFE_INTEGER : await donation.promisableBytes();
    try {
      await pieces.grant({ customer, bytes, donatedBytes, contract: contract.statement.bytes });
      return true;
    } catch (error) {
      if (isBitDustError(error, 'SPACE_PROMISED') || isBitDustError(error, 'DISK_FULL')) return false;
      throw error;
    }
  }

  return {
    sign: (draft) =>
      turn(async () => {
        const contract = parseContract(acceptContract(draft.statement, self.signer).bytes);
        return (await reserve(contract)) ? contract : undefined;
      }),
    async answered(draft) {
      const bytes = await pieces.contract(draft.customer);
      const contract = bytes && parseContract(bytes);
      const same = contract?.id === draft.id && contract.bytes === draft.bytes && contract.at === draft.at;
      return same ? contract : undefined;
    },
    release: (customer) =>
      turn(async () => {
        const contract = await pieces.contract(customer);
        if (contract === undefined) return;
        await pieces.grant({ customer, bytes: 0, donatedBytes: Number.MAX_SAFE_INTEGER, contract });
      }),
  };
}
