import type { InProcessWorld } from '../../node/worlds/in-process.ts';
import type { Directory } from '../../ports/directory.ts';
import type { Workers } from '../../ports/workers.ts';
import type { World } from '../../ports/world.ts';

/** A world whose run can be ended from outside at any moment, as a power cut ends a process. */
export interface MortalWorld extends World {
  /** Nothing of this run happens any more: no timer fires, disk and databases are closed, streams break. */
  kill(): Promise<void>;
}

/** Wraps the world of one run; `crash` ends what it has on the wires. */
export function mortalWorld(
  world: InProcessWorld,
  options: { readonly crash: (host: string) => void; readonly workers: (inner: Workers) => Workers },
): MortalWorld {
  const { clock } = world;
  const directories = new Set<Directory>();
  const listeners = new Set<{ close(): Promise<void> }>();
  let isAlive = true;
  const never = <T>(): Promise<T> => new Promise<T>(() => undefined);
  return {
    ...world,
    clock: {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      setTimeout: (fire, delayMs) => clock.setTimeout(() => isAlive && fire(), delayMs),
      clearTimeout: (timer) => clock.clearTimeout(timer),
    },
    transports: world.transports.map((transport) => ({
      ...transport,
      async listen(wanted) {
        if (!isAlive) return never();
        const listener = await transport.listen(wanted);
        listeners.add(listener);
        return listener;
      },
      dial: (address, signal) => (isAlive ? transport.dial(address, signal) : never()),
    })),
    directory(wanted) {
      const directory = world.directory(wanted);
      directories.add(directory);
      return directory;
    },
    workers: options.workers(world.workers),
    async kill() {
      isAlive = false;
      world.volume.kill();
      world.databases.kill();
      options.crash(world.name);
      for (const listener of listeners) await listener.close();
      for (const directory of directories) await directory.leave();
    },
  };
}
