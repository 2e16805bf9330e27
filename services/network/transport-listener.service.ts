import type { Bus } from '../../bus/bus.ts';
import { transportListenerWith } from '../../machines/network/transport-listener.machine.ts';
import type { Records } from '../../ports/records.ts';
import type { ByteStream, Transport, TransportListener } from '../../ports/transports.ts';
import type { ActorRuntime, Random } from '../../ports/world.ts';
import { isBitDustError } from '../../protocol/errors.ts';
import { ActorPool } from '../kit/actor-pool.ts';
import type { Service } from '../kit/service.ts';

export interface TransportListenersNeeds {
  readonly bus: Bus;
  readonly runtime: ActorRuntime;
  readonly random: Random;
  readonly transports: readonly Transport[];
  readonly host: string;
  /** Port of the configuration; 0 takes the remembered one or lets the system choose. */
  readonly port: (transport: string) => number;
  /** Where the port in use is remembered. */
  readonly records: Records;
  readonly onStream: (stream: ByteStream, transport: string) => void;
  readonly onFailure: (key: string, error: unknown) => void;
}

export interface TransportListeners extends Service {
  /** Starts what does not listen and waits for it; gives how many do. */
  wake(): Promise<number>;
  addresses(): readonly string[];
}

/** A taken port makes room for one of the next ones. */
const NEXT_PORTS = 16;

/** One listener a transport, each with its actor. */
export function createTransportListeners(needs: TransportListenersNeeds): TransportListeners {
  const { bus, transports, records } = needs;
  const listeners = new Map<string, TransportListener>();
  const waiting = new Set<() => void>();
  const pools = new Map(transports.map((transport) => [transport.name, poolOf(transport)] as const));

  async function listen(transport: Transport, asked: number): Promise<TransportListener> {
    const open = listeners.get(transport.name);
    if (open !== undefined) return open;
    const first = asked === 0 ? await remembered(transport.name) : asked;
    const made = await listenNear(transport, first);
    listeners.set(transport.name, made);
    const value = new TextEncoder().encode(String(made.port));
    await records.batch([{ put: `port/${transport.name}`, value }], { durable: false });
    return made;
  }

  async function listenNear(transport: Transport, first: number): Promise<TransportListener> {
    const onStream = (stream: ByteStream): void => needs.onStream(stream, transport.name);
    for (let port = first; ; port += 1) {
      try {
        return await transport.listen({ host: needs.host, port, onStream });
      } catch (error) {
        if (!isBitDustError(error, 'PORT_TAKEN') || port >= first + NEXT_PORTS) throw error;
      }
    }
  }

  async function remembered(transport: string): Promise<number> {
    const value = await records.get(`port/${transport}`);
    return value === undefined ? 0 : Number(new TextDecoder().decode(value));
  }

  function poolOf(transport: Transport) {
    return new ActorPool({
      machine: transportListenerWith({
        listen: async ({ port }) => {
          const { addresses, port: used } = await listen(transport, port);
          return { addresses, port: used };
        },
        closeListener: async () => {
          const open = listeners.get(transport.name);
          listeners.delete(transport.name);
          await open?.close();
        },
      }),
      runtime: needs.runtime,
      actorsMax: 1,
      onEmit: (fact) => {
        bus.publish(fact);
        for (const look of [...waiting]) look();
      },
      onFailure: needs.onFailure,
    });
  }

  let unsubscribe = (): void => {};
  return {
    start() {
      unsubscribe = bus.subscribe(['interfaces.changed'], (fact) => {
        for (const pool of pools.values()) pool.sendAll(fact);
      });
      for (const [transport, pool] of pools) {
        const seed = Math.floor(needs.random.fraction() * 2 ** 31);
        pool.open(transport, { transport, port: needs.port(transport), seed });
      }
    },
    async stop() {
      unsubscribe();
      for (const pool of pools.values()) pool.closeAll();
      const open = [...listeners.values()];
      listeners.clear();
      await Promise.all(open.map((listener) => listener.close()));
    },
    wake() {
      return new Promise((resolve) => {
        const look = (): void => {
          const states = [...pools].map(([name, pool]) => String(pool.get(name)?.getSnapshot().value));
          const isBusy = states.some((state) => state === 'starting' || state === 'closing');
          if (isBusy) return;
          waiting.delete(look);
          resolve(states.filter((state) => state === 'listening').length);
        };
        waiting.add(look);
        for (const [name, pool] of pools) {
          const isSilent = !listeners.has(name);
          if (isSilent) pool.send(name, { type: 'start' });
        }
        look();
      });
    },
    addresses: () => [...listeners.values()].flatMap((listener) => listener.addresses),
  };
}
