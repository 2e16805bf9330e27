import type { Directory } from '../../ports/directory.ts';
import type { Identities, Self } from '../../ports/identity.ts';
import type { Messenger } from '../../ports/messenger.ts';
import { COMMANDS } from '../../protocol/commands.ts';
import { nicknameTarget } from '../../protocol/directory-values.ts';
import { type DeviceId, deviceIdFrom, type PersonId, personIdFrom } from '../../protocol/ids.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { readNicknameClaim } from '../../protocol/nickname-claim.ts';

export interface ClaimSearchNeeds {
  readonly self: Pick<Self, 'device' | 'networkId'>;
  readonly directory: Pick<Directory, 'lookUp'>;
  readonly messenger: Pick<Messenger, 'request'>;
  readonly identities: Pick<Identities, 'personOf'>;
}

/** A claim whose signature, device and person fit together. */
export interface VerifiedClaim {
  readonly person: PersonId;
  readonly device: DeviceId;
  /** What the claimer says, ms since 1970. */
  readonly since: number;
}

/** Claims of others, and whether our own device is announced under the name. */
export interface FoundClaims {
  readonly others: readonly VerifiedClaim[];
  readonly ours: boolean;
  /** More devices announced themselves than an answer holds. */
  readonly flooded: boolean;
}

const ANSWER_TIMEOUT_MS = 4_000;

/** Asks the devices that are announced under a name for their signed claims. */
export function createClaimSearch(needs: ClaimSearchNeeds) {
  const { self, directory, messenger, identities } = needs;

  async function ask(device: DeviceId, name: string, signal: AbortSignal): Promise<readonly VerifiedClaim[]> {
    const options = { signal, deadlineMs: ANSWER_TIMEOUT_MS };
    const { payload } = await messenger.request(device, 'FindNickname', { name }, options);
    const { claims } = COMMANDS.FindNickname.answer.payload.check(payload, 'FindNickname');
    // The greeting brought the identity file, which says whose device this is.
    const person = identities.personOf(device);
    return claims.flatMap((bytes) => {
      const claim = readNicknameClaim(bytes);
      const fits =
        claim.name === name && deviceIdFrom(claim.device) === device && personIdFrom(claim.person) === person;
      return fits ? [{ person: personIdFrom(claim.person), device, since: claim.since }] : [];
    });
  }

  return async (name: string, signal: AbortSignal): Promise<FoundClaims> => {
    const { keys, flooded } = await directory.lookUp(nicknameTarget(self.networkId, name), signal);
    const devices = keys.map(deviceIdFrom);
    const asked = devices.filter((device) => device !== self.device).slice(0, LIMITS.claimsAskedMax.value);
    const answers = await Promise.allSettled(asked.map((device) => ask(device, name, signal)));
    signal.throwIfAborted();
    const byPerson = new Map<PersonId, VerifiedClaim>();
    for (const answer of answers) {
      for (const claim of answer.status === 'fulfilled' ? answer.value : []) byPerson.set(claim.person, claim);
    }
    return { others: [...byPerson.values()], ours: devices.includes(self.device), flooded };
  };
}

/** See `createClaimSearch`. */
export type ClaimSearch = ReturnType<typeof createClaimSearch>;
