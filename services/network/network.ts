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
  const wiring = { ...needs, onFailure: reporter(needs.log) };
  const people = wirePeople(wiring);
  const lines = wireLines(wiring, people);
  const records = wireRecords(wiring, { ...people, isNetworkUp: () => connector.isUp() });
  const connector = wireConnector(wiring, { ...lines, member: records.member });
  const { identities, addressBook, profile } = people;
  const { messenger, links, peers, listeners } = lines;
  const { member, publisher, ownRecords } = records;

  return {
    messenger,
    identities,
    addressBook,
    publisher,
    roles: records.roles,
    profile,
    connector,
    listeners,
    member,
    isLinked: (peer) => messenger.isLinked(peer),
    network: {
      async start() {
        await identities.load();
        await addressBook.load();
        for (const part of [ownRecords, links, peers, listeners, connector]) await part.start();
      },
      async stop() {
        // A listener that closes breaks what it took in, so the links say goodbye first.
        for (const part of [connector, peers, links, messenger, listeners, ownRecords]) await part.stop();
      },
    },
    directory: {
      start() {
        void publisher.start();
        void member.start();
      },
      async stop() {
        await publisher.stop();
        await member.stop();
      },
    },
  };
}

type Wiring = NetworkNeeds & { readonly onFailure: (key: string, error: unknown) => void };

function reporter(log: Log): Wiring['onFailure'] {
  return (key, error) => log.write('error', 'network', 'An automat failed.', 'INTERNAL', { key, error: String(error) });
}

function wirePeople({ self, clock, directory, records, reachable, log }: Wiring) {
  const identities = createIdentities(records.part('identities'));
  const book = records.part('addresses');
  const addressBook = createAddressBook({ records: book, directory, clock, networkId: () => self.networkId });
  const profile = createOwnProfile({ self, clock, reachable });
  const greetings = createGreetings({ self, identities, addressBook, profile, log });
  return { identities, addressBook, profile, greetings };
}

function wireLines(wiring: Wiring, people: ReturnType<typeof wirePeople>) {
  const messenger: MessengerService = createMessenger({
    ...wiring,
    ...people,
    dial: (peer, signal) => peers.connect(peer, signal),
    drain: (actor) => links.drain(actor),
    noteActivity: (actor) => links.noteActivity(actor),
  });
  const links: PeerLinks = createPeerLinks({
    ...wiring,
    onLink: (link, actor) => messenger.attach(link, actor),
    onState: (link, isUp) => messenger.setUp(link, isUp),
    onRtt: (link, rttMs) => messenger.noteRtt(link, rttMs),
    onReplacementDue: (peer) => void peers.connect(peer, new AbortController().signal).catch(() => undefined),
    busy: (link) => messenger.busy(link),
  });
  const { addressBook } = people;
  const peers: PeerConnector = createPeerConnector({ ...wiring, self: wiring.self.device, addressBook, links });
  const listeners = createTransportListeners({
    ...wiring,
    host: wiring.listenHost,
    records: wiring.records.part('network'),
    onStream: (stream, transport) => links.accept(stream, transport),
  });
  return { messenger, links, peers, listeners };
}

function wireConnector(
  wiring: Wiring,
  parts: Omit<ReturnType<typeof wireLines>, 'links'> & { readonly member: DirectoryMember },
): NetworkConnector {
  const { messenger, peers, listeners, member } = parts;
  const recent = recentPeers(wiring.bus);
  return createNetworkConnector({
    ...wiring,
    loopback: wiring.listenHost.startsWith('127.'),
    wakeTransports: () => listeners.wake(),
    knownPeers: (count) => recent.newest(count),
    askDirectory: async () => (member.isJoined() ? (await wiring.directory.health()).neighbours : 0),
    async probe(peer, signal) {
      if (messenger.isLinked(peer)) {
        await messenger.ping(peer, signal);
        return;
      }
      peers.forgive(peer);
      await peers.connect(peer, signal);
    },
  });
}

function wireRecords(wiring: Wiring, parts: { readonly profile: OwnProfile; readonly isNetworkUp: () => boolean }) {
  const { self, log, directory, random } = wiring;
  const member = createDirectoryMember({
    ...wiring,
    isNetworkUp: parts.isNetworkUp,
    onRefused: (error) => {
      const code = isBitDustError(error) ? error.code : 'INTERNAL';
      log.write('warn', 'network', 'The directory was not joined.', code, { error: String(error) });
    },
  });
  const publisher: RecordPublisher = createRecordPublisher({
    ...wiring,
    records: wiring.records.part('publishing'),
    isJoined: () => member.isJoined(),
    neighbours: () => member.neighbours(),
  });
  const roles = createRoles({ self, directory, publisher, random, networkId: () => self.networkId });
  const ownRecords = keepOwnRecords({ ...wiring, publisher, profile: parts.profile });
  return { member, publisher, roles, ownRecords };
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
