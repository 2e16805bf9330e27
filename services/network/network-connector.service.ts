import type { Bus } from '../../bus/bus.ts';
import { networkConnectorWith } from '../../machines/network/network-connector.machine.ts';
import type { ActorRuntime, Clock, Host, Random } from '../../ports/world.ts';
import type { DeviceId } from '../../protocol/ids.ts';
import { ActorPool } from '../kit/actor-pool.ts';
import type { Service } from '../kit/service.ts';

export interface NetworkConnectorNeeds {
  readonly bus: Bus;
  readonly runtime: ActorRuntime;
  readonly clock: Clock;
  readonly random: Random;
  readonly host: Host;
  /** Loopback counts as a network: for networks within one machine. */
  readonly loopback: boolean;
  readonly wakeTransports: () => Promise<number>;
  /** Peers worth asking for a sign of life. */
  readonly knownPeers: (count: number) => readonly DeviceId[];
  readonly probe: (peer: DeviceId, signal: AbortSignal) => Promise<void>;
  /** Neighbours of the directory that answer now. */
  readonly askDirectory: () => Promise<number>;
  readonly onFailure: (key: string, error: unknown) => void;
}

export interface NetworkConnector extends Service {
  reconnect(): void;
  /** What the node was told last. */
  isUp(): boolean;
}

const HEARD_WITHIN_MS = 30_000;
const KEY = 'network';

/** Whether there is a network, from interfaces, listeners and signs of life. */
export function createNetworkConnector(needs: NetworkConnectorNeeds): NetworkConnector {
  const { bus, clock, host } = needs;
  const unsubscribes: (() => void)[] = [];
  let heardAt = Number.NEGATIVE_INFINITY;
  let isUp = false;

  async function probePeers(count: number, signal: AbortSignal): Promise<{ asked: number; reached: number }> {
    const wasHeard = clock.monotonic() - heardAt < HEARD_WITHIN_MS;
    if (wasHeard) return { asked: 1, reached: 1 };
    const peers = needs.knownPeers(count);
    // Within one machine there is no outage that silence could show.
    const isNobody = peers.length === 0 || needs.loopback;
    if (isNobody) return { asked: 0, reached: 0 };
    const probes: Promise<unknown>[] = peers.map((peer) => needs.probe(peer, signal));
    probes.push(needs.askDirectory().then((found) => (found > 0 ? found : Promise.reject(new Error('alone')))));
    // Any one answer is enough, so nobody waits for the others.
    const reached = await Promise.any(probes).then(
      () => 1,
      () => 0,
    );
    return { asked: peers.length, reached };
  }

  const pool = new ActorPool({
    machine: networkConnectorWith({
      listInterfaces: async () => ({
        usable: host.interfaces().filter((one) => needs.loopback || !one.internal).length,
      }),
      wakeTransports: async () => ({ listening: await needs.wakeTransports() }),
      probePeers: ({ count }, signal) => probePeers(count, signal),
    }),
    runtime: needs.runtime,
    actorsMax: 1,
    onEmit: (fact) => {
      isUp = fact.type === 'network.impaired' ? isUp : fact.type === 'network.connected';
      bus.publish(fact);
    },
    onFailure: needs.onFailure,
  });

  return {
    start() {
      const own = [
        'interfaces.changed',
        'host.woke',
        'transport.listening',
        'transport.failed',
        'link.opened',
      ] as const;
      unsubscribes.push(
        bus.subscribe(own, (fact) => void pool.send(KEY, fact)),
        bus.subscribe(['peer.heard', 'link.opened'], () => {
          heardAt = clock.monotonic();
        }),
        host.onWake(() => bus.publish({ type: 'host.woke' })),
        host.onInterfacesChanged(() => bus.publish({ type: 'interfaces.changed' })),
      );
      pool.open(KEY, { seed: Math.floor(needs.random.fraction() * 2 ** 31) });
    },
    stop() {
      for (const unsubscribe of unsubscribes.splice(0)) unsubscribe();
      pool.send(KEY, { type: 'stop' });
      pool.closeAll();
    },
    reconnect: () => void pool.send(KEY, { type: 'reconnect' }),
    isUp: () => isUp,
  };
}
