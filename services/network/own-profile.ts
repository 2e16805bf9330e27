import type { Self } from '../../ports/identity.ts';
import type { Clock } from '../../ports/world.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { makeProfile, type Profile } from '../../protocol/profile.ts';

/** A service that peers may ask for, with its limits. */
export interface OfferedService {
  readonly name: string;
  readonly limits: Readonly<Record<string, number>>;
}

export interface OwnProfile {
  /** The signed profile as it is now; signed anew only when something in it changed. */
  current(): Profile;
  /** Addresses of one transport; shown only when the node is public. */
  setAddresses(transport: string, addresses: readonly string[]): void;
  addresses(): readonly string[];
  setServices(services: readonly OfferedService[]): void;
}

/** What this device tells of itself in greetings. Its revision rises with every change, over restarts by the clock. */
export function createOwnProfile(needs: {
  readonly self: Self;
  readonly clock: Pick<Clock, 'now'>;
  readonly reachable: 'public' | 'private';
}): OwnProfile {
  const { self, clock, reachable } = needs;
  const byTransport = new Map<string, readonly string[]>();
  let services: readonly OfferedService[] = [];
  let signed: { readonly text: string; readonly profile: Profile } | undefined;

  function addresses(): readonly string[] {
    return [...byTransport.values()].flat().slice(0, LIMITS.addressesMax.value);
  }

  return {
    addresses,
    setAddresses: (transport, list) => void byTransport.set(transport, list),
    setServices(list) {
      services = list;
    },
    current() {
      const shown = {
        nickname: self.nickname(),
        services: services.map(({ name, limits }) => ({ name, limits })),
        addresses: reachable === 'public' ? addresses() : [],
      };
      const text = JSON.stringify(shown);
      if (signed?.text === text) return signed.profile;
      const revision = Math.max(Math.floor(clock.now() / 1000), (signed?.profile.revision ?? 0) + 1);
      const person = self.personKey;
      const body = { ...shown, person, device: self.deviceKey, revision, avatar: null, issued: clock.now() };
      signed = { text, profile: makeProfile(body, self.signer) };
      return signed.profile;
    },
  };
}
