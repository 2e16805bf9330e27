import type { BlockStanding } from '../protocol/block-marks.ts';
import type { BlockId, DeviceId } from '../protocol/ids.ts';
import type { LogDraft, OwnLog } from './order-logs.ts';

/** How far the seats are with our logs. `alone`: nobody holds them but our own disk. */
export type LogSyncState = 'unknown' | 'syncing' | 'in-sync' | 'ahead' | 'alone' | 'forked';

/** Who answered a pull: at a quorum when `answered` is a majority of the caught-up seats. */
export interface Pulled {
  readonly answered: number;
  readonly asked: number;
  readonly atQuorum: boolean;
  /** Entries that were new to us. */
  readonly applied: number;
}

/** Our own order log as the other chapters of the customer use it: written here, carried to the seats by itself. */
export interface LogSync {
  readonly log: OwnLog;
  state(): LogSyncState;
  /** Durable on this disk on return, then on its way to the seats. */
  append(drafts: readonly LogDraft[]): Promise<readonly { readonly seq: number; readonly hash: string }[]>;
  /** A sealed change of a document, gathered with others of the next 2 s into entries; resolves when they are durable here. */
  putDocument(name: string, sealed: Uint8Array): Promise<void>;
  /** A document that is given to seats whole (family, keychain, records, identity) has a newer version. */
  documentsChanged(): void;
  /** Seats whose receipt covers the entry of our log. */
  holders(seq: number): number;
  isAtQuorum(seq: number): Promise<boolean>;
  /** Waits until the entry is at the quorum, at most a minute; `below` when not, or when the signal fires. */
  atQuorum(seq: number, signal: AbortSignal): Promise<'quorum' | 'below'>;
  /** Asks the seats for their heads now and reads what is new; never later than the signal. */
  pull(signal: AbortSignal): Promise<Pulled>;
  standing(block: BlockId): Promise<BlockStanding>;
  /** Log and documents are on this device, so that it counts in a quorum and gets pieces. */
  caughtUp(device: DeviceId): boolean;
}
