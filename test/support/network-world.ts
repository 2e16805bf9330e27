import { createBus } from '../../bus/bus.ts';
import type { Fact } from '../../bus/facts/index.ts';
import type { Host } from '../../ports/world.ts';
import { decodePacket, type Packet } from '../../protocol/packet.ts';
import { createContactStatus } from '../../services/contacts/contact-status.service.ts';
import { createHandshakers } from '../../services/contacts/handshaker.service.ts';
import { createNetwork } from '../../services/network/network.ts';
import { createMemoryStores } from '../../storage/records/memory.ts';
import { createMemoryDirectoryNetwork } from '../../transports/memory/memory-directory.ts';
import { createMemoryNetwork } from '../../transports/memory/memory-network.ts';
import { createSessions } from '../../transports/session/sessions.ts';
import { realClock, seededRandom } from './clocks.ts';
import { selfOf } from './self.ts';

/** A host whose interfaces go and come back on command. */
function switchableHost() {
  const changed = new Set<() => void>();
  let isOn = true;
  const host: Host = {
    onWake: () => () => undefined,
    onInterfacesChanged: (listener) => {
      changed.add(listener);
      return () => changed.delete(listener);
    },
    interfaces: () => (isOn ? [{ name: 'eth0', address: '10.0.0.1', internal: false }] : []),
  };
  return {
    host,
    plug(on: boolean): void {
      isOn = on;
      for (const listener of changed) listener();
    },
  };
}

export type NetworkNode = Awaited<ReturnType<ReturnType<typeof createNetworkWorld>['node']>>;

/** Nodes of the chapters network and contacts in one process: memory wires and directory, real sessions, the real clock. */
export function createNetworkWorld() {
  const wires = createMemoryNetwork({ clock: realClock, random: seededRandom('wires') });
  const directories = createMemoryDirectoryNetwork({ clock: realClock, random: seededRandom('directory') });
  const networkId = new Uint8Array(32).fill(1);
  const stops: (() => Promise<void>)[] = [];
  let port = 7000;
  let seedAddress: string | undefined;

  async function node(name: string) {
    const self = selfOf(name, { networkId });
    const facts: Fact[] = [];
    const failures: unknown[] = [];
    const bus = createBus((error) => failures.push(error));
    bus.tap((fact) => facts.push(fact));
    const random = seededRandom(name);
    const stores = createMemoryStores({ fraction: () => random.fraction() });
    const { records } = await stores.engine().open('/db');
    const { host, plug } = switchableHost();
    const directory = directories.directory({
      networkId,
      bootstrap: seedAddress === undefined ? [] : [seedAddress],
      port: ++port,
      host: '10.0.0.1',
      folder: null,
    });
    seedAddress ??= `10.0.0.1:${port}`;
    const runtime = { clock: realClock, opened: () => undefined };
    const network = createNetwork({
      bus,
      runtime,
      clock: realClock,
      random,
      log: { write: (_level, _chapter, message, _code, fields) => void failures.push({ message, fields }) },
      host,
      self,
      sessions: createSessions({ device: self.device, signer: self.signer, networkId, clock: realClock, random }),
      transports: [wires.transport(name)],
      directory,
      records,
      listenHost: name,
      port: () => 7000,
      reachable: 'public',
    });
    const { identities, addressBook, messenger, isLinked } = network;
    const onFailure = (_key: string, error: unknown): void => void failures.push(error);
    const handshakers = createHandshakers({
      bus,
      runtime,
      identities,
      addressBook,
      messenger,
      exchange: (peer) => messenger.greet(peer),
      isLinked,
      onFailure,
    });
    const contacts = createContactStatus({
      bus,
      runtime,
      clock: realClock,
      random,
      records: records.part('presence'),
      handshakers,
      isLinked,
      isNetworkUp: () => network.connector.isUp(),
      onFailure,
    });
    const parts = [network.network, network.directory, handshakers, contacts];
    async function stop(): Promise<void> {
      for (const part of [...parts].reverse()) await part.stop();
    }
    for (const part of parts) await part.start();
    stops.push(stop);
    /** Resolves with the first fact of that type, past or to come, that fits. */
    function heard<T extends Fact['type']>(type: T, fits: (fact: Fact<T>) => boolean = () => true): Promise<Fact<T>> {
      const before = facts.find((fact) => fact.type === type && fits(fact as Fact<T>));
      if (before !== undefined) return Promise.resolve(before as Fact<T>);
      return new Promise((resolve) => {
        const end = bus.subscribe([type], (fact) => {
          if (!fits(fact)) return;
          end();
          resolve(fact);
        });
      });
    }
    return { name, self, bus, facts, failures, network, messenger, contacts, directory, plug, heard, stop };
  }

  /** Somebody with sessions of his own who keeps no rules: a raw link to a node. */
  async function rawLink(name: string, to: NetworkNode) {
    const self = selfOf(name, { networkId });
    const random = seededRandom(`raw ${name}`);
    const sessions = createSessions({ device: self.device, signer: self.signer, networkId, clock: realClock, random });
    const signal = AbortSignal.timeout(5_000);
    const stream = await wires.transport(name).dial(`memory://${to.name}:7000`, signal);
    const link = await sessions.connect(stream, { peer: to.self.device, transport: 'memory', signal });
    const packets: Uint8Array[] = [];
    const waiting: ((packet: Uint8Array) => void)[] = [];
    link.onPacket((packet) => {
      const next = waiting.shift();
      if (next === undefined) packets.push(packet);
      else next(packet);
    });
    /** The next packet that comes. */
    async function received(): Promise<Packet> {
      const before = packets.shift();
      return decodePacket(before ?? (await new Promise<Uint8Array>((resolve) => waiting.push(resolve))));
    }
    stops.push(async () => link.close('over'));
    return { self, link, received };
  }

  return {
    wires,
    node,
    rawLink,
    async close() {
      await Promise.all(stops.map((stop) => stop()));
    },
  };
}
