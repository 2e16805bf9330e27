import type { Bus } from '../../bus/bus.ts';
import { chooseSeats, type KnownCandidate } from '../../machines/suppliers/choose-seats.ts';
import { type Candidate, supplierFinderWith } from '../../machines/suppliers/supplier-finder.machine.ts';
import type { ActorRuntime, Clock } from '../../ports/world.ts';
import type { DeviceId, PersonId } from '../../protocol/ids.ts';
import { ActorPool } from '../kit/actor-pool.ts';
import type { Service } from '../kit/service.ts';
import type { Agreements } from './agreements.ts';
import { createHiringRound, type Found, type HiringRound } from './hiring-round.ts';

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
  /** Somebody whom the user named, whether or not he offers to store. */
  readonly describe: (device: DeviceId, signal: AbortSignal) => Promise<KnownCandidate | undefined>;
  readonly onFailure: (key: string, error: unknown) => void;
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
/** Who did not answer is left alone for so long; silence is no refusal. */
const SILENCE_KEPT_MS = 60_000;
const REFUSALS_MAX = 4_096;
const ASKED_AT_ONCE = 96;

interface End {
  readonly hired: Candidate | null;
  readonly reason: string | null;
}

/** Wires `supplier-finder`: searches of one round share one look-up and never ask the same peer. */
export function createSupplierFinder(needs: SupplierFinderNeeds): SupplierFinder {
  const { bus, agreements, clock } = needs;
  const refusals = new Map<DeviceId, number>();
  const ends = new Map<string, (end: End) => void>();
  let round: HiringRound | undefined;

  const isRefused = (device: DeviceId): boolean => (refusals.get(device) ?? 0) > clock.now();

  function remember(device: DeviceId, forMs: number): void {
    refusals.delete(device);
    refusals.set(device, clock.now() + Math.min(REFUSAL_KEPT_MS, forMs));
    if (refusals.size > REFUSALS_MAX) refusals.delete(refusals.keys().next().value!);
  }

  function candidatesFor(
    running: HiringRound,
    options: { readonly seat: number; readonly all: readonly KnownCandidate[]; readonly except: readonly DeviceId[] },
  ): readonly KnownCandidate[] {
    const { seat, all, except } = options;
    const only = running.only.get(seat);
    if (only) return all.filter((peer) => peer.device === only && !except.includes(only));
    const named = new Set(running.only.values());
    const free = all.filter(({ device }) => !except.includes(device) && !named.has(device) && !isRefused(device));
    return chooseSeats(free, running.taken(), seat);
  }

  const pool = new ActorPool({
    machine: supplierFinderWith({
      lookUpCandidates: async ({ seat, except, count }) => {
        const running = round;
        if (!running) return [];
        const all = await running.candidates;
        return candidatesFor(running, { seat, all, except })
          .slice(0, count)
          .map(({ device, person }) => ({ device, person }));
      },
      askToServe: async (input, signal) => {
        if (!round) return { accepted: null, refused: [], skipped: input.peers.map(({ device }) => device) };
        return round.ask(input, signal);
      },
    }),
    runtime: needs.runtime,
    actorsMax: SEARCHES_MAX,
    onEmit: (fact) => bus.publish(fact),
    onFailure: (key, error) => {
      ends.get(key)?.({ hired: null, reason: 'exhausted' });
      needs.onFailure(key, error);
    },
    onDone: (key, output) => ends.get(key)?.((output as End | undefined) ?? { hired: null, reason: null }),
  });

  function search(seat: number, bytes: number): Promise<string | null> {
    return new Promise((resolve) => {
      const key = String(seat);
      ends.set(key, ({ reason }) => {
        ends.delete(key);
        resolve(reason);
      });
      if (!pool.open(key, { seat, bytes, except: [], avoidGroups: [] })) {
        ends.delete(key);
        resolve('exhausted');
      }
    });
  }

  async function candidatesOf(
    except: readonly DeviceId[],
    named: readonly DeviceId[],
    signal: AbortSignal,
  ): Promise<readonly KnownCandidate[]> {
    const [listed, described] = await Promise.all([
      needs.lookUp({ except, count: ASKED_AT_ONCE, signal }).catch(() => []),
      Promise.all(named.map((device) => needs.describe(device, signal).catch(() => undefined))),
    ]);
    const known = new Set(listed.map(({ device }) => device));
    return [...listed, ...described.flatMap((peer) => (peer && !known.has(peer.device) ? [peer] : []))];
  }

  let unsubscribe: () => void = () => undefined;

  return {
    start() {
      unsubscribe = bus.subscribe(['contact.went-offline'], (fact) => pool.sendAll(fact));
    },
    stop() {
      unsubscribe();
      pool.closeAll();
      for (const end of [...ends.values()]) end({ hired: null, reason: 'no-network' });
    },
    async find({ seats, taken, signal }) {
      signal.throwIfAborted();
      const only = new Map(seats.flatMap(({ seat, only: device }) => (device ? [[seat, device] as const] : [])));
      const running = createHiringRound({
        agreements,
        taken,
        only,
        candidates: candidatesOf(taken.devices, [...only.values()], signal),
        onRefused: (device, retryMs) => remember(device, retryMs ?? REFUSAL_KEPT_MS),
        onSilent: (device) => remember(device, SILENCE_KEPT_MS),
      });
      round = running;
      const cancel = (): void => {
        for (const { seat } of seats) pool.send(String(seat), { type: 'cancel' });
      };
      signal.addEventListener('abort', cancel, { once: true });
      const reasons = await Promise.all(seats.map(({ seat, bytes }) => search(seat, bytes)));
      signal.removeEventListener('abort', cancel);
      const found = running.close();
      if (signal.aborted) {
        await running.release(found);
        throw signal.reason;
      }
      const failed = seats.map(({ seat }) => seat).filter((seat) => !found.some((row) => row.seat === seat));
      return { found, failed, reason: reasons.find((reason) => reason !== null) ?? null };
    },
  };
}
