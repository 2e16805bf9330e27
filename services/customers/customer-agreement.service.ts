import type { Bus } from '../../bus/bus.ts';
import type { Fact } from '../../bus/facts/index.ts';
import { customerAgreementWith } from '../../machines/customers/customer-agreement.machine.ts';
import type { Contacts } from '../../ports/contacts.ts';
import type { AcceptPolicy } from '../../ports/customers.ts';
import type { Identities, Self } from '../../ports/identity.ts';
import type { Messenger, PeerAnswer, PeerRequest } from '../../ports/messenger.ts';
import type { OrderLogs } from '../../ports/order-logs.ts';
import type { PieceStore } from '../../ports/pieces.ts';
import type { ActorRuntime, Clock, Random } from '../../ports/world.ts';
import { checkPayload } from '../../protocol/commands.ts';
import type { SignedContract } from '../../protocol/contract.ts';
import { BitDustError } from '../../protocol/errors.ts';
import type { DeviceId, PersonId } from '../../protocol/ids.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { makeReceipt } from '../../protocol/receipt.ts';
import { ActorPool } from '../kit/actor-pool.ts';
import { inOrder } from '../kit/in-order.ts';
import type { Service } from '../kit/service.ts';
import { createAgreementSteps } from './agreement-steps.ts';
import { type AgreementTable, heard, rowOf, type Standing } from './agreement-table.ts';
import type { Confessions } from './confessions.ts';
import type { Grants } from './grants.ts';
import { readCancel, readDraft, refuseApplicant, refuseTerms } from './judge-draft.ts';

export interface CustomerAgreementNeeds {
  readonly bus: Bus;
  readonly runtime: ActorRuntime;
  readonly clock: Clock;
  readonly random: Random;
  readonly self: Self;
  readonly identities: Pick<Identities, 'personOf'>;
  readonly messenger: Pick<Messenger, 'handle' | 'request'>;
  readonly contacts: Pick<Contacts, 'watch' | 'isOnline'>;
  readonly logs: Pick<OrderLogs, 'of'>;
  readonly pieces: PieceStore;
  readonly table: AgreementTable;
  readonly grants: Grants;
  readonly confessions: Confessions;
  readonly policy: AcceptPolicy;
  readonly knows: (person: PersonId) => { readonly nickname: string | null; readonly isContact: boolean };
  /** He is served again, so what waited in the trash may come back. */
  readonly onAdmitted: (customer: PersonId) => void;
  readonly isNetworkUp: () => boolean;
  readonly onFailure: (key: string, error: unknown) => void;
}

export interface CustomerAgreements extends Service {
  /** The contract has no room for what he brought. */
  fill(customer: PersonId): void;
  isFull(customer: PersonId): boolean;
}

type Outcome = { readonly contract: SignedContract } | { readonly reason: string; readonly retryMs: number | null };

