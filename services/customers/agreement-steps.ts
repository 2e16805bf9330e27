import type { AgreementDue, CustomerAgreementPorts } from '../../machines/customers/customer-agreement.ports.ts';
import type { Contacts } from '../../ports/contacts.ts';
import type { Self } from '../../ports/identity.ts';
import type { Messenger } from '../../ports/messenger.ts';
import type { PieceRef, PieceStore } from '../../ports/pieces.ts';
import { makeNotice, NOTICE_AWAY_MIN_MS, NOTICE_MIN_MS } from '../../protocol/contract.ts';
import { BitDustError } from '../../protocol/errors.ts';
import type { PersonId } from '../../protocol/ids.ts';
import { TRASH_MS } from '../../protocol/order-rules.ts';
import type { AgreementRow, AgreementTable, NoticeRow } from './agreement-table.ts';
import type { Confessions } from './confessions.ts';
import type { Grants } from './grants.ts';

export interface AgreementStepsNeeds {
  readonly self: Pick<Self, 'device' | 'signer' | 'networkId'>;
  readonly clock: { now(): number };
  readonly messenger: Pick<Messenger, 'request'>;
  readonly contacts: Pick<Contacts, 'isOnline'>;
  readonly pieces: Pick<PieceStore, 'account' | 'each' | 'discard'>;
  readonly table: AgreementTable;
  readonly grants: Pick<Grants, 'release'>;
  readonly confessions: Confessions;
}

type Steps = Pick<CustomerAgreementPorts, 'sendNotices' | 'recordStanding' | 'isDue' | 'emptyToTrash'> & {
  /** Deadlines that have passed for the row as it stands. */
  dueOf(row: AgreementRow): readonly AgreementDue[];
};

const ABSENT_AFTER_MS = 14 * 86_400_000;
const ANSWER_MS = 15_000;
const RELEASED_TOGETHER = 1024;

/** What a notice given now may end at the earliest: 30 d, and 90 d for one who is not there to read it. */
export function noticeUntil(now: number, isAway: boolean): number {
  return now + (isAway ? NOTICE_AWAY_MIN_MS : NOTICE_MIN_MS);
}

/** The steps of an agreement that outlive its automat: words to the customer, standing, deadlines, release. */
export function createAgreementSteps(needs: AgreementStepsNeeds): Steps {
  const { self, clock, messenger, contacts, pieces, table, grants, confessions } = needs;

  async function tellNotice(row: AgreementRow, notice: NoticeRow, signal: AbortSignal): Promise<void> {
    // He has the whole notice from the day he is told.
    const until = Math.max(notice.until, noticeUntil(clock.now(), false));
    await table.change(row.customer, (now) => ({ ...now, notice: { ...notice, until } }));
    const statement = makeNotice(
      {
        network: self.networkId,
        contract: row.contract,
        from: self.device,
        by: 'supplier',
        until,
        reason: notice.reason,
        at: clock.now(),
      },
      self.signer,
    );
    const options = { signal, deadlineMs: ANSWER_MS, owner: row.customer };
    await messenger.request(row.device, 'Notice', { kind: 'leaving', until, notice: statement.bytes }, options);
    await table.change(row.customer, (now) => ({ ...now, notice: { ...notice, until, told: true } }));
  }

  function dueOf(row: AgreementRow): readonly AgreementDue[] {
    if (row.standing === 'onNotice') {
      return row.notice !== null && clock.now() >= row.notice.until ? ['noticeEnds'] : [];
    }
    if (row.standing === 'active') return row.silentMs >= ABSENT_AFTER_MS ? ['absentAfter'] : [];
    return row.standing === 'absent' && row.silentMs >= row.idleMs ? ['idleLimit'] : [];
  }

  return {
    dueOf,
    async sendNotices({ customer }, signal) {
      const row = table.get(customer);
      if (row === undefined) return;
      await confessions.tell({ customer, device: row.device, signal });
      if (row.standing === 'onNotice' && row.notice !== null && !row.notice.told) {
        await tellNotice(row, row.notice, signal);
      }
    },
    async recordStanding({ customer, standing }) {
      const row = table.get(customer);
      if (row === undefined) throw new BitDustError('CUSTOMER_NOT_FOUND');
      const isAway = row.standing === 'absent' || !contacts.isOnline(row.device);
      const given: NoticeRow = {
        until: noticeUntil(clock.now(), isAway),
        bytes: pieces.account(customer)?.grantBytes ?? 0,
        reason: 'idle',
        told: false,
      };
      const notice = (now: AgreementRow): NoticeRow | null => (standing === 'onNotice' ? (now.notice ?? given) : null);
      await table.change(customer, (now) => ({ ...now, standing, notice: notice(now) }));
    },
    async isDue({ customer, name }) {
      const row = table.get(customer);
      return row !== undefined && dueOf(row).includes(name) ? 'yes' : 'no';
    },
    async emptyToTrash({ customer, cursor }) {
      const found: (PieceRef & { readonly due: number })[] = [];
      const due = clock.now() + TRASH_MS;
      let last = cursor;
      await table.change(customer, (row) => ({ ...row, standing: 'releasing' }));
      for await (const { block, seat, trash } of pieces.each(customer, cursor === null ? {} : { from: cursor })) {
        if (found.length >= RELEASED_TOGETHER) break;
        last = block;
        if (trash === null) found.push({ customer, block, seat, due });
      }
      await pieces.discard(found);
      if (found.length >= RELEASED_TOGETHER) return { cursor: last, done: false };
      const account = pieces.account(customer);
      // Uploads that began before may still have come in, or be coming.
      if ((account?.pieces ?? 0) > 0) return { cursor: null, done: false };
      if ((account?.reservedBytes ?? 0) > 0) throw new BitDustError('TOO_BUSY');
      await grants.release(customer);
      await table.change(customer, (row) => ({ ...row, standing: 'ended', notice: null }));
      return { cursor: null, done: true };
    },
  };
}

/** Records a notice, durable on return; one that was given already stands. */
export async function recordNotice(
  needs: Pick<AgreementStepsNeeds, 'table' | 'clock' | 'contacts'>,
  options: { readonly customer: PersonId; readonly bytes: number; readonly reason: NoticeRow['reason'] },
): Promise<number> {
  const { customer, bytes, reason } = options;
  const row = needs.table.get(customer);
  if (row === undefined || row.standing === 'ended' || row.standing === 'releasing') {
    throw new BitDustError('CUSTOMER_NOT_FOUND');
  }
  const isAway = row.standing === 'absent' || !needs.contacts.isOnline(row.device);
  const given = row.notice ?? { until: noticeUntil(needs.clock.now(), isAway), bytes, reason, told: false };
  await needs.table.change(customer, (now) => ({ ...now, standing: 'onNotice', notice: now.notice ?? given }));
  return given.until;
}
