import type {
  FoundSuppliers,
  IdentityRestorerPorts,
  MissingPart,
} from '../../machines/identity/identity-restorer.ports.ts';
import type { AddressBook } from '../../ports/addresses.ts';
import type { Directory } from '../../ports/directory.ts';
import type { Identities, Self } from '../../ports/identity.ts';
import type { Messenger } from '../../ports/messenger.ts';
import type { OrderLog, OrderLogs } from '../../ports/order-logs.ts';
import type { Sealing } from '../../ports/sealing.ts';
import type { Signer, SignerFactory } from '../../ports/signer.ts';
import type { Clock, Random } from '../../ports/world.ts';
import { BitDustError } from '../../protocol/errors.ts';
import type { IdentityFile } from '../../protocol/identity-file.ts';
import { type DeviceId, deviceIdFrom, personIdFrom } from '../../protocol/ids.ts';
import type { DeviceKeys } from '../../protocol/key-file.ts';
import {
  type KeychainAdmin,
  type KeychainStorage,
  openKeychainAdmin,
  openKeychainStorage,
} from '../../protocol/keychain.ts';
import { recoverySeed, rootSeed } from '../../protocol/recovery-keys.ts';
import { attestDevice, signRootHeads } from './attest-device.ts';
import { fetchLogs, newestEntryAt } from './fetch-logs.ts';
import { type GatheredState, gatherState } from './gathered-state.ts';
import { handOver } from './hand-over.ts';
import type { IdentityState, LoadedIdentity, RecoveryState } from './identity-store.ts';
import { dealRendezvous, drawDeviceKeys, signerOf } from './make-identity.ts';
import { proveTo } from './ownership.ts';
import { type FoundRecovery, searchRecovery } from './recovery-search.ts';
import { sealKeychain } from './self.ts';

/** The network as a device that is not listed yet uses it. */
export interface RecoveryNetwork {
  readonly networkId: Uint8Array;
  readonly directory: Directory;
  readonly messenger: Messenger & {
    exporter(peer: DeviceId): Uint8Array | undefined;
    greet(peer: DeviceId): Promise<void>;
  };
  readonly addressBook: AddressBook;
}

/** What came back. */
export interface Recovered {
  readonly identity: LoadedIdentity;
  readonly networkId: Uint8Array;
  readonly log: OrderLog;
  readonly device: DeviceId;
  /** Seats of the newest family, and how many of them proved to be there. */
  readonly suppliers: { readonly known: number; readonly reachable: number };
}

export interface RecoveryNeeds {
  readonly clock: Clock;
  readonly random: Random;
  readonly signer: SignerFactory;
  readonly sealing: Sealing;
  /** 32 bytes behind the words; wiped when the recovery is over. */
  readonly entropy: Uint8Array;
  /** Joins the directory and opens a messenger for the new device. */
  readonly join: (selfIn: (networkId: Uint8Array) => Self, signal: AbortSignal) => Promise<RecoveryNetwork>;
  /** The logs of the new home; nothing was written there before. */
  readonly openLogs: (networkId: Uint8Array, identities: Pick<Identities, 'get' | 'lists'>) => Promise<OrderLogs>;
  /** Writes the new home. */
  readonly save: (identity: LoadedIdentity, networkId: Uint8Array) => Promise<void>;
  readonly fetchCatalogue: (
    recovered: Recovered,
    signal: AbortSignal,
  ) => Promise<{ readonly missing: readonly MissingPart[] }>;
  /** What is being done now, for people. */
  readonly onStep: (sentence: string) => void;
}

const ROUND_MS = 12_000;
const HAND_OVER_MS = 20_000;
const READ_ONLY_MS = 14 * 86_400_000;

/** The steps of one recovery, as the machine asks for them. */
export class Recovery implements IdentityRestorerPorts {
  readonly #needs: RecoveryNeeds;
  readonly #keys: DeviceKeys;
  readonly #deviceSigner: Signer;
  readonly #person: Uint8Array;
  #file: IdentityFile | undefined;
  #network: RecoveryNetwork | undefined;
  #found: FoundRecovery | undefined;
  #gathered: GatheredState | undefined;
  #keychain: (KeychainStorage & KeychainAdmin & { readonly version: number }) | undefined;
  #log: OrderLog | undefined;
  recovered: Recovered | undefined;

  constructor(needs: RecoveryNeeds) {
    this.#needs = needs;
    this.#keys = drawDeviceKeys(needs.random);
    this.#deviceSigner = needs.signer.fromSeed(Uint8Array.from(this.#keys.device));
    this.#person = this.#root(0).publicKey;
  }

