import type { Bus } from '../../bus/bus.ts';
import {
  type IdentityRegistrarOutput,
  type IdentityRegistrarPorts,
  identityRegistrarWith,
  type MadeIdentity,
} from '../../machines/identity/identity-registrar.machine.ts';
import type { ActorRuntime } from '../../ports/world.ts';
import { ActorPool } from '../kit/actor-pool.ts';
import { requireMade } from './ended-by.ts';

export interface IdentityRegistrarNeeds {
  readonly bus: Bus;
  readonly runtime: ActorRuntime;
  readonly ports: IdentityRegistrarPorts;
}

const KEY = 'registration';

/** Runs one registration to its end; who made it asks for the words afterwards. Rejects with the code of what ended it. */
export async function registerIdentity(
  needs: IdentityRegistrarNeeds,
  options: { readonly nickname: string | null },
): Promise<MadeIdentity> {
  const ended = Promise.withResolvers<IdentityRegistrarOutput>();
  const pool = new ActorPool({
    machine: identityRegistrarWith(needs.ports),
    runtime: needs.runtime,
    actorsMax: 1,
    onEmit: (fact) => needs.bus.publish(fact),
    onDone: (_key, output) => ended.resolve(output as IdentityRegistrarOutput),
    onFailure: (_key, error) => ended.reject(error),
  });
  pool.open(KEY, { nickname: options.nickname, asksWords: false });
  pool.send(KEY, { type: 'register' });
  return requireMade(await ended.promise);
}
