import type { BlockId, DeviceId, PersonId } from '../protocol/ids.ts';

export type SeatState = 'empty' | 'seeking' | 'asking' | 'connected' | 'disconnected' | 'away' | 'refused' | 'leaving';

/** One seat of our own family, as `bitdust suppliers` shows it. Times in ms since 1970. */
export interface SeatView {
  readonly seat: number;
  readonly person: PersonId | null;
  readonly device: DeviceId | null;
  readonly state: SeatState;
  readonly since: number;
  readonly hiredAt: number | null;
  readonly seenAt: number | null;
  readonly contract: { readonly bytes: number; readonly usedBytes: number; readonly noticeUntil: number | null } | null;
  readonly reason: string | null;
  /** Log and documents are his, so that he counts in a quorum and gets pieces. */
  readonly caughtUp: boolean;
  /** Failure domain: household, range or operator. */
  readonly domain: string | null;
}

/** Our suppliers as the other chapters of the customer see them. */
export interface Suppliers {
  seats(): readonly SeatView[];
  seat(seat: number): SeatView | undefined;
  /** Target of new blocks; `auto` is n = 8. */
  target(): { readonly k: number | null; readonly n: number };
  /** Seats a new block may be laid over now: under contract, within their grace, caught up, distinct domains, room for a piece. */
  seatsForBlock(pieceBytes: number): readonly { readonly seat: number; readonly device: DeviceId }[];
  /** Measured uptime of the suppliers, 0.8 until known. */
  uptime(): number;
  /** A growth of the contract is wanted before `bytes` more are sent to the seat. */
  wantRoom(seat: number, bytes: number): void;
  /** Room left in the contract by our own account. */
  room(seat: number): number;
  /** Accounts an acknowledged piece. */
  noteStored(seat: number, bytes: number): void;
  /** One random challenge for a stored piece: true when the supplier proved it. Rejects when silent. */
  challenge(options: {
    readonly seat: number;
    readonly block: BlockId;
    readonly signal: AbortSignal;
  }): Promise<boolean>;
  /** Who sat there before and still gives the pieces, until his successor has them. */
  former?(seat: number): DeviceId | null;
}

/** Answer times of seats, for choosing and hedging. */
export interface SeatSpeeds {
  note(seat: number, ms: number, bytes: number): void;
  /** Seats in the order of expected speed. */
  rank(seats: readonly number[]): readonly number[];
  p95Ms(seat: number): number;
}