interface Pending {
  readonly draft: SignedContract;
  signed: SignedContract | null;
  reserving: Promise<unknown>;
  readonly end: (outcome: Outcome) => void;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const denied = (reason: string, retryMs: number | null): PeerAnswer => ({
  payload: { accepted: false, reason, retryMs },
});
const accepted = (contract: SignedContract): PeerAnswer => ({
  payload: { accepted: true, contract: contract.statement.bytes },
});

/** Wires `customer-agreement`: one automat a customer, from his request to the end of his contract. */
export function createCustomerAgreements(needs: CustomerAgreementNeeds): CustomerAgreements {
  const { bus, clock, self, messenger, contacts, pieces, table, grants } = needs;
  const pending = new Map<PersonId, Pending>();
  const turns = new Map<PersonId, ReturnType<typeof inOrder>>();
  const watches = new Map<DeviceId, () => void>();
  const steps = createAgreementSteps(needs);
  const pool = new ActorPool({
    machine: customerAgreementWith({
      ...steps,
      async checkStanding({ customer }) {
        const draft = pending.get(customer)?.draft;
        if (draft === undefined) return { welcome: false, why: 'busy', retryMs: HOUR_MS };
        const applicant = { person: customer, wantedBytes: draft.bytes, ...needs.knows(customer) };
        const why = refuseTerms(draft) ?? (await refuseApplicant(needs.policy, applicant));
        return why === null ? { welcome: true } : { welcome: false, why, retryMs: DAY_MS };
      },
      reserve({ customer }, signal) {
        const asked = pending.get(customer);
        if (asked === undefined) return Promise.resolve({ reserved: false, why: 'busy' });
        const reserving = reserve(asked, signal);
        asked.reserving = reserving;
        return reserving;
      },
    }),
    runtime: needs.runtime,
    actorsMax: LIMITS.customersMax.value,
    onEmit(fact) {
      if (fact.type === 'customer.admitted') admitted(fact.customer);
      if (fact.type === 'customer.rejected') pending.get(fact.customer)?.end(fact);
      bus.publish(fact);
    },
    onFailure(key, error) {
      pending.get(key as PersonId)?.end({ reason: 'busy', retryMs: HOUR_MS });
      needs.onFailure(key, error);
    },
  });

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

  function admitted(customer: PersonId): void {
    const asked = pending.get(customer);
    if (asked?.signed) asked.end({ contract: asked.signed });
    needs.onAdmitted(customer);
  }

  function open(customer: PersonId, standing: 'new' | Exclude<Standing, 'ended'>, bytes: number): boolean {
    const seed = Math.floor(needs.random.fraction() * 2 ** 31);
    return pool.open(customer, { customer, bytes, standing, seed }) !== undefined;
  }

  function watch(device: DeviceId): void {
    if (!watches.has(device)) watches.set(device, contacts.watch(device, false));
  }

  function watchOnlyCurrent(): void {
    const current = new Set(table.all().flatMap((row) => (row.standing === 'ended' ? [] : [row.device])));
    for (const device of current) watch(device);
    for (const [device, end] of watches) {
      if (current.has(device)) continue;
      end();
      watches.delete(device);
    }
  }

  async function admit(draft: SignedContract): Promise<PeerAnswer> {
    const { customer, bytes } = draft;
    pool.close(customer);
    const { promise, resolve: end } = Promise.withResolvers<Outcome>();
    const asked: Pending = { draft, signed: null, reserving: Promise.resolve(), end };
    pending.set(customer, asked);
    bus.publish({ type: 'agreement.requested', customer, bytes });
    if (!open(customer, 'new', bytes)) end({ reason: 'busy', retryMs: HOUR_MS });
    const outcome = await promise;
    await asked.reserving.catch(() => undefined);
    pending.delete(customer);
    const row = table.get(customer);
    if (!('contract' in outcome) && row !== undefined && row.standing !== 'ended') open(customer, row.standing, bytes);
    watchOnlyCurrent();
    return 'contract' in outcome ? accepted(outcome.contract) : denied(outcome.reason, outcome.retryMs);
  }

  /** Growth that is refused leaves the contract as it stands. */
  async function resize(draft: SignedContract): Promise<PeerAnswer> {
    const { customer, bytes } = draft;
    const refused = refuseTerms(draft);
    if (refused !== null) return denied(refused, null);
    const contract = await grants.sign(draft);
    if (contract === undefined) return denied('no-space', DAY_MS);
    const { device, idleMs, contract: hash, replaced } = rowOf(contract, clock.now());
    await table.change(customer, (row) => ({
      ...heard(row, clock.now()),
      device,
      idleMs,
      contract: hash,
      replaced: replaced ?? row.contract,
    }));
    watchOnlyCurrent();
    pool.send(customer, { type: 'resize', bytes });
    return accepted(contract);
  }

  async function requested(draft: SignedContract): Promise<PeerAnswer> {
    const row = table.get(draft.customer);
    const same = row?.standing === 'ended' ? undefined : await grants.answered(draft);
    if (same !== undefined) return accepted(same);
    if (row === undefined || row.standing === 'ended') return admit(draft);
    if (row.standing === 'releasing') return denied('leaving', HOUR_MS);
    if (row.standing !== 'onNotice') return resize(draft);
    // Only silence was the reason, and it is over.
    if (row.notice?.reason === 'idle') return admit(draft);
    return denied('on-notice', row.notice === null ? DAY_MS : Math.max(0, row.notice.until - clock.now()));
  }

  function inTurn<Answer>(customer: PersonId, work: () => Promise<Answer>): Promise<Answer> {
    const turn = turns.get(customer) ?? inOrder();
    turns.set(customer, turn);
    return turn(work);
  }

  async function requestService(request: PeerRequest): Promise<PeerAnswer> {
    const { person } = request.from;
    if (person === null) throw new BitDustError('NOT_ENTITLED');
    const payload = checkPayload('RequestService', request.payload);
    if (payload.service !== 'supplier') return denied('not-served', null);
    const draft = readDraft(self, request, payload);
    return inTurn(person, () => requested(draft));
  }

  async function cancelService(request: PeerRequest): Promise<PeerAnswer> {
    const payload = checkPayload('CancelService', request.payload);
    const customer = request.from.person;
    if (customer === null) throw new BitDustError('NOT_ENTITLED');
    return inTurn(customer, async () => {
      const { hash } = readCancel(self, request, { payload, row: table.get(customer) });
      await table.change(customer, (row) => (row.standing === 'ended' ? row : { ...row, standing: 'releasing' }));
      pool.send(customer, { type: 'end' });
      const heads = (await needs.logs.of(customer)).heads();
      const receipt = { network: self.networkId, owner: customer, holder: self.device, hash, heads, at: clock.now() };
      return { payload: { receipt: makeReceipt(receipt, self.signer).bytes } };
    });
  }

  function customerOf(device: DeviceId): PersonId | undefined {
    const person = needs.identities.personOf(device);
    return person !== undefined && table.get(person) !== undefined ? person : table.ofDevice(device)?.customer;
  }

  function note(fact: Fact<'contact.came-online' | 'contact.went-offline' | 'peer.heard'>): void {
    const customer = customerOf(fact.peer);
    if (customer === undefined) return;
    if (fact.type === 'contact.went-offline') return void pool.send(customer, fact);
    table.note(customer, (row) => heard(row, clock.now()));
    const isBack = table.get(customer)?.standing === 'absent';
    if (fact.type === 'contact.came-online' || isBack) {
      pool.send(customer, { type: 'contact.came-online', peer: fact.peer });
    }
  }

  let timer: unknown;
  let endings: readonly (() => void)[] = [];

  /** Counts silence and tells whom a deadline concerns; the automat asks again before it acts. */
  function lookAtDues(): void {
    table.count({ networkUp: needs.isNetworkUp(), isOnline: (device) => contacts.isOnline(device) });
    table.save().catch((error: unknown) => needs.onFailure('agreements', error));
    for (const row of table.all()) {
      for (const name of steps.dueOf(row)) pool.send(row.customer, { type: 'due', name });
    }
    clock.clearTimeout(timer);
    timer = clock.setTimeout(lookAtDues, HOUR_MS);
  }

  return {
    fill: (customer) => void pool.send(customer, { type: 'fill' }),
    isFull: (customer) => pool.get(customer)?.getSnapshot().matches('full') ?? false,
    start() {
      for (const { customer, standing } of table.all()) {
        if (standing !== 'ended') open(customer, standing, pieces.account(customer)?.grantBytes ?? 0);
      }
      watchOnlyCurrent();
      endings = [
        messenger.handle('RequestService', requestService),
        messenger.handle('CancelService', cancelService),
        bus.subscribe(['contact.came-online', 'contact.went-offline', 'peer.heard'], note),
        bus.subscribe(['space.notice-given', 'piece.found-rotten'], (fact) => void pool.send(fact.customer, fact)),
        bus.subscribe(['disk.recovered'], (fact) => pool.sendAll(fact)),
        bus.subscribe(['customer.ended'], watchOnlyCurrent),
        bus.subscribe(['host.woke'], lookAtDues),
      ];
      lookAtDues();
    },
    async stop() {
      clock.clearTimeout(timer);
      for (const end of endings) end();
      for (const end of watches.values()) end();
      watches.clear();
      pool.closeAll();
      for (const asked of pending.values()) asked.end({ reason: 'busy', retryMs: HOUR_MS });
      await table.save();
    },
  };
}
