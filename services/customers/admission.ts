import type { Bus } from '../../bus/bus.ts';
import type {
  CustomerAgreementEvent,
  CustomerAgreementPorts,
} from '../../machines/customers/customer-agreement.ports.ts';
import type { AcceptPolicy } from '../../ports/customers.ts';
import type { Self } from '../../ports/identity.ts';
import type { PeerAnswer, PeerRequest } from '../../ports/messenger.ts';
import type { OrderLogs } from '../../ports/order-logs.ts';
import { checkPayload } from '../../protocol/commands.ts';
import type { SignedContract } from '../../protocol/contract.ts';
import { BitDustError } from '../../protocol/errors.ts';
import type { PersonId } from '../../protocol/ids.ts';
import { makeReceipt } from '../../protocol/receipt.ts';
import { inOrder } from '../kit/in-order.ts';
import { type AgreementTable, heard, rowOf, type Standing } from './agreement-table.ts';
import type { Grants } from './grants.ts';
import { readCancel, readDraft, refuseApplicant, refuseTerms } from './judge-draft.ts';

export interface AdmissionNeeds {
  readonly bus: Bus;
  readonly clock: { now(): number };
  readonly self: Self;
  readonly logs: Pick<OrderLogs, 'of'>;
  readonly table: AgreementTable;
  readonly grants: Grants;
  readonly policy: AcceptPolicy;
  readonly knows: (person: PersonId) => { readonly nickname: string | null; readonly isContact: boolean };
  /** Opens the automat of the customer in place of one that may run; false when there are too many. */
  readonly open: (customer: PersonId, standing: 'new' | Exclude<Standing, 'ended'>, bytes: number) => boolean;
  readonly send: (customer: PersonId, event: CustomerAgreementEvent) => void;
  /** The device a customer uses may be another one now. */
  readonly onChanged: () => void;
}

/** Requests for contracts and orders that end them, one at a time for each customer. */
export interface Admission extends Pick<CustomerAgreementPorts, 'checkStanding' | 'reserve'> {
  requestService(request: PeerRequest): Promise<PeerAnswer>;
  cancelService(request: PeerRequest): Promise<PeerAnswer>;
  /** The automat has decided; null is his admission. */
  decided(customer: PersonId, denial: Denial | null): void;
  /** Nobody decides any more. */
  end(): void;
}

interface Denial {
  readonly reason: string;
  readonly retryMs: number | null;
}

type Outcome = { readonly contract: SignedContract } | Denial;

