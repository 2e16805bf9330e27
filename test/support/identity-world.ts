import { createBus } from '../../bus/bus.ts';
import type { Fact } from '../../bus/facts/index.ts';
import type { InProcessWorld } from '../../node/worlds/in-process.ts';
import { memoryWorlds } from '../../node/worlds/memory.ts';
import { createIdentityService } from '../../services/identity/identity.ts';
import { createIdentityStore } from '../../services/identity/identity-store.ts';
import { makeIdentity } from '../../services/identity/make-identity.ts';
import { openSelf } from '../../services/identity/self.ts';
import { createNetwork } from '../../services/network/network.ts';
import { createOrderLogs } from '../../storage/order-logs/order-logs.ts';

export type IdentityNode = Awaited<ReturnType<ReturnType<typeof createIdentityWorld>['node']>>;

export const FILES = { identity: '/home/identity', keys: '/home/keys' };

/** Nodes with the chapters network and identity in one process: memory wires and directory, real time and cryptography. */
export function createIdentityWorld() {
  const worlds = memoryWorlds();
  const networkId = new Uint8Array(32).fill(1);
  const stops: (() => Promise<void>)[] = [];
  let seedAddress: string | undefined;
  let port = 7000;

  /** How a node joins the directory of this world. */
  function directoryOptions() {
    port += 1;
    const options = {
      networkId,
      bootstrap: seedAddress === undefined ? [] : [seedAddress],
      port,
      host: '10.0.0.1',
      folder: null,
    };
    seedAddress ??= `10.0.0.1:${port}`;
    return options;
  }

  async function node(name: string, options: { readonly nickname?: string | null } = {}) {
    const world: InProcessWorld = worlds.world(name);
    const { clock, random } = world;
    const directory = world.directory(directoryOptions());
    const made = await makeIdentity(
      { ...world, makeRecord: directory.makeRecord },
      { nickname: options.nickname ?? null },
    );
    const store = createIdentityStore({ disk: world.disk, files: FILES });
    await store.create(made, { randomBytes: random.bytes });
    const self = await openSelf({ ...world, store, networkId, loaded: await store.load() });
    const facts: Fact[] = [];
    const failures: unknown[] = [];
    const onFailure = (_key: string, error: unknown): void => void failures.push(error);
    const bus = createBus((error) => failures.push(error));
    bus.tap((fact) => facts.push(fact));
    const { records } = await world.stores.open('/home/stores/node');
    const runtime = { clock, opened: () => undefined };
    const network = createNetwork({
      bus,
      runtime,
      clock,
      random,
      log: { write: (_level, _chapter, message, _code, fields) => void failures.push({ message, fields }) },
      host: world.host,
      self,
      sessions: world.sessions({ device: self.device, signer: self.signer, networkId }),
      transports: world.transports,
      directory,
      records,
      listenHost: name,
      port: () => 7000,
      reachable: 'public',
    });
    const { messenger, publisher, identities, addressBook, member } = network;
    const logs = createOrderLogs({ records: records.part('logs'), networkId, clock, random, identities, author: self });
    const log = await logs.own();
    const isJoined = (): boolean => member.isJoined();
    const { signer } = world;
    const parts = {
      bus,
      runtime,
      clock,
      random,
      signer,
      self,
      messenger,
      directory,
      publisher,
      identities,
      addressBook,
    };
    const identity = createIdentityService({ ...parts, log, isJoined, onFailure });
    const services = [network.network, network.directory, identity];
    let isStopped = false;
    async function stop(): Promise<void> {
      if (isStopped) return;
      isStopped = true;
      for (const service of services.toReversed()) await service.stop();
    }
    for (const service of services) await service.start();
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
    const { phrase } = made;
    return {
      ...parts,
      name,
      world,
      phrase,
      store,
      network,
      logs,
      log,
      records,
      identity,
      facts,
      failures,
      heard,
      stop,
    };
  }

  return {
    worlds,
    networkId,
    node,
    seed: () => seedAddress ?? '',
    async close() {
      await Promise.all(stops.map((stop) => stop()));
      worlds.close();
    },
  };
}
