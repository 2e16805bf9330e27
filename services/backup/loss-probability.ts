/** Blocks of one shape and health. */
export interface HealthClassCount {
  readonly k: number;
  readonly n: number;
  readonly held: number;
  readonly blocks: number;
}

/** Chance that a supplier is gone for good within a year, at an uptime of 1; a flaky one is likelier to leave. */
const GONE_A_YEAR = 0.2;
/** Repair of a lost piece is done within this part of a year, at the latest. */
const REPAIR_YEARS = 7 / 365;

/**
 * A rough upper estimate of the probability that some block is lost within a year: in each repair period a block dies when
 * more of its held pieces vanish than it can bear, independently of each other.
 */
export function lossProbabilityYear(histogram: readonly HealthClassCount[], uptime: number): number {
  const perPeriod = 1 - (1 - Math.min(0.99, GONE_A_YEAR / Math.max(0.05, uptime))) ** REPAIR_YEARS;
  const periods = Math.ceil(1 / REPAIR_YEARS);
  const survives = histogram.reduce((product, row) => {
    const dies = row.held < row.k ? 1 : moreThan(row.held - row.k, row.held, perPeriod);
    return product * (1 - dies) ** (row.blocks * periods);
  }, 1);
  return Math.min(1, Math.max(0, 1 - survives));
}

/** Nines of not losing: 3 for 0.999; at most 15. */
export function ninesOf(loss: number): number {
  return loss <= 1e-15 ? 15 : Math.max(0, -Math.log10(loss));
}

/** Probability that more than `most` of `count` independent events with chance `p` happen. */
function moreThan(most: number, count: number, p: number): number {
  let sum = 0;
  let term = (1 - p) ** count;
  for (let happened = 0; happened <= count; happened += 1) {
    if (happened > most) sum += term;
    term *= ((count - happened) / (happened + 1)) * (p / (1 - p));
  }
  return sum;
}
