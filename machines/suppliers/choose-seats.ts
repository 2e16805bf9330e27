import type { DeviceId, PersonId } from '../../protocol/ids.ts';

/** Somebody who offers to store, with the failure domain his address lies in. */
export interface KnownCandidate {
  readonly device: DeviceId;
  readonly person: PersonId;
  /** Household, address range or operator; null when nothing is known, which is a domain of its own. */
  readonly domain: string | null;
  /** Better ones are asked first: measured uptime, speed, earlier good service. */
  readonly score: number;
}

/** Who sits already, or is being asked by a sibling search. */
export interface TakenSeats {
  readonly devices: ReadonlySet<DeviceId>;
  readonly persons: ReadonlySet<PersonId>;
  readonly domains: ReadonlySet<string>;
}

/**
 * Orders candidates for one seat: nobody who is seated, no second seat for a person, and only distinct failure domains;
 * the best first, equal ones spread by `turn` so that parallel searches do not all ask the same peer.
 */
export function chooseSeats(
  candidates: readonly KnownCandidate[],
  taken: TakenSeats,
  turn: number,
): readonly KnownCandidate[] {
  const free = candidates.filter(
    (peer) =>
      !taken.devices.has(peer.device) &&
      !taken.persons.has(peer.person) &&
      (peer.domain === null || !taken.domains.has(peer.domain)),
  );
  const sorted = [...free].sort((a, b) => b.score - a.score || (a.device < b.device ? -1 : 1));
  if (sorted.length === 0) return [];
  const best = sorted.filter((peer) => peer.score === sorted[0]!.score);
  const shift = turn % best.length;
  return [...best.slice(shift), ...best.slice(0, shift), ...sorted.slice(best.length)];
}