  readonly deriveKeys: IdentityRestorerPorts['deriveKeys'] = async () => ({ person: personIdFrom(this.#person) });

  readonly joinDirectory: IdentityRestorerPorts['joinDirectory'] = async (_, signal) => {
    this.#needs.onStep('Joining the network.');
    const { sealing, signer } = this.#needs;
    const seal = await sealing.xWingKey(Uint8Array.from(this.#keys.seal));
    const admin = signer.fromSeed(Uint8Array.from(this.#keys.admin));
    this.#network = await this.#needs.join((networkId) => this.#selfIn(networkId, { seal, admin }), signal);
    this.#gathered = gatherState({ person: this.#person, network: this.#network.networkId });
  };

  readonly findRecovery: IdentityRestorerPorts['findRecovery'] = async (
    { epochs },
    signal,
  ): Promise<FoundSuppliers> => {
    this.#needs.onStep('Looking for who keeps the data.');
    const { directory, networkId, addressBook } = this.#joined;
    const { signer, entropy } = this.#needs;
    const needs = { directory, signer, entropy, person: this.#person, networkId };
    const found = await searchRecovery(needs, { pairs: epochs, signal });
    this.#found = found;
    for (const [device, addresses] of found.anchors) addressBook.learn(device, addresses);
    const identityFound = found.rootHead !== null || found.highestPair >= 0;
    return { anchors: [...found.anchors.keys()], identityFound };
  };

  readonly proveOwnership: IdentityRestorerPorts['proveOwnership'] = async ({ suppliers }, signal) => {
    const gathered = this.#state;
    const asked = new Set<DeviceId>();
    for (let round = suppliers; round.length > 0; ) {
      this.#needs.onStep(`Asking ${round.length} supplier${round.length === 1 ? '' : 's'}.`);
      for (const device of round) asked.add(device);
      await this.#within(ROUND_MS, signal, (over) =>
        Promise.allSettled(round.map((device) => this.#prove(device, over))),
      );
      signal.throwIfAborted();
      const seats = gathered.family()?.seats ?? [];
      round = seats.map(({ device }) => device).filter((device) => !asked.has(device) && !gathered.has(device));
    }
    const { known, reachable } = this.#counts();
    const quorum = reachable > 0 && reachable * 2 > known;
    return { proven: gathered.proven().length, asked: asked.size, quorum };
  };

  readonly openKeychain: IdentityRestorerPorts['openKeychain'] = async () => {
    this.#needs.onStep('Opening the keychain.');
    const seed = recoverySeed(this.#needs.entropy);
    const opener = await this.#needs.sealing.xWingKey(seed);
    let failure: unknown = new BitDustError('DOCUMENT_UNKNOWN', 'No supplier had the keychain.');
    for (const keychain of this.#state.keychains()) {
      try {
        const [storage, admin] = [
          await openKeychainStorage(keychain, opener),
          await openKeychainAdmin(keychain, opener),
        ];
        this.#keychain = { ...storage, ...admin, version: keychain.version };
        return { epoch: storage.secrets[0]?.epoch ?? 0 };
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  };

  readonly fetchLogs: IdentityRestorerPorts['fetchLogs'] = async (_, signal) => {
    this.#needs.onStep('Reading the logs.');
    const { networkId: network, messenger } = this.#joined;
    const gathered = this.#state;
    const logs = await this.#needs.openLogs(network, gathered.identities);
    const log = await logs.of(personIdFrom(this.#person));
    this.#log = log;
    const family = gathered.family();
    if (family !== undefined) await log.putFamily(family.bytes);
    return fetchLogs({ messenger, network, log, suppliers: gathered.proven(), signal });
  };

  readonly attestDevice: IdentityRestorerPorts['attestDevice'] = async (_, signal) => {
    this.#needs.onStep('Writing the new device into the identity.');
    const { networkId, directory, messenger, addressBook } = this.#joined;
    const identity = await this.#makeIdentity();
    await this.#needs.save(identity, networkId);
    this.#file = identity.file;
    const device = deviceIdFrom(this.#deviceSigner.publicKey);
    const log = this.#log;
    if (log === undefined) throw new BitDustError('INTERNAL');
    this.recovered = { identity, networkId, log, device, suppliers: this.#counts() };
    const suppliers = this.#state.proven().map((supplier) => supplier.device);
    const { clock, random, signer } = this.#needs;
    const parts = { clock, random, signer, directory, messenger, addressBook };
    await this.#within(HAND_OVER_MS, signal, (over) =>
      handOver(parts, { identity, networkId, log, suppliers, signal: over }),
    );
    return { revision: identity.file.head.revision, device };
  };

  readonly fetchCatalogue: IdentityRestorerPorts['fetchCatalogue'] = async (_, signal) => {
    if (this.recovered === undefined) throw new BitDustError('INTERNAL');
    this.#needs.onStep('Fetching the catalogue.');
    return this.#needs.fetchCatalogue(this.recovered, signal);
  };

  get #joined(): RecoveryNetwork {
    if (this.#network === undefined) throw new BitDustError('INTERNAL');
    return this.#network;
  }

  get #state(): GatheredState {
    if (this.#gathered === undefined) throw new BitDustError('INTERNAL');
    return this.#gathered;
  }

  readonly #root = (epoch: number): Signer => signerOf(this.#needs.signer, rootSeed(this.#needs.entropy, epoch));

  #counts(): { readonly known: number; readonly reachable: number } {
    const seats = this.#state.family()?.seats ?? [];
    return { known: seats.length, reachable: seats.filter(({ device }) => this.#state.has(device)).length };
  }

  #selfIn(networkId: Uint8Array, keys: Pick<Self, 'seal' | 'admin'>): Self {
    return {
      ...keys,
      person: personIdFrom(this.#person),
      device: deviceIdFrom(this.#deviceSigner.publicKey),
      personKey: this.#person,
      deviceKey: this.#deviceSigner.publicKey,
      signer: this.#deviceSigner,
      revision: () => this.#file?.head.revision ?? 0,
      // Until it is attested the device is nobody's.
      identityFile: () => this.#file?.bytes ?? new Uint8Array(0),
      nickname: () => null,
      secrets: () => this.#keychain?.secrets ?? [],
      keychain: () => ({ version: 0, bytes: new Uint8Array(0) }),
      networkId,
    };
  }

  async #prove(peer: DeviceId, signal: AbortSignal): Promise<void> {
    if (this.#state.has(peer)) return;
    const { messenger, networkId: network } = this.#joined;
    const device = this.#deviceSigner.publicKey;
    const asker = { messenger, network, person: this.#person, device, root: this.#root };
    this.#state.add(await proveTo(asker, peer, signal));
  }

  async #makeIdentity(): Promise<LoadedIdentity> {
    const { clock, signer, sealing, entropy } = this.#needs;
    const before = this.#state.identity();
    const keychain = this.#keychain;
    if (before === undefined || keychain === undefined) throw new BitDustError('IDENTITY_NOT_FOUND');
    const now = clock.now();
    const admin = signer.fromSeed(Uint8Array.from(this.#keys.admin));
    const seal = await sealing.xWingKey(Uint8Array.from(this.#keys.seal));
    const device = this.#deviceSigner.publicKey;
    const file = attestDevice({ file: before, root: this.#root, device, admin, seal, now });
    const makeRecord = this.#joined.directory.makeRecord;
    const after = this.#found?.rootHead?.sequence ?? 0;
    const firstPair = Math.max(this.#found?.highestPair ?? -1, ...keychain.rendezvous.map(({ index }) => index)) + 1;
    const state: IdentityState = {
      device,
      nickname: keychain.nickname,
      nicknameSince: now,
      wordsConfirmed: true,
      secrets: keychain.secrets,
      rendezvous: dealRendezvous(entropy, firstPair),
      keychain: { version: keychain.version, bytes: new Uint8Array(0) },
      rootHeads: signRootHeads({ clock, makeRecord }, { file, root: this.#root, after }),
      recordsVersion: Math.floor(now / 1000),
      recovery: await this.#recoveryState(now),
    };
    const own = { networkId: this.#joined.networkId, file, state, signer: this.#deviceSigner };
    return { keys: this.#keys, file, state: { ...state, keychain: await sealKeychain(this.#needs, own) } };
  }

  async #recoveryState(now: number): Promise<RecoveryState> {
    const { known, reachable } = this.#counts();
    const at = this.#log === undefined ? null : await newestEntryAt(this.#log);
    const isWhole = known > 0 && reachable === known;
    return {
      recoveredAt: now,
      readOnlyUntil: isWhole ? now : now + READ_ONLY_MS,
      answered: this.#state.proven().map(({ device }) => device),
      newest: { at, from: reachable, of: known },
    };
  }

  /** Ends the work early rather than late: what was not done then is done by a later step. */
  async #within(ms: number, signal: AbortSignal, work: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
    const { clock } = this.#needs;
    const deadline = new AbortController();
    const timer = clock.setTimeout(() => deadline.abort(new BitDustError('DEADLINE_PASSED')), ms);
    await work(AbortSignal.any([signal, deadline.signal])).finally(() => clock.clearTimeout(timer));
  }
}
