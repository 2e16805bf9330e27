import type { AcceptPolicy, Applicant } from '../../ports/customers.ts';
import type { Self } from '../../ports/identity.ts';
import type { PeerRequest } from '../../ports/messenger.ts';
import type { PayloadOf } from '../../protocol/commands.ts';
import { parseContract, parseNotice, type SignedContract, type SignedNotice } from '../../protocol/contract.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { equalBytes, toHex } from '../../protocol/hash.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { AgreementRow } from './agreement-table.ts';

type Us = Pick<Self, 'person' | 'device' | 'networkId'>;

/** Reads a draft and checks that the asker signed it, for himself and for us. Throws `CONTRACT_INVALID` and the codes of parsing. */
export function readDraft(self: Us, request: PeerRequest, payload: PayloadOf<'RequestService'>): SignedContract {
  const draft = parseContract(payload.draft);
  const { person, device } = request.from;
  const fits =
    equalBytes(draft.network, self.networkId) &&
    draft.customer === person &&
    draft.customerDevice === device &&
    draft.supplier === self.person &&
    draft.supplierDevice === self.device &&
    draft.signedBy.includes('customer') &&
    draft.bytes === payload.terms.bytes;
  if (!fits) throw new BitDustError('CONTRACT_INVALID', 'The draft is not one between sender and receiver.');
  return draft;
}

/** Why we would not sign these terms, whoever asks; null when we would. */
export function refuseTerms(draft: SignedContract): string | null {
  if (draft.price !== 0) return 'price';
  return draft.idleMs > LIMITS.idleLimitMaxMs.value ? 'idle-limit' : null;
}

/** Why this person is not served; null when he is. */
export async function refuseApplicant(policy: AcceptPolicy, applicant: Applicant): Promise<string | null> {
  switch (policy.kind) {
    case 'everyone':
      return null;
    case 'friends':
      return applicant.isContact ? null : 'not-friends';
    case 'list':
      return policy.persons.includes(applicant.person) ? null : 'not-listed';
    case 'function':
      return (await policy.accepts(applicant)) ? null : 'not-accepted';
  }
}

/** Reads a customer's word that ends his contract. Throws `NOT_ENTITLED` or `CONTRACT_INVALID` when it does not. */
export function readCancel(
  self: Us,
  request: PeerRequest,
  options: { readonly payload: PayloadOf<'CancelService'>; readonly row: AgreementRow | undefined },
): SignedNotice {
  const { payload, row } = options;
  if (row === undefined || request.from.person !== row.customer) throw new BitDustError('NOT_ENTITLED');
  const notice = parseNotice(payload.notice);
  const fits =
    equalBytes(notice.network, self.networkId) &&
    notice.by === 'customer' &&
    notice.from === request.from.device &&
    notice.contract === toHex(payload.contract) &&
    // The answer that brought him the newer contract may have been lost.
    (notice.contract === row.contract || notice.contract === row.replaced);
  if (!fits) throw new BitDustError('CONTRACT_INVALID', 'The notice is not for the contract that stands.');
  return notice;
}
