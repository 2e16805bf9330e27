import type { Bus } from '../../bus/bus.ts';
import type { AddressBook } from '../../ports/addresses.ts';
import type { Directory } from '../../ports/directory.ts';
import type { Self } from '../../ports/identity.ts';
import type { Publisher, Roles } from '../../ports/publishing.ts';
import type { Records } from '../../ports/records.ts';
import type { Sessions } from '../../ports/sessions.ts';
import type { Transport } from '../../ports/transports.ts';
import type { ActorRuntime, Clock, Host, Log, Random } from '../../ports/world.ts';
import { isBitDustError } from '../../protocol/errors.ts';
import type { DeviceId } from '../../protocol/ids.ts';
import type { Service } from '../kit/service.ts';
import { createAddressBook } from './address-book.ts';
import { createDirectoryMember, type DirectoryMember } from './directory-member.service.ts';
import { createGreetings } from './greetings.ts';
import { createIdentities, type KnownIdentities } from './identities.ts';
import { createMessenger, type MessengerService } from './messenger.service.ts';
import { createNetworkConnector, type NetworkConnector } from './network-connector.service.ts';
import { createOwnProfile, type OwnProfile } from './own-profile.ts';
import { keepOwnRecords } from './own-records.ts';
import { createPeerConnector, type PeerConnector } from './peer-connector.service.ts';
import { createPeerLinks, type PeerLinks } from './peer-link.service.ts';
import { createRecordPublisher, type RecordPublisher } from './record-publisher.service.ts';
import { createRoles } from './roles.ts';
import { createTransportListeners, type TransportListeners } from './transport-listener.service.ts';

export interface NetworkNeeds {
  readonly bus: Bus;
  readonly runtime: ActorRuntime;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly host: Host;
  readonly self: Self;
  readonly sessions: Sessions;
  readonly transports: readonly Transport[];
  readonly directory: Directory;
  /** Keeps its parts `identities`, `addresses`, `network` and `publishing` there. */
  readonly records: Records;
  readonly listenHost: string;
  readonly port: (transport: string) => number;
  readonly reachable: 'public' | 'private';
}

/** Everything of the chapter network, wired: what the services `network` and `directory` own, and what others ask of it. */
export interface Network {
  /** Listeners, links, messenger. */
  readonly network: Service;
  /** Membership in the directory and own records. */
  readonly directory: Service;
  readonly messenger: MessengerService;
  readonly identities: KnownIdentities;
  readonly addressBook: AddressBook;
  readonly publisher: Publisher;
  readonly roles: Roles;
  readonly profile: OwnProfile;
  readonly connector: NetworkConnector;
  readonly listeners: TransportListeners;
  readonly member: DirectoryMember;
  isLinked(peer: DeviceId): boolean;
}

const RECENT_MAX = 32;

/** Wires the chapter network. Nothing happens before the services start. */
export function createNetwork(needs: NetworkNeeds): Network {
  const { bus, self, log, clock, random, runtime, transports, directory, sessions } = needs;
  const networkId = (): Uint8Array => self.networkId;
  const onFailure = (key: string, error: unknown): void =>
    log.write('error', 'network', 'An automat failed.', 'INTERNAL', { key, error: String(error) });

  const recent = recentPeers(bus);
  const identities = createIdentities(needs.records.part('identities'));
  const addressBook = createAddressBook({ records: needs.records.part('addresses'), directory, clock, networkId });
  const profile = createOwnProfile({ self, clock, reachable: needs.reachable });
  const greetings = createGreetings({ self, identities, addressBook, profile, log });

  const messenger: MessengerService = createMessenger({
    bus,
    self,
    clock,
    log,
    identities,
    greetings,
    dial: (peer, signal) => connector.connect(peer, signal),
    drain: (actor) => links.drain(actor),
    noteActivity: (actor) => links.noteActivity(actor),
  });
  const links: PeerLinks = createPeerLinks({
    bus,
    runtime,
    clock,
    sessions,
    onFailure,
    onLink: (link, actor) => messenger.attach(link, actor),
    onState: (link, isUp) => messenger.setUp(link, isUp),
    onRtt: (link, rttMs) => messenger.noteRtt(link, rttMs),
    onReplacementDue: (peer) => void connector.connect(peer, new AbortController().signal).catch(() => undefined),
    busy: (link) => messenger.busy(link),
  });
  const connector: PeerConnector = createPeerConnector({
    bus,
    runtime,
    clock,
    random,
    self: self.device,
    transports,
    addressBook,
    links,
    onFailure,
  });
  const listeners = createTransportListeners({
    bus,
    runtime,
    random,
    transports,
    host: needs.listenHost,
    port: needs.port,
    records: needs.records.part('network'),
    onStream: (stream, transport) => links.accept(stream, transport),
    onFailure,
  });
  const networkConnector = createNetworkConnector({
    bus,
    runtime,
    clock,
    random,
    host: needs.host,
    loopback: needs.listenHost.startsWith('127.'),
    wakeTransports: () => listeners.wake(),
    knownPeers: (count) => recent.newest(count),
    probe: (peer, signal) => probePeer(peer, signal),
    askDirectory: async () => (member.isJoined() ? (await directory.health()).neighbours : 0),
    onFailure,
  });
  const probePeer = async (peer: DeviceId, signal: AbortSignal): Promise<void> => {
    if (messenger.isLinked(peer)) await messenger.ping(peer, signal);
    else {
      connector.forgive(peer);
      await connector.connect(peer, signal);
    }
  };
  const member = createDirectoryMember({
    bus,
    runtime,
    random,
    directory,
    isNetworkUp: () => networkConnector.isUp(),
    onNetworkId: () => undefined,
    onFailure,
    onRefused: (error) => {
      const code = isBitDustError(error) ? error.code : 'INTERNAL';
      log.write('warn', 'network', 'The directory was not joined.', code, { error: String(error) });
    },
  });
  const publisher: RecordPublisher = createRecordPublisher({
    bus,
    runtime,
    clock,
    random,
    directory,
    records: needs.records.part('publishing'),
    isJoined: () => member.isJoined(),
    neighbours: () => member.neighbours(),
    onFailure,
  });
  const roles = createRoles({ self, directory, publisher, random, networkId });
  const ownRecords = keepOwnRecords({ bus, self, publisher, profile, reachable: needs.reachable });

  return {
    messenger,
    identities,
    addressBook,
    publisher,
    roles,
    profile,
    connector: networkConnector,
    listeners,
    member,
    isLinked: (peer) => messenger.isLinked(peer),
    network: {
      async start() {
        await identities.load();
        await addressBook.load();
        ownRecords.start();
        links.start();
        connector.start();
        listeners.start();
        networkConnector.start();
      },
      async stop() {
        networkConnector.stop();
        connector.stop();
        // A listener that closes breaks what it took in, so the links say goodbye first.
        await links.stop();
        messenger.stop();
        await listeners.stop();
        ownRecords.stop();
      },
    },
    directory: {
      start() {
        publisher.start();
        member.start();
      },
      async stop() {
        publisher.stop();
        await member.stop();
      },
    },
  };
}

/** Peers that were linked lately: the likeliest to give a sign of life. */
function recentPeers(bus: Bus) {
  const peers = new Set<DeviceId>();
  bus.subscribe(['link.opened'], ({ peer }) => {
    peers.delete(peer);
    peers.add(peer);
    const [oldest] = peers;
    if (peers.size > RECENT_MAX && oldest !== undefined) peers.delete(oldest);
  });
  return { newest: (count: number): readonly DeviceId[] => [...peers].reverse().slice(0, count) };
}
