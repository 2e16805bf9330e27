import type { DeviceId, PersonId } from '../../protocol/ids.ts';
import type { Effect } from '../kit/port.ts';

export interface LogSynchronizerInput {
  readonly owner: PersonId;
  /** This device: the author of what is appended here. */
  readonly device: DeviceId;
  /** Two entries of one place are known: nothing goes on until the user decided. */
  readonly forked: boolean;
  readonly seed: number;
}

export interface FetchedHeads {
  readonly asked: number;
  readonly answered: number;
  /** Logs of which a holder has more than we. */
  readonly newer: number;
  /** Holders that serve less than they once acknowledged. */
  readonly withheld: readonly DeviceId[];
}

export interface PulledEntries {
  readonly applied: number;
  readonly left: number;
  readonly forked: boolean;
  readonly device: DeviceId;
  readonly kinds: readonly string[];
}

export interface PushedEntries {
  readonly seats: number;
  readonly quorum: boolean;
  readonly caughtUp: readonly { readonly seat: number; readonly supplier: DeviceId }[];
  /** More than half of our log no longer matters, or a checkpoint is old enough to drop what lies before it. */
  readonly canShrink: boolean;
}

export interface LogSynchronizerPorts {
  readonly fetchHeads: Effect<{ readonly owner: PersonId }, FetchedHeads>;
  readonly pullEntries: Effect<{ readonly owner: PersonId }, PulledEntries>;
  readonly appendEntries: Effect<Record<never, never>, { readonly kinds: readonly string[] }>;
  readonly pushEntries: Effect<Record<never, never>, PushedEntries>;
  /** Writes a checkpoint, or drops what a due one covers. */
  readonly writeCheckpoint: Effect<Record<never, never>, { readonly wrote: boolean }>;
}
