import type { Sealing } from '../../ports/sealing.ts';
import type { Sessions } from '../../ports/sessions.ts';
import type { SignerFactory } from '../../ports/signer.ts';
import type { Clock, Host, Random, SessionSelf, World } from '../../ports/world.ts';
import { createMemoryVolume, type MemoryVolume } from '../../storage/disk/memory.ts';
import { createInlineWorkers } from '../../storage/pipeline/inline-workers.ts';
import { createMemoryStores, type MemoryStores } from '../../storage/records/memory.ts';
import { createMemoryLog } from '../log.ts';
import type { SeededRandom } from './random.ts';
import type { SharedAir } from './shared-air.ts';

/** The parts that draw randomness of their own in the real world, as a world of one process gets them. */
export interface WorldCrypto {
  readonly sealing: Sealing;
  readonly signer: SignerFactory;
  sessions(self: SessionSelf & { readonly clock: Clock; readonly random: Random }): Sessions;
}

/** A host whose only interface can be pulled. */
export interface PluggedHost extends Host {
  plug(on: boolean): void;
}

/** The world of one node beside others in its process; what is on its disk outlives the node. */
export interface InProcessWorld extends World {
  readonly name: string;
  readonly host: PluggedHost;
  readonly volume: MemoryVolume;
  readonly databases: MemoryStores;
  /** Lines of its log, the newest last. */
  readonly lines: readonly Record<string, unknown>[];
}

/** Disks and databases of one node, which outlive its runs. */
export interface NodeStorage {
  readonly volume: MemoryVolume;
  readonly databases: MemoryStores;
}

/** An empty disk and no databases. */
export function emptyStorage(random: Random): NodeStorage {
  const fraction = (): number => random.fraction();
  return { volume: createMemoryVolume({ fraction }), databases: createMemoryStores({ fraction }) };
}

/** The world of one node: its own randomness, disk and log; wires, directory and clock are shared. */
export function inProcessWorld(options: {
  readonly kind: 'memory' | 'seeded';
  readonly name: string;
  readonly air: SharedAir;
  readonly random: SeededRandom;
  readonly crypto: WorldCrypto;
  readonly storage: NodeStorage;
  readonly onWake?: (listener: () => void) => () => void;
}): InProcessWorld {
  const { kind, name, air, random, crypto, storage, onWake = () => () => {} } = options;
  const { clock } = air;
  const { lines, ...log } = createMemoryLog(() => clock.now());
  const drawn = random.fork('workers');
  return {
    kind,
    name,
    clock,
    random,
    log,
    lines,
    host: pluggedHost(name, onWake),
    ...storage,
    disk: storage.volume.disk(),
    stores: storage.databases.engine(),
    transports: [air.wires.transport(name)],
    sessions: (self) => crypto.sessions({ ...self, clock, random: random.fork('sessions') }),
    sealing: crypto.sealing,
    signer: crypto.signer,
    directory: (wanted) => air.directories.directory(wanted),
    workers: createInlineWorkers((length) => drawn.bytes(length)),
  };
}

function pluggedHost(address: string, onWake: Host['onWake']): PluggedHost {
  const listeners = new Set<() => void>();
  let isOn = true;
  return {
    onWake,
    interfaces: () => (isOn ? [{ name: 'eth0', address, internal: false }] : []),
    onInterfacesChanged(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    plug(on) {
      isOn = on;
      for (const listener of [...listeners]) listener();
    },
  };
}
