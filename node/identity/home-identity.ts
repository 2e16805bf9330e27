import { createIdentityStore, type IdentityStore } from '../../services/identity/identity-store.ts';
import { createRealDisk } from '../../storage/disk/real.ts';
import { createSealing } from '../../transports/session/sealing.ts';
import { createSignerFactory } from '../../transports/session/signer.ts';
import { homePaths } from '../home.ts';
import { realRandom } from '../worlds/random.ts';

/** What making and reading an identity takes of this machine, without network and threads. */
export function localParts() {
  return {
    random: realRandom(),
    clock: { now: (): number => Date.now() },
    disk: createRealDisk(),
    signer: createSignerFactory(),
    sealing: createSealing(),
  };
}

/** The identity files of a home. */
export function identityOf(home: string): IdentityStore {
  const { identity, keys } = homePaths(home);
  return createIdentityStore({ disk: createRealDisk(), files: { identity, keys } });
}
