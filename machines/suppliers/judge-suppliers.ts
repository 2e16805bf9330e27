import type { DeviceId } from '../../protocol/ids.ts';

/** What is known of one seat at a survey. */
export interface SeatHealth {
  readonly seat: number;
  readonly supplier: DeviceId | null;
  /** He is there, or was not tried yet since our network is up. */
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
  /** A former holder still serves, because the one who sits here has not all pieces yet. */
  readonly filling: boolean;
}

/** Somebody whose seat has another holder, and whose agreement can end now. */
export interface FormerSupplier {
  readonly seat: number;
  readonly supplier: DeviceId;
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
  /** Of these, seats whose holder serves until his successor has the pieces. */
  readonly voluntary: readonly number[];
  /** Time until a grace or its double ends; null when nobody is absent. */
  readonly nextDueMs: number | null;
}

/**
 * Decides over all seats: past his grace a supplier is away, past twice the grace his seat is to be filled, in a rescue
 * at once. Lost ones are replaced all together, living ones one by one: the next when the last one's pieces have moved.
 */
export function judgeSuppliers(health: readonly SeatHealth[], plan: HiringPlan): Judgement {
  const isAway = (seat: SeatHealth) => seat.supplier !== null && !seat.online && seat.absentMs >= seat.graceMs;
  const isLost = (seat: SeatHealth) =>
    seat.leaving === 'refused' ||
    seat.leaving === 'condemned' ||
    (isAway(seat) && (plan.rescue || seat.absentMs >= 2 * seat.graceMs));
  const isEmpty = (seat: SeatHealth) => seat.supplier === null && seat.seat < plan.seatsWanted;
  const isUnwanted = (seat: SeatHealth) =>
    seat.supplier !== null && (seat.leaving === 'notice' || plan.replace.includes(seat.seat));
  const lost = health.filter((seat) => isEmpty(seat) || isLost(seat) || (isUnwanted(seat) && isAway(seat)));
  const unwanted = health.filter((seat) => isUnwanted(seat) && !lost.includes(seat));
  const voluntary = health.some((seat) => seat.filling) ? [] : unwanted.slice(0, 1);
  const dues = health
    .filter((seat) => seat.supplier !== null && !seat.online)
    .flatMap((seat) => [seat.graceMs - seat.absentMs, 2 * seat.graceMs - seat.absentMs])
    .filter((ms) => ms > 0);
  return {
    becameAway: health.filter((seat) => isAway(seat) && !seat.away).map((seat) => seat.seat),
    cameBack: health.filter((seat) => seat.away && seat.online && seat.proven).map((seat) => seat.seat),
    hire: [...lost, ...voluntary].map((seat) => seat.seat).sort((a, b) => a - b),
    voluntary: voluntary.map((seat) => seat.seat),
    nextDueMs: dues.length === 0 ? null : Math.max(10, Math.min(...dues)),
  };
}
