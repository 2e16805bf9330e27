import { type Bus, createBus } from '../../bus/bus.ts';
import type { Directory } from '../../ports/directory.ts';
import type { Self } from '../../ports/identity.ts';
import type { ActorRuntime, World } from '../../ports/world.ts';
import type { RecoveryNetwork } from '../../services/identity/recovery.ts';
import { createNetwork } from '../../services/network/network.ts';
import { createMemoryStores } from '../../storage/records/memory.ts';

/** What a recovery joins the network by. */
export interface RecoveryPaths {
  readonly networkId: Uint8Array | null;
  /** `host:port` of members of the directory. */
  readonly bootstrap: readonly string[];
  readonly host: string;
  readonly directoryPort: number;
}

/** The network of a device that no identity lists yet. */
export interface JoinedNetwork extends RecoveryNetwork {
  readonly bus: Bus;
  readonly runtime: ActorRuntime;
  readonly self: Self;
  leave(): Promise<void>;
}

/** Joins the directory and opens a messenger; nothing of it is kept on disk, and nothing is published. */
export async function joinForRecovery(
  world: World,
  paths: RecoveryPaths,
  { selfIn, signal }: { readonly selfIn: (networkId: Uint8Array) => Self; readonly signal: AbortSignal },
): Promise<JoinedNetwork> {
  const { clock, random, log } = world;
  const { bootstrap, host, directoryPort: port } = paths;
  const directory = world.directory({ networkId: paths.networkId, bootstrap, port, host, folder: null });
  const { networkId } = await directory.join(signal);
  try {
    return await openOver(directory, networkId);
  } catch (error) {
    await directory.leave();
    throw error;
  }

  async function openOver(directory: Directory, networkId: Uint8Array): Promise<JoinedNetwork> {
    const self = selfIn(networkId);
    const bus = createBus((error) =>
      log.write('error', 'identity', 'A listener failed.', 'INTERNAL', { error: String(error) }),
    );
    const runtime: ActorRuntime = { clock, opened: () => undefined };
    const { records } = await createMemoryStores({ fraction: () => random.fraction() })
      .engine()
      .open('recovery');
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
      listenHost: LISTEN_HOST,
      port: () => 0,
      reachable: 'private',
    });
    await network.network.start();
    const { messenger, addressBook } = network;
    return {
      networkId,
      directory,
      messenger,
      addressBook,
      bus,
      runtime,
      self,
      async leave() {
        await network.network.stop();
        await directory.leave();
      },
    };
  }
}

/** Nobody is meant to reach a device in recovery. */
const LISTEN_HOST = '127.0.0.1';
