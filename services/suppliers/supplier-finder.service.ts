import type { Bus } from '../../bus/bus.ts';
import { chooseSeats, type KnownCandidate } from '../../machines/suppliers/choose-seats.ts';
import {
  type AskAnswer,
  type Candidate,
  supplierFinderWith,
} from '../../machines/suppliers/supplier-finder.machine.ts';
import type { ActorRuntime, Clock } from '../../ports/world.ts';
import type { DeviceId, PersonId } from '../../protocol/ids.ts';
import { ActorPool } from '../kit/actor-pool.ts';
import type { Service } from '../kit/service.ts';
import type { Agreements, Asked } from './agreements.ts';

export interface SupplierFinderNeeds {
  readonly bus: Bus;
  readonly runtime: ActorRuntime;
  readonly clock: Clock;
  readonly agreements: Agreements;
  /** Devices that offer to store, of the directory and of those known as good. */
  readonly lookUp: (options: {
    readonly except: readonly DeviceId[];
    readonly count: number;
    readonly signal: AbortSignal;
  }) => Promise<readonly KnownCandidate[]>;
  readonly onFailure: (key: string, error: unknown) => void;
}

/** Somebody who signed a contract for a seat. */
export interface Found {
  readonly seat: number;
  readonly candidate: KnownCandidate;
  readonly contract: Uint8Array;
  readonly bytes: number;
}

export interface SupplierFinder extends Service {
  /** Searches for all seats side by side; resolves when every search has ended. */
  find(options: {
    readonly seats: readonly { readonly seat: number; readonly bytes: number; readonly only?: DeviceId }[];
    readonly taken: {
      readonly devices: readonly DeviceId[];
      readonly persons: readonly PersonId[];
      readonly domains: readonly string[];
    };
    readonly signal: AbortSignal;
  }): Promise<{ readonly found: readonly Found[]; readonly failed: readonly number[]; readonly reason: string | null }>;
}

const SEARCHES_MAX = 64;
const REFUSAL_KEPT_MS = 24 * 3_600_000;
const REFUSALS_MAX = 4_096;
const ASKED_AT_ONCE = 96;

interface Round {
  readonly candidates: Promise<readonly KnownCandidate[]>;
  readonly claimed: Set<DeviceId>;
  readonly persons: Set<PersonId>;
  readonly domains: Set<string>;
  readonly won: Map<number, Found>;
  readonly only: ReadonlyMap<number, DeviceId>;
}

