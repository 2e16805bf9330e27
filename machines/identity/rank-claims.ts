import type { SightedClaim } from './nickname-observer.machine.ts';

/** Puts first whom our contacts know, then those that look like nobody else, then the oldest claim. None is called the right one. */
export function rankClaims(claims: readonly SightedClaim[]): readonly SightedClaim[] {
  return claims.toSorted(
    (a, b) =>
      b.contactsInCommon - a.contactsInCommon ||
      Number(a.lookAlike) - Number(b.lookAlike) ||
      a.claimedAt - b.claimedAt ||
      (a.person < b.person ? -1 : 1),
  );
}
