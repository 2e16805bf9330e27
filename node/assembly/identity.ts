import { createIdentityService, type IdentityService } from '../../services/identity/identity.ts';
import type { Core } from './core.ts';

/** Builds the chapter identity: what keeps us findable, and the search for names. */
export async function buildIdentity(core: Core): Promise<IdentityService> {
  const { config, world, bus, runtime, self, network, directory, logs, onFailure } = core;
  return createIdentityService({
    bus,
    runtime,
    clock: world.clock,
    random: world.random,
    signer: world.signer,
    self,
    messenger: network.messenger,
    directory,
    publisher: network.publisher,
    identities: network.identities,
    addressBook: network.addressBook,
    log: config.get('services.customer.enabled') ? await logs.own() : null,
    isJoined: () => network.member.isJoined(),
    onFailure,
  });
}
