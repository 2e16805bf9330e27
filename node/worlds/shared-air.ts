import type { Clock, Random } from '../../ports/world.ts';
import type { LinkProfile } from '../../transports/memory/link-profile.ts';
import { createMemoryDirectoryNetwork, type MemoryDirectoryNetwork } from '../../transports/memory/memory-directory.ts';
import { createMemoryNetwork, type MemoryNetwork } from '../../transports/memory/memory-network.ts';

/** What the nodes of one process share: wires and directory in memory, on one clock. */
export interface SharedAir {
  readonly clock: Clock;
  readonly wires: MemoryNetwork;
  readonly directories: MemoryDirectoryNetwork;
}

/** Makes an empty network for the nodes of one process. */
export function sharedAir(options: {
  readonly clock: Clock;
  readonly random: Random;
  /** How every wire behaves until it is shaped. */
  readonly wires?: Partial<LinkProfile>;
  /** Round trip of a question to the directory; 0 takes microtasks only. */
  readonly directoryMs?: number;
}): SharedAir {
  const { clock, random, wires = {}, directoryMs = 0 } = options;
  return {
    clock,
    wires: createMemoryNetwork({ clock, random, standard: wires }),
    directories: createMemoryDirectoryNetwork({ clock, random, latencyMs: directoryMs }),
  };
}
