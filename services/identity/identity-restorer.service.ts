import type { Bus } from '../../bus/bus.ts';
import {
  type IdentityRestorerOutput,
  identityRestorerWith,
} from '../../machines/identity/identity-restorer.machine.ts';
import type { IdentityRestorerPorts } from '../../machines/identity/identity-restorer.ports.ts';
import type { ActorRuntime, Random } from '../../ports/world.ts';
import { BitDustError, ERRORS, type ErrorCode } from '../../protocol/errors.ts';
import { ActorPool } from '../kit/actor-pool.ts';

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
  const ended = Promise.withResolvers<{ readonly output: IdentityRestorerOutput; readonly state: string }>();
  const pool = new ActorPool({
    machine: identityRestorerWith(needs.ports),
    runtime: needs.runtime,
    actorsMax: 1,
    onEmit: (fact) => needs.bus.publish(fact),
    onDone: (_key, output, state) => ended.resolve({ output: output as IdentityRestorerOutput, state }),
    onFailure: (_key, error) => ended.reject(error),
  });
  const cancel = (): void => void pool.send(KEY, { type: 'cancel' });
  signal.addEventListener('abort', cancel, { once: true });
  try {
    pool.open(KEY, { seed: Math.floor(needs.random.fraction() * 2 ** 31) });
    if (signal.aborted) cancel();
    const { output, state } = await ended.promise;
    if (state === 'failed') throw errorOf(output.reason);
    return output;
  } finally {
    signal.removeEventListener('abort', cancel);
    pool.closeAll();
  }
}

function errorOf(reason: string): BitDustError {
  return Object.hasOwn(ERRORS, reason)
    ? new BitDustError(reason as ErrorCode)
    : new BitDustError('INTERNAL', `The recovery failed: ${reason}`);
}
