import { LIMITS } from './limits.ts';
import type { Geometry } from './marks.ts';

/** What new blocks aim at; `k` null leaves it to the table. */
export interface GeometryTarget {
  readonly k: number | null;
  readonly n: number;
}

/** The target until the user sets one. */
export const AUTO_TARGET: GeometryTarget = { k: null, n: 8 };
/** Uptime of the suppliers while it is unknown. */
export const UPTIME_UNKNOWN = 0.8;
const UPTIME_FOR_HALF = 0.95;

function fromTable(domains: number, uptime: number): Geometry {
  if (domains <= 3) return { k: 1, n: domains };
  if (domains === 4) return { k: uptime >= UPTIME_FOR_HALF ? 2 : 1, n: 4 };
  if (domains <= 6) return { k: 2, n: domains };
  if (domains === 7) return { k: 3, n: 7 };
  const k = Math.floor(domains / 2);
  return { k, n: 2 * k };
}

/**
 * Geometry of a new block, from the distinct failure domains there are now. Below 8 domains by the table; from 8 up
 * double redundancy; an explicit k of n as soon as there are n domains. Undefined without any domain.
 */
export function chooseGeometry(options: {
  readonly domains: number;
  readonly uptime: number;
  readonly target: GeometryTarget;
}): Geometry | undefined {
  const { domains, uptime, target } = options;
  if (domains < 1) return undefined;
  if (target.k !== null && domains >= target.n) return { k: target.k, n: target.n };
  return fromTable(Math.min(domains, target.n, LIMITS.seatsMax.value), uptime);
}
