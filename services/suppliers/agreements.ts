import type { Self } from '../../ports/identity.ts';
import type { Messenger } from '../../ports/messenger.ts';
import type { Clock, Random } from '../../ports/world.ts';
import {
  draftContract,
  IDLE_LIMIT_DEFAULT_MS,
  isContractComplete,
  makeNotice,
  parseContract,
  type SignedContract,
} from '../../protocol/contract.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { fromHex, toHex } from '../../protocol/hash.ts';
import type { DeviceId, PersonId } from '../../protocol/ids.ts';

export interface AgreementNeeds {
  readonly self: Self;
  readonly messenger: Messenger;
  readonly clock: Clock;
  readonly random: Random;
}

export type Asked =
  | { readonly accepted: true; readonly contract: Uint8Array; readonly bytes: number }
  | { readonly accepted: false; readonly reason: string; readonly retryMs: number | null };

const ANSWER_MS = 20_000;

/** The asking side of storage contracts: drafts, sends, and checks what comes back signed. */
export function createAgreements(needs: AgreementNeeds) {
  const { self, messenger, clock, random } = needs;

  function draft(
    supplier: { readonly person: PersonId; readonly device: DeviceId },
    bytes: number,
    former: Uint8Array | null,
  ) {
    return draftContract(
      {
        network: self.networkId,
        id: toHex(random.bytes(16)),
        customer: self.person,
        customerDevice: self.device,
        supplier: supplier.person,
        supplierDevice: supplier.device,
        bytes,
        price: 0,
        idleMs: IDLE_LIMIT_DEFAULT_MS,
        replaces: former ? parseContract(former).hash : null,
        renewAt: null,
        at: clock.now(),
      },
      self.signer,
    );
  }

  return {
    /** Asks for a contract, or for another size of the one there is. A denial is an answer; rejects when he cannot be reached. */
    async ask(options: {
      readonly supplier: { readonly person: PersonId; readonly device: DeviceId };
      readonly bytes: number;
      readonly former: Uint8Array | null;
      readonly signal: AbortSignal;
    }): Promise<Asked> {
      const statement = draft(options.supplier, options.bytes, options.former);
      const { payload } = await messenger.request(
        options.supplier.device,
        'RequestService',
        { service: 'supplier', terms: { bytes: options.bytes }, draft: statement.bytes },
        { signal: options.signal, deadlineMs: ANSWER_MS },
      );
      if (payload['accepted'] !== true) {
        return {
          accepted: false,
          reason: String(payload['reason'] ?? 'no'),
          retryMs: (payload['retryMs'] as number | null) ?? null,
        };
      }
      const contract = parseContract(payload['contract'] as Uint8Array);
      checkAgreed(contract, parseContract(statement.bytes));
      return { accepted: true, contract: contract.statement.bytes, bytes: contract.bytes };
    },

    /** Ends a contract in words; the pieces lie 30 d in his trash. */
    async end(options: {
      readonly supplier: DeviceId;
      readonly contract: Uint8Array;
      readonly signal: AbortSignal;
    }): Promise<void> {
      const { hash } = parseContract(options.contract);
      const notice = makeNotice(
        {
          network: self.networkId,
          contract: hash,
          from: self.device,
          by: 'customer',
          until: 0,
          reason: 'replaced',
          at: clock.now(),
        },
        self.signer,
      );
      await messenger.request(
        options.supplier,
        'CancelService',
        { contract: fromHex(hash), notice: notice.bytes },
        { signal: options.signal, deadlineMs: 10_000 },
      );
    },
  };
}

export type Agreements = ReturnType<typeof createAgreements>;

function checkAgreed(contract: SignedContract, draft: SignedContract): void {
  const same =
    isContractComplete(contract) &&
    contract.id === draft.id &&
    contract.supplierDevice === draft.supplierDevice &&
    contract.customerDevice === draft.customerDevice &&
    contract.bytes === draft.bytes;
  if (!same) throw new BitDustError('CONTRACT_INVALID', 'The supplier signed something else than he was asked.');
}
