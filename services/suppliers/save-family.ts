import type { Hired } from '../../machines/suppliers/fire-hire.ports.ts';
import type { Health } from '../../ports/health.ts';
import type { Self } from '../../ports/identity.ts';
import type { OwnLog } from '../../ports/order-logs.ts';
import type { Clock } from '../../ports/world.ts';
import { makeFamily } from '../../protocol/family.ts';
import { adoptSeats } from './adopt-family.ts';
import type { Found } from './hiring-round.ts';
import type { SeatRecord, SeatTable } from './seat-table.ts';

export interface FamilyNeeds {
  readonly self: Self;
  readonly clock: Clock;
  readonly seats: SeatTable;
  readonly log: OwnLog;
  /** Appends to our log and has it pushed; durable here on return. */
  readonly append: OwnLog['append'];
  readonly health: Pick<Health, 'seatAway' | 'seatReplaced' | 'seatFormer'>;
  readonly isOnline: (device: SeatRecord['device']) => boolean;
}

interface Saved {
  readonly version: number;
  readonly seats: number;
}

/** Signs the family as the seat table has it and writes it into the log. */
async function signFamily({ self, seats, log, append }: FamilyNeeds): Promise<Saved> {
  const before = log.family();
  const sitting = seats.all();
  const family = makeFamily(
    {
      network: self.networkId,
      owner: self.person,
      device: self.device,
      revision: self.revision(),
      version: (before?.version ?? 0) + 1,
      prev: before?.hash ?? null,
      seats: sitting.map(({ seat, person, device }) => ({ seat, person, device })),
      warrantEpoch: 0,
    },
    self.signer,
  );
  await log.putFamily(family.bytes);
  const view = log.family()!;
  await append([{ kind: 'family', body: { version: view.version, hash: view.hash } }]);
  return { version: view.version, seats: sitting.length };
}

/**
 * Seats those who were hired: first the pieces of moved seats are owed or lost, then the table says who sits there, then
 * the family. A kill between the steps is mended by `adoptFamily`.
 */
export async function saveFamily(
  needs: FamilyNeeds,
  change: { readonly hired: readonly Hired[]; readonly found: readonly Found[]; readonly voluntary: readonly number[] },
): Promise<Saved> {
  const { seats, health } = needs;
  const now = needs.clock.now();
  const rows = change.hired.flatMap(({ seat, supplier }): SeatRecord[] => {
    const found = change.found.find((row) => row.seat === seat && row.candidate.device === supplier);
    return found ? [newRecord(found, now)] : [];
  });
  for (const { seat } of rows) {
    const before = seats.get(seat);
    if (!before) continue;
    const serves = change.voluntary.includes(seat);
    const isServed = serves || seats.formers().some((holder) => holder.seat === seat && holder.serves);
    await seats.putFormers([{ seat, device: before.device, contract: before.contract, since: now, serves }]);
    await health.seatReplaced(seat, isServed ? 'serves' : 'gone');
  }
  await seats.put(rows);
  return signFamily(needs);
}

/**
 * Makes table and family the same: after a recovery the family of the log says who sits where, and what a kill left
 * unsigned is signed. Gives the seats that were new to the table.
 */
export async function adoptFamily(needs: FamilyNeeds): Promise<readonly number[]> {
  const { seats, log, clock } = needs;
  const family = log.family();
  if (!family) {
    if (seats.all().length > 0) await signFamily(needs);
    return [];
  }
  const unknown = await adoptSeats(log, { table: seats, now: clock.now() });
  const isSame = seats
    .all()
    .every((row) => family.seats.some(({ seat, device }) => seat === row.seat && device === row.device));
  if (!isSame) await signFamily(needs);
  return unknown;
}

function newRecord(
  found: {
    readonly seat: number;
    readonly candidate: Pick<SeatRecord, 'person' | 'device' | 'domain'>;
    readonly contract: Uint8Array | null;
    readonly bytes: number;
  },
  now: number,
): SeatRecord {
  return {
    seat: found.seat,
    person: found.candidate.person,
    device: found.candidate.device,
    nickname: null,
    domain: found.candidate.domain,
    hiredAt: now,
    seenAt: now,
    contract: found.contract,
    contractBytes: found.bytes,
    usedBytes: 0,
    noticeUntil: null,
    absentMs: 0,
    usualAbsenceMs: 0,
    onlineMs: 0,
    watchedMs: 0,
    away: false,
    refused: null,
  };
}
