import type { LinkProfile } from '../../transports/memory/link-profile.ts';
import { createSealing } from '../../transports/session/sealing.ts';
import { createSessions } from '../../transports/session/sessions.ts';
import { createSignerFactory } from '../../transports/session/signer.ts';
import { emptyStorage, type InProcessWorld, inProcessWorld, type NodeStorage } from './in-process.ts';
import { seededRandom } from './random.ts';
import { RealClock } from './real-clock.ts';
import { sharedAir } from './shared-air.ts';

/** Worlds of nodes in one process with real time and real cryptography; disks, wires and directory are in memory. */
export function memoryWorlds(options: { readonly seed?: number; readonly wires?: Partial<LinkProfile> } = {}): {
  readonly clock: RealClock;
  /** The world of the node of this name; again after a stop, over the same disk. */
  world(name: string): InProcessWorld;
  close(): void;
} {
  const clock = new RealClock();
  const root = seededRandom(options.seed ?? 1);
  const air = sharedAir({ clock, random: root.fork('air'), wires: options.wires ?? {} });
  const sealing = createSealing();
  const crypto = {
    sealing,
    signer: createSignerFactory(),
    sessions: (self: Parameters<typeof createSessions>[0]) => createSessions({ ...self, sealing }),
  };
  const storages = new Map<string, NodeStorage>();
  let runs = 0;
  return {
    clock,
    world(name) {
      const storage = storages.get(name) ?? emptyStorage(root.fork(`disk ${name}`));
      storages.set(name, storage);
      const random = root.fork(`${name} run ${runs++}`);
      return inProcessWorld({ kind: 'memory', name, air, random, crypto, storage });
    },
    close: () => clock.stop(),
  };
}
