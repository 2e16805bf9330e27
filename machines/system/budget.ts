/** What the owner allows now: caps and schedule already resolved for this moment. */
export interface TrafficPlan {
  /** Bytes a second; null is no cap. */
  readonly up: number | null;
  readonly down: number | null;
  /** The schedule or a metered line forbids traffic now. */
  readonly closed: boolean;
  /** Time to the next boundary of the schedule; null when it has none. */
  readonly nextEdgeMs: number | null;
}

/** What the line carries now. */
export interface TrafficLoad {
  readonly up: number;
  readonly down: number;
  /** Delay added on the line; null while it is not measured. */
  readonly delayMs: number | null;
}

export type BudgetMode = 'unlimited' | 'limited' | 'yielding' | 'closed';

/** Bytes a second; null is no limit. */
export interface Budget {
  readonly mode: BudgetMode;
  readonly up: number | null;
  readonly down: number | null;
  readonly background: number | null;
}

/** More delay than this means that somebody uses the line. */
export const BUSY_DELAY_MS = 150;
/** Of the upward cap, the share of repair and scrub. */
const BACKGROUND_SHARE = 0.5;
const YIELDING_SHARE = 0.1;
/** What background work may send while it yields and nothing is capped. */
const YIELDING_BYTES = 128 * 1024;
/** A smaller change is not worth telling. */
const CHANGE_MIN = 0.1;

/** The budget that a mode gives under a plan. */
export function budgetOf(mode: BudgetMode, plan: TrafficPlan): Budget {
  const { up, down } = plan;
  switch (mode) {
    case 'closed':
      return { mode, up: 0, down: 0, background: 0 };
    case 'yielding':
      return { mode, up, down, background: up === null ? YIELDING_BYTES : Math.round(up * YIELDING_SHARE) };
    case 'limited':
      return { mode, up, down, background: up === null ? null : Math.round(up * BACKGROUND_SHARE) };
    case 'unlimited':
      return { mode, up: null, down: null, background: null };
    default:
      return mode satisfies never;
  }
}

/** True when the second budget is worth announcing after the first. */
export function isBudgetChange(before: Budget | null, after: Budget): boolean {
  if (!before || before.mode !== after.mode) return true;
  return (['up', 'down', 'background'] as const).some((key) => differs(before[key], after[key]));
}

function differs(before: number | null, after: number | null): boolean {
  if (before === null || after === null) return before !== after;
  return Math.abs(after - before) > Math.max(before, after) * CHANGE_MIN;
}
