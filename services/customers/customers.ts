import type { Bus } from '../../bus/bus.ts';
import type { Contacts } from '../../ports/contacts.ts';
import type { AcceptPolicy, Customers, CustomerView } from '../../ports/customers.ts';
import type { Directory } from '../../ports/directory.ts';
import type { Identities, Self } from '../../ports/identity.ts';
import type { Messenger } from '../../ports/messenger.ts';
import type { OrderLogs } from '../../ports/order-logs.ts';
import type { PieceAccount, PieceRef, PieceStore } from '../../ports/pieces.ts';
import type { Records } from '../../ports/records.ts';
import type { ActorRuntime, Clock, Random } from '../../ports/world.ts';
import { BitDustError } from '../../protocol/errors.ts';
import type { PersonId } from '../../protocol/ids.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { Notices } from '../kit/notices.ts';
import { recordNotice } from './agreement-steps.ts';
import { type AgreementRow, openAgreementTable } from './agreement-table.ts';
import { bringBackKept } from './bring-back.ts';
import { createConfessions } from './confessions.ts';
import { type CustomerAgreements, createCustomerAgreements } from './customer-agreement.service.ts';
import { createCustomersRejector } from './customers-rejector.service.ts';
import { createDonation } from './donation.ts';
import { createFamilyMember } from './family-member.service.ts';
import { createGrants } from './grants.ts';
import { createOwnership } from './ownership.ts';
import { createPieceEndpoint } from './piece-endpoint.ts';
import { createStoreChecker, type StoreChecker } from './store-checker.service.ts';
import { createTrashKeeper } from './trash-keeper.ts';

export interface CustomersNeeds {
  readonly bus: Bus;
  readonly runtime: ActorRuntime;
  readonly clock: Clock;
  readonly random: Random;
  readonly self: Self;
  readonly identities: Identities;
  readonly messenger: Messenger;
  readonly notices: Notices;
  readonly contacts: Contacts;
  readonly directory: Pick<Directory, 'put'>;
  /** Whether the directory is joined now. */
  readonly joined: () => boolean;
  readonly isNetworkUp: () => boolean;
  readonly logs: OrderLogs;
  readonly pieces: PieceStore;
  /** Keeps its part `agreements` there. */
  readonly records: Records;
  /** Free on the volume of the piece store. */
  readonly freeBytes: () => Promise<number>;
  /** As the configuration has it at the start. */
  readonly donatedBytes: number;
  /** Whom we serve; null is everybody. */
  readonly accept: AcceptPolicy | null;
  readonly knows: (person: PersonId) => { readonly nickname: string | null; readonly isContact: boolean };
  readonly onFailure: (key: string, error: unknown) => void;
}

/** Our customers: contracts, their pieces, their families, the health of the store, and what the faces may ask. */
export interface CustomersService extends Customers {
  readonly checker: StoreChecker;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Builds chapter customers. Nothing is answered before `start`. */
export async function createCustomers(needs: CustomersNeeds): Promise<CustomersService> {
  const { bus, self, clock, random, runtime, messenger, pieces, logs, contacts, onFailure } = needs;
  const records = needs.records.part('agreements');
  const table = await openAgreementTable({ records, pieces, clock });
  let donatedBytes = needs.donatedBytes;
  const donation = createDonation({
    ...needs,
    donatedBytes: () => donatedBytes,
    reserveBytes: LIMITS.donationReserveBytes.value,
  });
  const confessions = createConfessions({ self, records, pieces, messenger, clock });
  const grants = createGrants({ self, pieces, donation });
  const trash = createTrashKeeper({ clock, logs, pieces, table, confessions });
  const common = { bus, runtime, clock, random, onFailure } as const;
  const failed = (error: unknown): void => onFailure('customers', error);

  async function bringBack(customer: PersonId): Promise<void> {
    await bringBackKept(await logs.of(customer), { pieces, kinds: ['keep'] });
  }

  async function confess(ref: PieceRef): Promise<void> {
    await confessions.note([ref]);
    bus.publish({ type: 'piece.found-rotten', customer: ref.customer, count: 1 });
  }

  const agreements: CustomerAgreements = createCustomerAgreements({
    ...needs,
    table,
    grants,
    confessions,
    policy: needs.accept ?? { kind: 'everyone' },
    onAdmitted: (customer) => void bringBack(customer).catch(failed),
  });
  const endpoint = createPieceEndpoint({
    ...needs,
    table,
    onFull: (customer) => agreements.fill(customer),
    onRotten: (ref) => void confess(ref).catch(failed),
    onUnexpected: failed,
  });
  const family = createFamilyMember({ ...needs, network: self.networkId });
  const rejector = createCustomersRejector({ ...common, contacts, pieces, table, donation, trash });
  const checker = await createStoreChecker({ ...common, records, pieces, confessions, trash });
  const services = [endpoint, createOwnership(needs), family, agreements, rejector, checker];

  const view = (row: AgreementRow): CustomerView =>
    viewOf(row, { account: pieces.account(row.customer), isFull: agreements.isFull(row.customer) });

  return {
    checker,
    async start() {
      for (const service of services) await service.start();
    },
    async stop() {
      for (const service of [...services].reverse()) await service.stop();
    },
    list: () => table.all().map(view),
    totals: () => ({ ...donation.view(), customers: table.all().length }),
    async reject(person) {
      const bytes = pieces.account(person)?.grantBytes ?? 0;
      const isGiven = table.get(person)?.standing === 'onNotice';
      const until = await recordNotice({ table, clock, contacts }, { customer: person, bytes, reason: 'rejected' });
      if (!isGiven) bus.publish({ type: 'space.notice-given', customer: person, bytes, until });
      const row = table.get(person);
      if (row === undefined) throw new BitDustError('CUSTOMER_NOT_FOUND');
      return view(row);
    },
    async setDonation(bytes) {
      const { usedBytes, trashBytes } = donation.view();
      const room = usedBytes + trashBytes + (await needs.freeBytes());
      if (bytes > donatedBytes && bytes > room) throw new BitDustError('DISK_FULL');
      donatedBytes = bytes;
    },
  };
}

function viewOf(
  row: AgreementRow,
  now: { readonly account: PieceAccount | undefined; readonly isFull: boolean },
): CustomerView {
  const { customer, seenAt, notice } = row;
  const { grantBytes = 0, usedBytes = 0, pieces = 0 } = now.account ?? {};
  const standing = row.standing === 'ended' ? 'releasing' : row.standing;
  return {
    person: customer,
    state: standing === 'active' && now.isFull ? 'full' : standing,
    contract: { bytes: grantBytes, usedBytes, noticeUntil: notice?.until ?? null },
    pieces,
    seenAt,
  };
}
