import { BitDustError, isBitDustError } from '../../protocol/errors.ts';
import { type DeviceId, fingerprint, isDeviceId, isPersonId, type PersonId } from '../../protocol/ids.ts';
import type { IdAnswer } from '../api/identity.ts';
import type { NodeOperations } from '../api/index.ts';
import type { Chapters } from '../assembly/chapters.ts';
import type { Core } from '../assembly/core.ts';
import type { OfflineIdentity } from '../offline.ts';

export interface IdentityOperationsNeeds {
  readonly core: Core;
  readonly chapters: Chapters;
  readonly showIdentity: OfflineIdentity['showIdentity'];
}

/** Identity and people. */
export function identityOperations(needs: IdentityOperationsNeeds): Pick<NodeOperations, 'id' | 'find' | 'ping'> {
  const { core, chapters, showIdentity } = needs;
  return {
    id: {
      show: async () => {
        const shown: IdAnswer = await showIdentity(core.paths.home);
        const services = core.network.profile.current().services.map(({ name }) => name);
        return { ...shown, services, addresses: [...core.network.profile.addresses()] };
      },
      confirmWords: async ({ words }) => {
        await chapters.identity.confirmWords(words);
        return { confirmed: true };
      },
    },
    find: async ({ nickname }, { signal }) => {
      const { claims } = await chapters.identity.find(nickname, signal);
      if (claims.length === 0) throw new BitDustError('NICKNAME_NOT_FOUND');
      return {
        nickname,
        claims: claims.map((claim) => ({
          person: claim.person,
          fingerprint: fingerprint(claim.person),
          claimedAt: new Date(claim.claimedAt).toISOString(),
          contactsInCommon: claim.contactsInCommon,
          lookAlike: claim.lookAlike,
        })),
      };
    },
    ping: ({ who, timeoutMs }, { signal }) =>
      ping(needs, who, AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])),
  };
}

/** Reaches a device: by its id, by a person's id, or by the nickname of somebody found. */
async function ping({ core, chapters }: IdentityOperationsNeeds, who: string, signal: AbortSignal) {
  const { network, contacts } = core;
  const person = isPersonId(who)
    ? who
    : isDeviceId(who)
      ? (network.identities.personOf(who) ?? null)
      : await personNamed(chapters, who, signal);
  const device = isDeviceId(who) ? who : deviceOf(core, person);
  if (device === null) throw new BitDustError('IDENTITY_NOT_FOUND', 'No device of this person is known here.');
  try {
    const greeting = await contacts.greet(device, signal);
    if (greeting.outcome !== 'shaken') throw new BitDustError('PEER_UNREACHABLE');
    const rttMs = await network.messenger.ping(device, signal);
    const path = network.messenger.links().find((link) => link.peer === device)?.transport ?? null;
    return { who, person: greeting.person ?? person, device, reached: true, rttMs, path, reason: null };
  } catch (error) {
    const reason = isBitDustError(error) ? error.code : 'PEER_SILENT';
    return { who, person, device, reached: false, rttMs: null, path: null, reason };
  }
}

function deviceOf(core: Core, person: PersonId | null): DeviceId | null {
  if (person === null) return null;
  return core.network.identities.get(person)?.devices[0] ?? null;
}

async function personNamed(chapters: Chapters, nickname: string, signal: AbortSignal): Promise<PersonId> {
  const {
    claims: [claim],
  } = await chapters.identity.find(nickname, signal);
  if (!claim) throw new BitDustError('NICKNAME_NOT_FOUND');
  return claim.person;
}
