import { createBus } from '../../bus/bus.ts';
import type { MissingPart } from '../../machines/identity/identity-restorer.ports.ts';
import type { RecordStore } from '../../ports/records.ts';
import type { World } from '../../ports/world.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { restoreIdentity } from '../../services/identity/identity-restorer.service.ts';
import { createIdentityStore, type IdentityFiles } from '../../services/identity/identity-store.ts';
import { type Recovered, Recovery } from '../../services/identity/recovery.ts';
import { createOrderLogs } from '../../storage/order-logs/order-logs.ts';
import { type FetchedCatalogue, fetchCatalogue } from './fetch-catalogue.ts';
import { type JoinedNetwork, joinForRecovery, type RecoveryPaths } from './recovery-network.ts';

export interface RecoverInWorldOptions {
  readonly paths: RecoveryPaths;
  readonly files: IdentityFiles;
  /** Folder of the node's record store. */
  readonly store: string;
  /** Wiped at the end. */
  readonly entropy: Uint8Array;
  readonly passphrase: string | null;
  /** Called before anything is written, once the identity was found. */
  readonly prepareHome: () => Promise<void>;
  /** Called when identity and keys are about to be written. */
  readonly adoptNetwork: (networkId: Uint8Array) => void;
  readonly signal: AbortSignal;
  readonly onStep: (sentence: string) => void;
}

/** How a recovery ended that brought the identity back. */
export interface RecoveredHome extends Recovered {
  readonly missing: readonly MissingPart[];
  readonly catalogue: FetchedCatalogue;
}

const NO_CATALOGUE: FetchedCatalogue = { sets: 0, versions: 0, files: 0, bytes: 0, newestAt: null };

/** Brings an identity back into an empty home of this world; joins the network for it and leaves again. */
export async function recoverInWorld(world: World, options: RecoverInWorldOptions): Promise<RecoveredHome> {
  const { entropy, signal, onStep, files } = options;
  const identities = createIdentityStore({ disk: world.disk, files });
  let joined: Promise<JoinedNetwork> | undefined;
  let store: Promise<RecordStore> | undefined;
  let catalogue = NO_CATALOGUE;
  const recovery = new Recovery({
    ...world,
    entropy,
    onStep,
    join(selfIn, over) {
      joined = joinForRecovery(world, options.paths, { selfIn, signal: over });
      return joined;
    },
    async openLogs(networkId, known) {
      store ??= options.prepareHome().then(() => world.stores.open(options.store));
      const opening = store;
      // A store that could not be opened is opened anew by the next try.
      opening.catch(() => {
        store = undefined;
      });
      const { clock, random } = world;
      const records = (await opening).records.part('logs');
      return createOrderLogs({ records, networkId, clock, random, identities: known, author: null });
    },
    async save(identity, networkId) {
      options.adoptNetwork(networkId);
      const passphrase = options.passphrase ?? undefined;
      await identities.create(identity, { passphrase, randomBytes: world.random.bytes });
    },
    async fetchCatalogue(recovered, over) {
      if (joined === undefined || store === undefined) throw new BitDustError('INTERNAL');
      // The daemon's pool of workers does not run here; one thread opens what is read.
      await world.workers.spawn(1);
      const { records } = await store;
      const fetched = await fetchCatalogue(world, { recovered, joined: await joined, records, signal: over });
      catalogue = fetched.catalogue;
      return { missing: fetched.isWhole ? [] : ['catalogue'] };
    },
  });
  try {
    const runtime = { clock: world.clock, opened: () => undefined };
    const bus = createBus((error) => world.log.write('error', 'identity', String(error), 'INTERNAL'));
    const { missing } = await restoreIdentity({ bus, runtime, random: world.random, ports: recovery }, signal);
    const { recovered } = recovery;
    if (recovered === undefined) throw new BitDustError('INTERNAL');
    return { ...recovered, missing, catalogue };
  } finally {
    entropy.fill(0);
    // What was still being opened when it ended is closed too.
    const [network, opened] = await Promise.allSettled([joined, store]);
    if (network.status === 'fulfilled') await network.value?.leave();
    if (opened.status === 'fulfilled') await opened.value?.close();
  }
}
