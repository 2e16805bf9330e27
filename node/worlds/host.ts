import { networkInterfaces } from 'node:os';
import type { Clock, Host } from '../../ports/world.ts';

/** A host that the real world watches. */
export interface WatchedHost extends Host {
  start(): void;
  stop(): void;
}

const LOOK_EVERY_MS = 5_000;

/** Interfaces of this machine, looked at every 5 s, and its sleep as the clock notices it. */
export function watchHost(options: {
  readonly clock: Clock;
  readonly onWake: (listener: () => void) => () => void;
  readonly read?: () => ReturnType<Host['interfaces']>;
}): WatchedHost {
  const { clock, onWake, read = readInterfaces } = options;
  const listeners = new Set<() => void>();
  let timer: unknown;
  let last = '';

  function look(): void {
    const now = JSON.stringify(read());
    const changed = now !== last;
    last = now;
    if (changed) for (const listener of [...listeners]) listener();
    timer = clock.setTimeout(look, LOOK_EVERY_MS);
  }

  return {
    onWake,
    interfaces: read,
    onInterfacesChanged(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    start() {
      if (timer !== undefined) return;
      last = JSON.stringify(read());
      timer = clock.setTimeout(look, LOOK_EVERY_MS);
    },
    stop() {
      clock.clearTimeout(timer);
      timer = undefined;
    },
  };
}

function readInterfaces(): ReturnType<Host['interfaces']> {
  return Object.entries(networkInterfaces()).flatMap(([name, addresses]) =>
    (addresses ?? []).map(({ address, internal }) => ({ name, address, internal })),
  );
}
