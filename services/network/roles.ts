import type { Directory } from '../../ports/directory.ts';
import type { Self } from '../../ports/identity.ts';
import type { Publisher, Roles } from '../../ports/publishing.ts';
import type { Random } from '../../ports/world.ts';
import { roleTarget } from '../../protocol/directory-values.ts';
import { type DeviceId, deviceIdFrom } from '../../protocol/ids.ts';
import { LIMITS } from '../../protocol/limits.ts';

export interface RolesNeeds {
  readonly self: Pick<Self, 'deviceKey' | 'device' | 'signer'>;
  readonly directory: Pick<Directory, 'lookUp'>;
  readonly publisher: Publisher;
  readonly random: Random;
  readonly networkId: () => Uint8Array;
}

/** Announces under one of the shards of a role; look-ups sample the shards in random order until there are enough. */
export function createRoles(needs: RolesNeeds): Roles {
  const { self, publisher, random } = needs;
  const ownShard = (self.deviceKey[0] ?? 0) % LIMITS.roleShards.value;

  return {
    announceRole(role) {
      publisher.keep({
        kind: 'announce',
        name: `role:${role}`,
        target: roleTarget(needs.networkId(), role, ownShard),
        publicKey: self.deviceKey,
        sign: (message) => self.signer.sign(message),
      });
    },
    withdrawRole: (role) => publisher.withdraw(`role:${role}`),
    async lookUpRole(role, { count, except, signal }) {
      const found = new Set<DeviceId>();
      const left = new Set<DeviceId>([...except, self.device]);
      for (const shard of shuffled([...Array(LIMITS.roleShards.value).keys()], random)) {
        const { keys } = await needs.directory.lookUp(roleTarget(needs.networkId(), role, shard), signal);
        for (const device of keys.map(deviceIdFrom)) if (!left.has(device)) found.add(device);
        if (found.size >= count) break;
      }
      return shuffled([...found], random).slice(0, count);
    },
  };
}

function shuffled<Item>(items: readonly Item[], random: Random): Item[] {
  const mixed = [...items];
  for (let index = mixed.length - 1; index > 0; index -= 1) {
    const other = Math.floor(random.fraction() * (index + 1));
    [mixed[index], mixed[other]] = [mixed[other] as Item, mixed[index] as Item];
  }
  return mixed;
}
