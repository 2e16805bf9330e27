import type { Fact } from '../../bus/facts/index.ts';
import type { PersonId } from '../../protocol/ids.ts';
import type { Effect } from '../kit/port.ts';

export type AgreementDue = 'absentAfter' | 'idleLimit' | 'noticeEnds';

type Standing = 'active' | 'absent' | 'onNotice' | 'releasing';

export interface CustomerAgreementInput {
  readonly customer: PersonId;
  readonly bytes: number;
  /** Where the record stands; `new` is a request that came in now. */
  readonly standing: 'new' | Standing;
  readonly seed: number;
}

export interface CustomerAgreementPorts {
  readonly checkStanding: Effect<
    { readonly customer: PersonId },
    { readonly welcome: true } | { readonly welcome: false; readonly why: string; readonly retryMs: number | null }
  >;
  /** Reserves the room and writes the record in one step. */
  readonly reserve: Effect<
    { readonly customer: PersonId; readonly bytes: number },
    { readonly reserved: true } | { readonly reserved: false; readonly why: string }
  >;
  /** Tells him of confessions and notices; resolves when he has them, and at once when there is nothing to tell. */
  readonly sendNotices: Effect<{ readonly customer: PersonId }, void>;
  readonly recordStanding: Effect<
    { readonly customer: PersonId; readonly standing: Exclude<Standing, 'releasing'> },
    void
  >;
  readonly isDue: Effect<{ readonly customer: PersonId; readonly name: AgreementDue }, 'yes' | 'no'>;
  readonly emptyToTrash: Effect<
    { readonly customer: PersonId; readonly cursor: string | null },
    { readonly cursor: string | null; readonly done: boolean }
  >;
}

export type CustomerAgreementEvent =
  | { readonly type: 'resize'; readonly bytes: number }
  /** His signed order. */
  | { readonly type: 'end' }
  | { readonly type: 'stop' }
  /** The contract has no room for what he brought. */
  | { readonly type: 'fill' }
  | { readonly type: 'due'; readonly name: AgreementDue }
  | Fact<'contact.came-online' | 'space.notice-given' | 'piece.found-rotten' | 'disk.recovered'>;

export type CustomerAgreementFact = Fact<
  | 'customer.admitted'
  | 'customer.rejected'
  | 'customer.became-full'
  | 'customer.became-absent'
  | 'customer.returned'
  | 'customer.ended'
>;

export interface CustomerAgreementContext extends CustomerAgreementInput {
  readonly full: boolean;
  readonly reason: string;
  readonly retryMs: number | null;
  readonly attempt: number;
  readonly cursor: string | null;
  readonly due: AgreementDue;
  readonly toTell: boolean;
}
