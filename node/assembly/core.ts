import { type Bus, createBus } from '../../bus/bus.ts';
import type { Directory } from '../../ports/directory.ts';
import type { OrderLogs } from '../../ports/order-logs.ts';
import type { RecordStore } from '../../ports/records.ts';
import type { TaskTable } from '../../ports/tasks.ts';
import type { ActorRuntime, World } from '../../ports/world.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { fromHex, toHex } from '../../protocol/hash.ts';
import { type ContactStatus, createContactStatus } from '../../services/contacts/contact-status.service.ts';
import { createHandshakers, type Handshakers } from '../../services/contacts/handshaker.service.ts';
import { createIdentityStore } from '../../services/identity/identity-store.ts';
import { type OwnSelf, openSelf } from '../../services/identity/self.ts';
import { createNotices, type Notices } from '../../services/kit/notices.ts';
import { createTaskTable } from '../../services/kit/task-table.ts';
import { createNetwork, type Network } from '../../services/network/network.ts';
import { createOrderLogs } from '../../storage/order-logs/order-logs.ts';
import { writeSettings } from '../config/layers.ts';
import type { NodeConfig } from '../config.ts';
import { createEventStream, type EventStream } from '../event-stream.ts';
import { type HomePaths, homePaths } from '../home.ts';
import { createInspector, createRuntime, type Inspector } from '../inspector.ts';
import { pinNetworkId } from '../network-file.ts';
import { freeUdpPort } from './udp-port.ts';

/** What every part of a node is built on. */
export interface Core {
  readonly config: NodeConfig;
  readonly world: World;
  readonly paths: HomePaths;
  readonly bus: Bus;
  readonly inspector: Inspector;
  readonly events: EventStream;
  readonly runtime: ActorRuntime;
  readonly store: RecordStore;
  readonly self: OwnSelf;
  readonly directory: Directory;
  /** `host:port` of our directory node, known before it has joined. */
  readonly directoryAddress: string;
  readonly network: Network;
  readonly contacts: ContactStatus;
  readonly handshakers: Handshakers;
  readonly notices: Notices & { stop(): void };
  readonly logs: OrderLogs;
  readonly tasks: TaskTable;
  readonly onFailure: (key: string, error: unknown) => void;
}

const LEARN_ID_MS = 20_000;

/** Opens the home and builds bus, identity, network and contacts. Nothing runs before the services start. */
export async function buildCore(config: NodeConfig, world: World): Promise<Core> {
  const paths = homePaths(config.home);
  const { clock, random, log } = world;
  const onFailure = (key: string, error: unknown): void =>
    log.write('error', 'system', `An automat failed: ${key}`, 'INTERNAL', { error: stackOf(error) });
  const bus = createBus((error, fact) => onFailure(`listener of ${fact.type}`, error));
  const now = (): number => clock.now();
  const events = createEventStream({ now });
  const inspector = createInspector({ now, nextSeq: () => events.nextSeq() });
  events.attach(bus, inspector);
  const runtime = createRuntime({ clock, inspector });

  const identities = createIdentityStore({ disk: world.disk, files: { identity: paths.identity, keys: paths.keys } });
  const loaded = await identities.load(world.passphrase?.());
  const port = config.get('network.directoryPort') ?? (await keptUdpPort(config));
  const networkId = await knownNetworkId(config, world, port);
  const self = await openSelf({ ...world, store: identities, loaded, networkId });
  const store = await world.stores.open(`${paths.stores}/node`);
  const { records } = store;
  const directory = world.directory(directoryOptions(config, { port, networkId, folder: paths.directory }));
  const host = config.get('network.host');
  const directoryAddress = `${reachableHost(host, world)}:${port}`;
  const network = createNetwork({
    bus,
    runtime,
    clock,
    random,
    log,
    host: world.host,
    self,
    sessions: world.sessions({ device: self.device, signer: self.signer, networkId }),
    transports: world.transports,
    directory,
    records,
    listenHost: host,
    port: () => config.get('network.port') ?? 0,
    reachable: 'public',
  });
  const { messenger } = network;
  const isNetworkUp = (): boolean => network.connector.isUp();
  const handshakers = createHandshakers({
    bus,
    runtime,
    identities: network.identities,
    addressBook: network.addressBook,
    messenger,
    exchange: (peer) => messenger.greet(peer),
    isLinked: network.isLinked,
    onFailure,
  });
  const contacts = createContactStatus({
    bus,
    runtime,
    clock,
    random,
    records: records.part('contacts'),
    handshakers,
    isLinked: network.isLinked,
    isNetworkUp,
    onFailure,
  });
  const logs = createOrderLogs({
    records: records.part('logs'),
    networkId,
    clock,
    random,
    identities: network.identities,
    author: self,
  });
  const tasks = createTaskTable({ records: records.part('tasks'), clock });
  const notices = createNotices(messenger);
  return {
    config,
    world,
    paths,
    bus,
    inspector,
    events,
    runtime,
    store,
    self,
    directory,
    directoryAddress,
    network,
    contacts,
    handshakers,
    notices,
    logs,
    tasks,
    onFailure,
  };
}

/** How the directory of this configuration is opened. */
export function directoryOptions(
  config: NodeConfig,
  own: { readonly port: number; readonly networkId: Uint8Array | null; readonly folder: string | null },
) {
  const name = config.get('network.name');
  const host = config.get('network.host');
  return { ...own, host, bootstrap: config.get('network.bootstrap'), ...(name === null ? {} : { networkName: name }) };
}

/** The network id of the configuration; a file without one gets it from the bootstrap now, and keeps it. */
async function knownNetworkId(config: NodeConfig, world: World, port: number): Promise<Uint8Array> {
  const known = config.get('network.id');
  if (known !== null) return fromHex(known);
  const directory = world.directory(directoryOptions(config, { port, networkId: null, folder: null }));
  const deadline = new AbortController();
  const timer = world.clock.setTimeout(() => deadline.abort(new BitDustError('DIRECTORY_UNREACHABLE')), LEARN_ID_MS);
  try {
    const { networkId } = await directory.join(deadline.signal);
    pinNetworkId(config.home, toHex(networkId));
    return networkId;
  } finally {
    world.clock.clearTimeout(timer);
    await directory.leave();
  }
}

/** A UDP port is chosen once and kept, so that others can name us as bootstrap. */
async function keptUdpPort(config: NodeConfig): Promise<number> {
  const port = await freeUdpPort(config.get('network.host'));
  writeSettings(config.home, { 'network.directoryPort': port });
  return port;
}

/** The address that others can dial when we listen on all of them. */
function reachableHost(host: string, world: World): string {
  if (host !== '0.0.0.0') return host;
  const outer = world.host.interfaces().find(({ internal, address }) => !internal && !address.includes(':'));
  return outer?.address ?? '127.0.0.1';
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
