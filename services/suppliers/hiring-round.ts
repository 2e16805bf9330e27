import type { KnownCandidate, TakenSeats } from '../../machines/suppliers/choose-seats.ts';
import type { AskAnswer, Candidate } from '../../machines/suppliers/supplier-finder.machine.ts';
import type { DeviceId, PersonId } from '../../protocol/ids.ts';
import { untilAborted } from '../kit/until-aborted.ts';
import type { Agreements, Asked } from './agreements.ts';

/** Somebody who signed a contract for a seat. */
export interface Found {
  readonly seat: number;
  readonly candidate: KnownCandidate;
  readonly contract: Uint8Array;
  readonly bytes: number;
}

export interface HiringRoundOptions {
  readonly agreements: Agreements;
  readonly candidates: Promise<readonly KnownCandidate[]>;
  readonly taken: {
    readonly devices: readonly DeviceId[];
    readonly persons: readonly PersonId[];
    readonly domains: readonly string[];
  };
  /** Devices that the user named for a seat. */
  readonly only: ReadonlyMap<number, DeviceId>;
  readonly onRefused: (device: DeviceId, retryMs: number | null) => void;
  readonly onSilent: (device: DeviceId) => void;
}

/** What the searches of one round share. A question goes on when its search stops waiting, and a late yes is released politely. */
export interface HiringRound {
  readonly candidates: Promise<readonly KnownCandidate[]>;
  readonly only: ReadonlyMap<number, DeviceId>;
  taken(): TakenSeats;
  ask(
    input: {
      readonly seat: number;
      readonly peers: readonly Candidate[];
      readonly atOnce: number;
      readonly bytes: number;
    },
    signal: AbortSignal,
  ): Promise<AskAnswer>;
  /** Ends the round: what was found, later acceptances are released. */
  close(): readonly Found[];
  release(found: readonly Found[]): Promise<void>;
}

type Outcome = 'accepted' | 'refused' | 'silent' | 'late' | 'skipped';

/** A round of hiring with its claims. */
export function createHiringRound(options: HiringRoundOptions): HiringRound {
  const { agreements, candidates } = options;
  const devices = new Set(options.taken.devices);
  const persons = new Set(options.taken.persons);
  const domains = new Set(options.taken.domains);
  const asking = new Map<string, Promise<Outcome>>();
  const won = new Map<number, Found>();
  const life = new AbortController();

  function claim(peer: KnownCandidate): boolean {
    const isTaken =
      devices.has(peer.device) || persons.has(peer.person) || (peer.domain !== null && domains.has(peer.domain));
    if (isTaken) return false;
    devices.add(peer.device);
    persons.add(peer.person);
    if (peer.domain !== null) domains.add(peer.domain);
    return true;
  }

  /** His person and place are free again; the device was asked, and is not asked twice in a round. */
  function unclaim(peer: KnownCandidate): void {
    persons.delete(peer.person);
    if (peer.domain !== null) domains.delete(peer.domain);
  }

  async function end(supplier: DeviceId, contract: Uint8Array): Promise<void> {
    const { signal } = new AbortController();
    await agreements.end({ supplier, contract, signal }).catch(() => undefined);
  }

  async function settle(seat: number, peer: KnownCandidate, asked: Asked): Promise<Outcome> {
    if (!asked.accepted) {
      unclaim(peer);
      options.onRefused(peer.device, asked.retryMs);
      return 'refused';
    }
    if (won.has(seat) || life.signal.aborted) {
      unclaim(peer);
      await end(peer.device, asked.contract);
      return 'late';
    }
    won.set(seat, { seat, candidate: peer, contract: asked.contract, bytes: asked.bytes });
    return 'accepted';
  }

  async function askOne(seat: number, peer: KnownCandidate, bytes: number): Promise<Outcome> {
    if (!claim(peer)) return 'skipped';
    const { signal } = new AbortController();
    try {
      return await settle(seat, peer, await agreements.ask({ supplier: peer, bytes, former: null, signal }));
    } catch {
      unclaim(peer);
      options.onSilent(peer.device);
      return 'silent';
    }
  }

  async function outcomeOf(seat: number, peer: Candidate, bytes: number): Promise<Outcome> {
    const known = (await candidates).find(({ device }) => device === peer.device);
    if (!known) return 'skipped';
    const key = `${seat}:${peer.device}`;
    const running = asking.get(key) ?? askOne(seat, known, bytes);
    asking.set(key, running);
    return running;
  }

  return {
    candidates,
    only: options.only,
    taken: () => ({ devices, persons, domains }),
    async ask({ seat, peers, atOnce, bytes }, signal) {
      const refused: DeviceId[] = [];
      const skipped: DeviceId[] = [];
      const accepted = Promise.withResolvers<Candidate | null>();
      const left = [...peers];
      const askNext = async (): Promise<void> => {
        for (let peer = left.shift(); peer !== undefined; peer = left.shift()) {
          const outcome = await outcomeOf(seat, peer, bytes);
          if (outcome === 'accepted') accepted.resolve(peer);
          if (outcome === 'refused' || outcome === 'silent') refused.push(peer.device);
          else if (outcome !== 'accepted') skipped.push(peer.device);
          if (outcome !== 'skipped') return;
        }
      };
      void Promise.all(Array.from({ length: atOnce }, askNext)).then(() => accepted.resolve(null));
      return { accepted: await untilAborted(accepted.promise, signal), refused, skipped };
    },
    close() {
      life.abort();
      return [...won.values()];
    },
    async release(found) {
      await Promise.all(found.map(({ candidate, contract }) => end(candidate.device, contract)));
    },
  };
}