interface Pending {
  readonly draft: SignedContract;
  signed: SignedContract | null;
  reserving: Promise<unknown>;
  readonly end: (outcome: Outcome) => void;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const BUSY: Denial = { reason: 'busy', retryMs: HOUR_MS };

const denied = ({ reason, retryMs }: Denial): PeerAnswer => ({ payload: { accepted: false, reason, retryMs } });
const accepted = (contract: SignedContract): PeerAnswer => ({
  payload: { accepted: true, contract: contract.statement.bytes },
});

/** The counter where contracts begin, change and end. */
export function createAdmission(needs: AdmissionNeeds): Admission {
  const { clock, self, table, grants } = needs;
  const pending = new Map<PersonId, Pending>();
  const turns = new Map<PersonId, ReturnType<typeof inOrder>>();

  async function reserve(
    asked: Pending,
    signal: AbortSignal,
  ): Promise<{ reserved: true } | { reserved: false; why: string }> {
    const { customer } = asked.draft;
    const contract = await grants.sign(asked.draft);
    if (contract === undefined) return { reserved: false, why: 'no-space' };
    if (signal.aborted) {
      await grants.release(customer);
      throw signal.reason;
    }
    const { trashed = [] } = table.get(customer) ?? {};
    await table.put({ ...heard(rowOf(contract, clock.now()), clock.now()), trashed });
    asked.signed = contract;
    return { reserved: true };
  }

  async function admit(draft: SignedContract): Promise<PeerAnswer> {
    const { customer, bytes } = draft;
    const { promise, resolve: end } = Promise.withResolvers<Outcome>();
    const asked: Pending = { draft, signed: null, reserving: Promise.resolve(), end };
    pending.set(customer, asked);
    needs.bus.publish({ type: 'agreement.requested', customer, bytes });
    if (!needs.open(customer, 'new', bytes)) end(BUSY);
    const outcome = await promise;
    await asked.reserving.catch(() => undefined);
    pending.delete(customer);
    const row = table.get(customer);
    // Who was not taken again stands as he stood.
    if (!('contract' in outcome) && row !== undefined && row.standing !== 'ended') {
      needs.open(customer, row.standing, bytes);
    }
    needs.onChanged();
    return 'contract' in outcome ? accepted(outcome.contract) : denied(outcome);
  }

  /** Growth that is refused leaves the contract as it stands. */
  async function resize(draft: SignedContract): Promise<PeerAnswer> {
    const { customer, bytes } = draft;
    const refused = refuseTerms(draft);
    if (refused !== null) return denied({ reason: refused, retryMs: null });
    const contract = await grants.sign(draft);
    if (contract === undefined) return denied({ reason: 'no-space', retryMs: DAY_MS });
    const { device, idleMs, contract: hash, replaced } = rowOf(contract, clock.now());
    await table.change(customer, (row) => ({
      ...heard(row, clock.now()),
      device,
      idleMs,
      contract: hash,
      replaced: replaced ?? row.contract,
    }));
    needs.onChanged();
    needs.send(customer, { type: 'resize', bytes });
    return accepted(contract);
  }

  async function requested(draft: SignedContract): Promise<PeerAnswer> {
    const row = table.get(draft.customer);
    if (row === undefined || row.standing === 'ended') return admit(draft);
    const same = await grants.answered(draft);
    if (same !== undefined) return accepted(same);
    if (row.standing === 'releasing') return denied({ reason: 'leaving', retryMs: HOUR_MS });
    if (row.standing !== 'onNotice') return resize(draft);
    // Only silence was the reason, and it is over.
    if (row.notice?.reason === 'idle') return admit(draft);
    const until = row.notice?.until ?? clock.now() + DAY_MS;
    return denied({ reason: 'on-notice', retryMs: Math.max(0, until - clock.now()) });
  }

  function inTurn<Answer>(customer: PersonId, work: () => Promise<Answer>): Promise<Answer> {
    const turn = turns.get(customer) ?? inOrder();
    turns.set(customer, turn);
    return turn(work);
  }

  async function cancel(request: PeerRequest, customer: PersonId): Promise<PeerAnswer> {
    const payload = checkPayload('CancelService', request.payload);
    const { hash } = readCancel(self, request, { payload, row: table.get(customer) });
    await table.change(customer, (row) => (row.standing === 'ended' ? row : { ...row, standing: 'releasing' }));
    needs.send(customer, { type: 'end' });
    const heads = (await needs.logs.of(customer)).heads();
    const receipt = { network: self.networkId, owner: customer, holder: self.device, hash, heads, at: clock.now() };
    return { payload: { receipt: makeReceipt(receipt, self.signer).bytes } };
  }

  return {
    async checkStanding({ customer }) {
      const draft = pending.get(customer)?.draft;
      if (draft === undefined) return { welcome: false, why: BUSY.reason, retryMs: BUSY.retryMs };
      const applicant = { person: customer, wantedBytes: draft.bytes, ...needs.knows(customer) };
      const why = refuseTerms(draft) ?? (await refuseApplicant(needs.policy, applicant));
      return why === null ? { welcome: true } : { welcome: false, why, retryMs: DAY_MS };
    },
    reserve({ customer }, signal) {
      const asked = pending.get(customer);
      if (asked === undefined) return Promise.resolve({ reserved: false, why: BUSY.reason });
      const reserving = reserve(asked, signal);
      asked.reserving = reserving;
      return reserving;
    },
    async requestService(request) {
      const { person } = request.from;
      if (person === null) throw new BitDustError('NOT_ENTITLED');
      const payload = checkPayload('RequestService', request.payload);
      if (payload.service !== 'supplier') return denied({ reason: 'not-served', retryMs: null });
      const draft = readDraft(self, request, payload);
      return inTurn(person, () => requested(draft));
    },
    async cancelService(request) {
      const { person } = request.from;
      if (person === null) throw new BitDustError('NOT_ENTITLED');
      return inTurn(person, () => cancel(request, person));
    },
    decided(customer, denial) {
      const asked = pending.get(customer);
      if (denial !== null) asked?.end(denial);
      else if (asked?.signed) asked.end({ contract: asked.signed });
    },
    end() {
      for (const asked of pending.values()) asked.end(BUSY);
    },
  };
}
