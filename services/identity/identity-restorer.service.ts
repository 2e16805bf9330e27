import type { Bus } from '../../bus/bus.ts';
import {
  type IdentityRestorerOutput,
  identityRestorerWith,
} from '../../machines/identity/identity-restorer.machine.ts';
import type { IdentityRestorerPorts } from '../../machines/identity/identity-restorer.ports.ts';
import type { ActorRuntime, Random } from '../../ports/world.ts';
import { ActorPool } from '../kit/actor-pool.ts';
import { requireRestored } from './ended-by.ts';

export interface IdentityRestorerNeeds {
  readonly bus: Bus;
  readonly runtime: ActorRuntime;
  readonly random: Pick<Random, 'fraction'>;
  readonly ports: IdentityRestorerPorts;
}

const KEY = 'recovery';

/** Runs one recovery to its end. Rejects with the code of what ended it, `CANCELLED` when the signal fired. */
export async function restoreIdentity(
  needs: IdentityRestorerNeeds,
  signal: AbortSignal,
): Promise<IdentityRestorerOutput> {
  const ended = Promise.withResolvers<IdentityRestorerOutput>();
  const pool = new ActorPool({
    machine: identityRestorerWith(needs.ports),
    runtime: needs.runtime,
    actorsMax: 1,
    onEmit: (fact) => needs.bus.publish(fact),
    onDone: (_key, output) => ended.resolve(output as IdentityRestorerOutput),
    onFailure: (_key, error) => ended.reject(error),
  });
  const cancel = (): void => void pool.send(KEY, { type: 'cancel' });
  signal.addEventListener('abort', cancel, { once: true });
  try {
    pool.open(KEY, { seed: Math.floor(needs.random.fraction() * 2 ** 31) });
    if (signal.aborted) cancel();
    return requireRestored(await ended.promise);
  } finally {
    signal.removeEventListener('abort', cancel);
    pool.closeAll();
  }
}
