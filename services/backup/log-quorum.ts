import type { FamilySeat, FamilyView, OwnLog } from '../../ports/order-logs.ts';
import type { Suppliers } from '../../ports/suppliers.ts';
import type { Clock } from '../../ports/world.ts';
import type { DeviceId } from '../../protocol/ids.ts';
import { covers } from '../kit/log-requests.ts';
import type { LogHolders } from './log-holders.ts';

export interface LogQuorumNeeds {
  readonly log: OwnLog;
  readonly holders: LogHolders;
  readonly suppliers: Pick<Suppliers, 'seat'>;
  /** Grace of a seat: one for being away, another until it no longer counts. */
  readonly graceMs: (seat: number) => number;
  readonly clock: Clock;
}

/** Longest wait for a quorum; then the caller is told that it is below. */
const QUORUM_WAIT_MS = 60_000;

/** Says which entries of our log a majority of the caught-up seats holds. */
export interface LogQuorum {
  /** Seats that vote about the entry: caught up, and not absent for twice their grace. */
  voters(seq: number): Promise<readonly (readonly FamilySeat[])[]>;
  isAtQuorum(seq: number): Promise<boolean>;
  holders(seq: number): number;
  wait(seq: number, signal: AbortSignal): Promise<'quorum' | 'below'>;
}

/** More than half of them; nobody is no majority. */
export function isMajority(answered: number, of: number): boolean {
  return of > 0 && answered * 2 > of;
}

/** Judges quorums from the holders' receipts. */
export function createLogQuorum(needs: LogQuorumNeeds): LogQuorum {
  const { log, holders, suppliers, graceMs, clock } = needs;

  function counts({ seat, device }: FamilySeat): boolean {
    if (holders.of(device).caughtUpAt === null) return false;
    const view = suppliers.seat(seat);
    return view?.state !== 'away' || clock.now() - view.since < graceMs(seat);
  }

  /** An entry counts in the family it was written in; a change of the family in the one before too. */
  async function voters(seq: number): Promise<readonly (readonly FamilySeat[])[]> {
    const versions = new Set([await log.familyVersionAt(seq), await log.familyVersionAt(seq - 1)]);
    const known: FamilyView[] = [];
    for (const version of versions) {
      const family = version === undefined ? undefined : await log.familyAt(version);
      if (family !== undefined) known.push(family);
    }
    const counted = known.length > 0 ? known : [log.family()].filter((family) => family !== undefined);
    return counted.map(({ seats }) => seats.filter(counts));
  }

  const holds = (device: DeviceId, seq: number) => covers(holders.of(device).serves, { ...log.own, seq });

  async function isAtQuorum(seq: number): Promise<boolean> {
    const groups = await voters(seq);
    return (
      groups.length > 0 &&
      groups.every((seats) => isMajority(seats.filter(({ device }) => holds(device, seq)).length, seats.length))
    );
  }

  return {
    voters,
    isAtQuorum,
    holders: (seq) => (log.family()?.seats ?? []).filter(({ device }) => holds(device, seq)).length,
    async wait(seq, signal) {
      if (await isAtQuorum(seq)) return 'quorum';
      return new Promise((resolve) => {
        const end = (verdict: 'quorum' | 'below') => {
          stopListening();
          clock.clearTimeout(timer);
          signal.removeEventListener('abort', give);
          resolve(verdict);
        };
        const give = () => end('below');
        const look = () => void isAtQuorum(seq).then((reached) => reached && end('quorum'), give);
        const stopListening = holders.onChange(look);
        const timer = clock.setTimeout(give, QUORUM_WAIT_MS);
        signal.addEventListener('abort', give);
        if (signal.aborted) give();
        else look();
      });
    },
  };
}
