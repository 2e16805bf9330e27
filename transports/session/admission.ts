import { LIMITS } from '../../protocol/limits.ts';

const HOST = /^[a-z]+:\/\/(?:\[([^\]]+)\]|([^:/]+)):(\d+)$/;

function groupsOfSix(host: string): readonly string[] {
  const [before = '', after] = host.split('::');
  const head = before === '' ? [] : before.split(':');
  const tail = after === undefined || after === '' ? [] : after.split(':');
  const missing = Math.max(0, 8 - head.length - tail.length);
  return after === undefined ? head : [...head, ...Array<string>(missing).fill('0'), ...tail];
}

/**
 * The range an address counts in: /24 of IPv4, /48 of IPv6, the host of other transports. On loopback each port is a
 * range of its own, because there all devices share one address.
 */
export function rangeOf(address: string): string {
  const [, six, other = '', port = ''] = HOST.exec(address) ?? [];
  if (six !== undefined) return six === '::1' ? `::1/${port}` : `${groupsOfSix(six).slice(0, 3).join(':')}::/48`;
  const parts = other.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part))) return other === '' ? address : other;
  return parts[0] === '127' ? `${other}/${port}` : `${parts.slice(0, 3).join('.')}.0/24`;
}

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
