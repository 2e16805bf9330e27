import type { DeviceId } from '../../protocol/ids.ts';

/** What is known of one seat at a survey. */
export interface SeatHealth {
  readonly seat: number;
  readonly supplier: DeviceId | null;
  readonly online: boolean;
  /** Counted absence in ms: only while our own node and network were up. */
  readonly absentMs: number;
  readonly graceMs: number;
  /** He refused the agreement, was condemned or gave notice: he is to be replaced. */
  readonly leaving: 'refused' | 'condemned' | 'notice' | null;
  /** Counted as away until now. */
  readonly away: boolean;
  /** Answered a challenge since he came back. */
  readonly proven: boolean;
}

/** What the user and the weak blocks ask for. */
export interface HiringPlan {
  readonly seatsWanted: number;
  /** Some block is in rescue: away seats are filled at once. */
  readonly rescue: boolean;
  /** Seats that the user wants replaced. */
  readonly replace: readonly number[];
}

export interface Judgement {
  readonly becameAway: readonly number[];
  readonly cameBack: readonly number[];
  /** Seats to find somebody for: empty, to be replaced, or lost. */
  readonly hire: readonly number[];
  /** Time until a grace or its double ends; null when nobody is absent. */
  readonly nextDueMs: number | null;
}

/**
 * Decides over all seats: past his grace a supplier is away, past twice the grace his seat is to be filled, in a rescue
 * at once. Nobody is dismissed before his successor is hired.
 */
export function judgeSuppliers(health: readonly SeatHealth[], plan: HiringPlan): Judgement {
  const isAway = (seat: SeatHealth) => seat.supplier !== null && !seat.online && seat.absentMs >= seat.graceMs;
  const isLost = (seat: SeatHealth) => isAway(seat) && (plan.rescue || seat.absentMs >= 2 * seat.graceMs);
  const isReplaced = (seat: SeatHealth) => seat.leaving !== null || plan.replace.includes(seat.seat);
  const dues = health
    .filter((seat) => seat.supplier !== null && !seat.online)
    .flatMap((seat) => [seat.graceMs - seat.absentMs, 2 * seat.graceMs - seat.absentMs])
    .filter((ms) => ms > 0);
  return {
    becameAway: health.filter((seat) => isAway(seat) && !seat.away).map((seat) => seat.seat),
    cameBack: health.filter((seat) => seat.away && seat.online && seat.proven).map((seat) => seat.seat),
    hire: health
      .filter((seat) => seat.seat < plan.seatsWanted || seat.supplier !== null)
      .filter((seat) => (seat.supplier === null && seat.seat < plan.seatsWanted) || isLost(seat) || isReplaced(seat))
      .map((seat) => seat.seat),
    nextDueMs: dues.length === 0 ? null : Math.min(...dues),
  };
}
