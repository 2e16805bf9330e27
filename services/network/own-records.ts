import type { Bus } from '../../bus/bus.ts';
import type { Self } from '../../ports/identity.ts';
import type { Publisher } from '../../ports/publishing.ts';
import { identityHolderTargets, listHeadValue, presenceValue } from '../../protocol/directory-values.ts';
import { readIdentityFile } from '../../protocol/identity-file.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { Service } from '../kit/service.ts';
import type { OwnProfile } from './own-profile.ts';

export interface OwnRecordsNeeds {
  readonly bus: Bus;
  readonly self: Self;
  readonly publisher: Publisher;
  readonly profile: OwnProfile;
  readonly reachable: 'public' | 'private';
}

/**
 * Keeps the records that follow from what the node is: the list head, and for a public device its presence and that it
 * holds its identity file. The root head and the recovery record are signed elsewhere and kept by the identity.
 */
export function keepOwnRecords(needs: OwnRecordsNeeds): Service {
  const { bus, self, publisher, profile } = needs;
  let unsubscribe = (): void => {};

  function presence(): Uint8Array | null {
    const addresses = profile.addresses().slice(0, LIMITS.addressesMax.value);
    if (addresses.length === 0) return null;
    return presenceValue.encode({ network: self.networkId, addresses, profile: profile.current().hash });
  }

  function listHead(): Uint8Array | null {
    const file = self.identityFile();
    if (file.length === 0) return null;
    const { head } = readIdentityFile(file);
    return listHeadValue.encode({ network: self.networkId, ...head });
  }

  function keepPublic(): void {
    const sign = (message: Uint8Array): Uint8Array => self.signer.sign(message);
    const { deviceKey: publicKey } = self;
    publisher.keep({ kind: 'own', name: 'presence', publicKey, sign, value: presence });
    for (const [index, target] of identityHolderTargets(self.networkId, self.personKey).entries()) {
      publisher.keep({ kind: 'announce', name: `identity-holder:${index}`, target, publicKey, sign });
    }
  }

  return {
    start() {
      unsubscribe = bus.subscribe(['transport.listening'], ({ transport, addresses }) => {
        profile.setAddresses(transport, addresses);
      });
      const { publicKey } = self.admin;
      const sign = (message: Uint8Array): Uint8Array => self.admin.sign(message);
      publisher.keep({ kind: 'own', name: 'list-head', publicKey, sign, value: listHead });
      if (needs.reachable === 'public') keepPublic();
    },
    stop: () => unsubscribe(),
  };
}