/** Wires `supplier-finder`: searches of one round share one look-up and never ask the same peer. */
export function createSupplierFinder(needs: SupplierFinderNeeds): SupplierFinder {
  const { bus, agreements, clock } = needs;
  const refusals = new Map<DeviceId, number>();
  const ends = new Map<string, (end: { hired: Candidate | null; reason: string | null }) => void>();
  const asking = new Map<string, Promise<Asked>>();
  let round: Round | undefined;

  const isRefused = (device: DeviceId): boolean => (refusals.get(device) ?? 0) > clock.now();

  function candidatesFor(
    seat: number,
    all: readonly KnownCandidate[],
    except: readonly DeviceId[],
  ): readonly KnownCandidate[] {
    const only = round?.only.get(seat);
    if (only) return all.filter((peer) => peer.device === only && !except.includes(only));
    const free = all.filter((peer) => !except.includes(peer.device) && !isRefused(peer.device));
    const devices = round?.claimed ?? new Set<DeviceId>();
    const persons = round?.persons ?? new Set<PersonId>();
    return chooseSeats(free, { devices, persons, domains: round?.domains ?? new Set() }, seat);
  }

  async function askOne(
    seat: number,
    peer: Candidate,
    bytes: number,
    signal: AbortSignal,
  ): Promise<'accepted' | 'refused' | 'skipped'> {
    const known = (await round?.candidates)?.find((candidate) => candidate.device === peer.device);
    if (!round || !known) return 'skipped';
    const key = `${seat}:${peer.device}`;
    if (!asking.has(key) && (round.claimed.has(peer.device) || round.persons.has(peer.person))) return 'skipped';
    claim(round, known);
    const running = asking.get(key) ?? agreements.ask({ supplier: peer, bytes, former: null, signal });
    asking.set(key, running);
    try {
      const asked = await running;
      if (!asked.accepted) {
        release(round, known);
        remember(peer.device, asked.retryMs);
        return 'refused';
      }
      if (round.won.has(seat)) {
        release(round, known);
        await agreements.end({ supplier: peer.device, contract: asked.contract, signal }).catch(() => undefined);
        return 'skipped';
      }
      round.won.set(seat, { seat, candidate: known, contract: asked.contract, bytes: asked.bytes });
      return 'accepted';
    } catch (error) {
      release(round, known);
      throw error;
    } finally {
      asking.delete(key);
    }
  }

  function remember(device: DeviceId, retryMs: number | null): void {
    refusals.set(device, clock.now() + Math.min(REFUSAL_KEPT_MS, retryMs ?? REFUSAL_KEPT_MS));
    if (refusals.size > REFUSALS_MAX) refusals.delete(refusals.keys().next().value!);
  }

  async function askToServe(
    input: { readonly seat: number; readonly peers: readonly Candidate[]; readonly bytes: number },
    signal: AbortSignal,
  ): Promise<AskAnswer> {
    const refused: DeviceId[] = [];
    const skipped: DeviceId[] = [];
    const runs = input.peers.map(async (peer) => {
      const answer = await askOne(input.seat, peer, input.bytes, signal).catch(() => 'refused' as const);
      if (answer === 'refused') refused.push(peer.device);
      if (answer === 'skipped') skipped.push(peer.device);
      return answer === 'accepted' ? peer : null;
    });
    const accepted = await firstOf(runs);
    return { accepted, refused, skipped };
  }

  const pool = new ActorPool({
    machine: supplierFinderWith({
      lookUpCandidates: async ({ seat, except, count }) => {
        const all = (await round?.candidates) ?? [];
        return candidatesFor(seat, all, except)
          .slice(0, count)
          .map(({ device, person }) => ({ device, person }));
      },
      askToServe,
    }),
    runtime: needs.runtime,
    actorsMax: SEARCHES_MAX,
    onEmit: (fact) => bus.publish(fact),
    onFailure: (key, error) => {
      ends.get(key)?.({ hired: null, reason: 'exhausted' });
      needs.onFailure(key, error);
    },
    onDone: (key, output) =>
      ends.get(key)?.((output as { hired: Candidate | null; reason: string | null }) ?? { hired: null, reason: null }),
  });

  let unsubscribe: () => void = () => undefined;

  return {
    start() {
      unsubscribe = bus.subscribe(['contact.went-offline'], (fact) => pool.sendAll(fact));
    },
    stop() {
      unsubscribe();
      pool.closeAll();
    },
    async find({ seats, taken, signal }) {
      const candidates = needs.lookUp({ except: taken.devices, count: ASKED_AT_ONCE, signal });
      round = {
        candidates: candidates.catch(() => []),
        claimed: new Set(taken.devices),
        persons: new Set(taken.persons),
        domains: new Set(taken.domains),
        won: new Map(),
        only: new Map(seats.flatMap(({ seat, only }) => (only ? [[seat, only] as const] : []))),
      };
      const running = round;
      const reasons = await Promise.all(
        seats.map(
          ({ seat, bytes }) =>
            new Promise<string | null>((resolve) => {
              const key = String(seat);
              const end = (reason: string | null): void => {
                ends.delete(key);
                resolve(reason);
              };
              ends.set(key, ({ reason }) => end(reason));
              signal.addEventListener('abort', () => pool.send(key, { type: 'cancel' }), { once: true });
              if (!pool.open(key, { seat, bytes, except: [], avoidGroups: [] })) end('exhausted');
            }),
        ),
      );
      const found = [...running.won.values()];
      const failed = seats.map(({ seat }) => seat).filter((seat) => !running.won.has(seat));
      return { found, failed, reason: reasons.find((reason) => reason !== null) ?? null };
    },
  };
}

function claim(round: Round, peer: KnownCandidate): void {
  round.claimed.add(peer.device);
  round.persons.add(peer.person);
  if (peer.domain !== null) round.domains.add(peer.domain);
}

function release(round: Round, peer: KnownCandidate): void {
  round.claimed.delete(peer.device);
  round.persons.delete(peer.person);
  if (peer.domain !== null) round.domains.delete(peer.domain);
}

/** The first that is not null, or null when all have ended. */
async function firstOf<T>(runs: readonly Promise<T | null>[]): Promise<T | null> {
  return new Promise((resolve) => {
    let left = runs.length;
    if (left === 0) resolve(null);
    for (const run of runs)
      void run.then((value) => {
        left -= 1;
        if (value !== null || left === 0) resolve(value);
      });
  });
}
