import type { LinkProfile } from '../../transports/memory/link-profile.ts';
import type { MemoryNetwork } from '../../transports/memory/memory-network.ts';
import { emptyStorage, type InProcessWorld, inProcessWorld, type NodeStorage, type WorldCrypto } from './in-process.ts';
import { seededRandom } from './random.ts';
import { sharedAir } from './shared-air.ts';
import { VirtualClock } from './virtual-clock.ts';

/** Nodes of one process whose every step follows from one seed. */
export interface SeededWorlds {
  readonly clock: VirtualClock;
  readonly wires: MemoryNetwork;
  /** The world of the node of this name; again after a kill or stop, over the same disk. */
  world(name: string): InProcessWorld;
}

/** 2026-01-01, so that dates in a trace can be read. */
const START_AT = Date.UTC(2026, 0, 1);

/**
 * Worlds in which nothing waits on anything but microtasks and the virtual clock. The fakes of sessions, sealing and signer
 * are handed over by the test; nothing else can choose them.
 */
export function seededWorlds(
  seed: number,
  fakes: WorldCrypto,
  options: { readonly wires?: Partial<LinkProfile>; readonly directoryMs?: number } = {},
): SeededWorlds {
  const clock = new VirtualClock({ startAt: START_AT });
  const root = seededRandom(seed);
  const air = sharedAir({ clock, random: root.fork('air'), ...options });
  const storages = new Map<string, NodeStorage>();
  const runs = new Map<string, number>();
  return {
    clock,
    wires: air.wires,
    world(name) {
      const storage = storages.get(name) ?? emptyStorage(root.fork(`disk ${name}`));
      storages.set(name, storage);
      const run = (runs.get(name) ?? 0) + 1;
      runs.set(name, run);
      const random = root.fork(`${name} run ${run}`);
      return inProcessWorld({
        kind: 'seeded',
        name,
        air,
        random,
        crypto: fakes,
        storage,
        onWake: (listener) => clock.onWake(listener),
      });
    },
  };
}
