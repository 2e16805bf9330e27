import type { Bus } from '../../bus/bus.ts';
import { backoffMs } from '../../machines/kit/backoff.ts';
import { type PeerConnectorOutput, peerConnectorWith } from '../../machines/network/peer-connector.machine.ts';
import type { AddressBook } from '../../ports/addresses.ts';
import type { Transport } from '../../ports/transports.ts';
import type { ActorRuntime, Clock, Random } from '../../ports/world.ts';
import { BitDustError } from '../../protocol/errors.ts';
import type { DeviceId } from '../../protocol/ids.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { ActorPool } from '../kit/actor-pool.ts';
import { pause } from '../kit/pause.ts';
import type { Service } from '../kit/service.ts';
import { untilAborted } from '../kit/until-aborted.ts';
import type { PeerLinks } from './peer-link.service.ts';

export interface PeerConnectorNeeds {
  readonly bus: Bus;
  readonly runtime: ActorRuntime;
  readonly clock: Clock;
  readonly random: Random;
  readonly self: DeviceId;
  readonly transports: readonly Transport[];
  readonly addressBook: AddressBook;
  readonly links: Pick<PeerLinks, 'open'>;
  readonly onFailure: (key: string, error: unknown) => void;
}

export interface PeerConnector extends Service {
  /** Resolves with a live link, by whoever began the run; `PEER_UNREACHABLE` with its reason. */
  connect(peer: DeviceId, signal: AbortSignal): Promise<void>;
  /** Forgets how often the peer could not be reached. */
  forgive(peer: DeviceId): void;
}

interface Outage {
  readonly attempt: number;
  readonly untilMs: number;
  readonly reason: string;
}

/** One run a peer; who could not be reached is left alone for a while, unless it was sighted. */
export function createPeerConnector(needs: PeerConnectorNeeds): PeerConnector {
  const { bus, clock, random } = needs;
  const outages = new Map<DeviceId, Outage>();
  const waiting = new Map<DeviceId, PromiseWithResolvers<void>>();
  let unsubscribe = (): void => {};

  const runs = new ActorPool({
    machine: peerConnectorWith({
      resolvePeer: async ({ peer }, signal) => {
        const addresses = await needs.addressBook.resolve(peer, signal);
        return { addresses: addresses.filter((address) => needs.transports.some((one) => one.serves(address))) };
      },
      raceDials: ({ peer, ways, staggerMs }, signal) => race(peer, { ways, staggerMs, signal }),
    }),
    runtime: needs.runtime,
    actorsMax: LIMITS.peersConnectingMax.value,
    onEmit: (fact) => bus.publish(fact),
    onFailure: (peer, error) => {
      settle(peer as DeviceId, 'no-answer');
      needs.onFailure(peer, error);
    },
    onDone: (peer, output) => {
      const { outcome, reason } = output as PeerConnectorOutput;
      settle(peer as DeviceId, outcome === 'direct' ? null : (reason ?? 'cancelled'));
    },
  });

  function settle(peer: DeviceId, reason: string | null): void {
    const asked = waiting.get(peer);
    waiting.delete(peer);
    const isReached = reason === null;
    if (isReached) {
      outages.delete(peer);
      asked?.resolve();
      return;
    }
    if (reason !== 'network-down' && reason !== 'cancelled') remember(peer, reason);
    asked?.reject(new BitDustError('PEER_UNREACHABLE', undefined, { details: { peer, reason } }));
  }

  function remember(peer: DeviceId, reason: string): void {
    const attempt = (outages.get(peer)?.attempt ?? 0) + 1;
    const seed = Math.floor(random.fraction() * 2 ** 31);
    const untilMs = clock.monotonic() + backoffMs(attempt, seed, { fromMs: 5_000, toMs: 600_000 });
    outages.delete(peer);
    outages.set(peer, { attempt, untilMs, reason });
    const [oldest] = outages.keys();
    if (outages.size > LIMITS.addressedDevicesMax.value && oldest !== undefined) outages.delete(oldest);
  }

  async function race(
    peer: DeviceId,
    options: { readonly ways: readonly string[]; readonly staggerMs: number; readonly signal: AbortSignal },
  ): Promise<{ path: string }> {
    const over = new AbortController();
    const signal = AbortSignal.any([options.signal, over.signal]);
    const dials = options.ways.map(async (way, at) => {
      await pause(clock, at * options.staggerMs, signal);
      return { path: await dial(peer, way, signal) };
    });
    try {
      return await Promise.any(dials);
    } finally {
      over.abort(new BitDustError('CANCELLED'));
    }
  }

  async function dial(peer: DeviceId, address: string, signal: AbortSignal): Promise<string> {
    const transport = needs.transports.find((one) => one.serves(address));
    if (transport === undefined) throw new BitDustError('DIAL_FAILED');
    const stream = await transport.dial(address, signal);
    if (signal.aborted) {
      stream.destroy();
      throw signal.reason;
    }
    const abort = (): void => stream.destroy();
    signal.addEventListener('abort', abort, { once: true });
    try {
      await needs.links.open(stream, { peer, transport: transport.name });
    } finally {
      signal.removeEventListener('abort', abort);
    }
    needs.addressBook.learn(peer, [address]);
    return `${transport.name} ${address}`;
  }

  return {
    start() {
      const ends = [
        bus.subscribe(['network.connected'], () => outages.clear()),
        bus.subscribe(['network.disconnected'], (fact) => runs.sendAll(fact)),
        bus.subscribe(['link.opened'], ({ peer }) => void outages.delete(peer)),
        bus.subscribe(['peer.sighted'], (fact) => {
          outages.delete(fact.peer);
          runs.send(fact.peer, fact);
        }),
      ];
      unsubscribe = () => {
        for (const end of ends) end();
      };
    },
    stop() {
      unsubscribe();
      runs.closeAll();
      for (const peer of [...waiting.keys()]) settle(peer, 'cancelled');
    },
    async connect(peer, signal) {
      signal.throwIfAborted();
      const isSelf = peer === needs.self;
      if (isSelf) throw new BitDustError('PEER_UNREACHABLE', 'That is this device itself.');
      const outage = outages.get(peer);
      if (outage !== undefined && clock.monotonic() < outage.untilMs) {
        const retryMs = Math.ceil(outage.untilMs - clock.monotonic());
        throw new BitDustError('PEER_UNREACHABLE', undefined, { details: { peer, reason: outage.reason, retryMs } });
      }
      const asked = waiting.get(peer) ?? Promise.withResolvers<void>();
      asked.promise.catch(() => undefined);
      waiting.set(peer, asked);
      if (runs.open(peer, { peer }) === undefined) {
        waiting.delete(peer);
        throw new BitDustError('TOO_BUSY');
      }
      await untilAborted(asked.promise, signal);
    },
    forgive: (peer) => void outages.delete(peer),
  };
}
