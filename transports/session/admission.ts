import { rangeOf } from '../../protocol/address-range.ts';
import { LIMITS } from '../../protocol/limits.ts';

/** Counts the unproved streams by range and in all. */
export interface Admission {
  /** Takes a place; undefined when there is none. The function given back frees it, once. */
  enter(address: string): (() => void) | undefined;
  readonly inside: number;
}

/** At most 8 unproved in a range and 64 in all. */
export function createAdmission(): Admission {
  const byRange = new Map<string, number>();
  let inside = 0;
  return {
    enter: (address) => {
      const range = rangeOf(address);
      const here = byRange.get(range) ?? 0;
      if (here >= LIMITS.handshakesPerRangeMax.value || inside >= LIMITS.handshakesMax.value) return undefined;
      byRange.set(range, here + 1);
      inside += 1;
      let isIn = true;
      return () => {
        if (!isIn) return;
        isIn = false;
        inside -= 1;
        const left = (byRange.get(range) ?? 1) - 1;
        if (left > 0) byRange.set(range, left);
        else byRange.delete(range);
      };
    },
    get inside() {
      return inside;
    },
  };
}
