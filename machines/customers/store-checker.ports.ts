import type { Fact } from '../../bus/facts/index.ts';
import type { PersonId } from '../../protocol/ids.ts';
import type { Effect } from '../kit/port.ts';

export interface Verified {
  readonly cursor: string | null;
  readonly pieces: number;
  readonly rotten: readonly { readonly customer: PersonId; readonly count: number }[];
  readonly done: boolean;
  /** Wait before the next step, so that a pass takes 30 d. */
  readonly gapMs: number;
}

export interface StoreCheckerPorts {
  readonly verifyNext: Effect<{ cursor: string | null; bytes: number }, Verified>;
  /** Durable on return: the loss is known before it is announced. */
  readonly recordConfession: Effect<{ customers: readonly PersonId[] }, void>;
  readonly sweepNext: Effect<
    { cursor: string | null },
    { readonly cursor: string | null; readonly freed: number; readonly done: boolean }
  >;
}

export type StoreCheckerEvent =
  | { readonly type: 'checkNow' }
  | { readonly type: 'stop' }
  | { readonly type: 'due'; readonly name: 'sweep' }
  | Fact<'budget.changed' | 'disk.vanished' | 'disk.became-unwritable' | 'disk.recovered' | 'node.started'>;

export interface StoreCheckerContext {
  readonly seed: number;
  readonly cursor: string | null;
  readonly sweepCursor: string | null;
  readonly pieces: number;
  readonly rotten: readonly { readonly customer: PersonId; readonly count: number }[];
  readonly rottenTotal: number;
  readonly freed: number;
  readonly gapMs: number;
  readonly done: boolean;
  /** Without pauses until the pass is over. */
  readonly fast: boolean;
  readonly sweepDue: boolean;
  readonly attempt: number;
}
