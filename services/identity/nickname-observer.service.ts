import type { Bus } from '../../bus/bus.ts';
import { nicknameObserverWith, type SightedClaim } from '../../machines/identity/nickname-observer.machine.ts';
import { rankClaims } from '../../machines/identity/rank-claims.ts';
import type { ActorRuntime } from '../../ports/world.ts';
import { BitDustError } from '../../protocol/errors.ts';
import type { PersonId } from '../../protocol/ids.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { looksAlike, requireNickname } from '../../protocol/nickname-claim.ts';
import { ActorPool } from '../kit/actor-pool.ts';
import type { Service } from '../kit/service.ts';
import type { ClaimSearch } from './claim-search.ts';
import type { OwnSelf } from './self.ts';

/** A name that we know somebody by. */
export interface KnownName {
  readonly person: PersonId;
  readonly name: string;
}

export interface NicknameObserverNeeds {
  readonly bus: Bus;
  readonly runtime: ActorRuntime;
  readonly self: OwnSelf;
  readonly search: ClaimSearch;
  readonly knownNames: () => readonly KnownName[];
  readonly onFailure: (key: string, error: unknown) => void;
}

/** Verified claims of one name, ranked; `flooded` when there were more than could be asked for. */
export interface NicknameSearch {
  readonly claims: readonly SightedClaim[];
  readonly flooded: boolean;
}

export interface NicknameObserver extends Service {
  /** Rejects with `NICKNAME_INVALID`, `NICKNAME_NOT_FOUND`, or `TOO_BUSY` when too many searches run. */
  find(name: string, signal: AbortSignal): Promise<NicknameSearch>;
}

/** Searches for nicknames, a few at a time. */
export function createNicknameObserver(needs: NicknameObserverNeeds): NicknameObserver {
  const { self, search } = needs;
  const waiting = new Map<string, PromiseWithResolvers<NicknameSearch>>();
  let searches = 0;

  function isMimic(name: string, person: PersonId): boolean {
    const ours = self.nickname();
    const known = [...needs.knownNames(), ...(ours === null ? [] : [{ person: self.person, name: ours }])];
    return known.some((other) => other.person !== person && (other.name === name || looksAlike(other.name, name)));
  }

  async function lookUpClaims({ name }: { name: string }, signal: AbortSignal): Promise<NicknameSearch> {
    const { others, flooded } = await search(name, signal);
    const claims = others.map(({ person, since }) => ({
      person,
      claimedAt: since,
      contactsInCommon: 0,
      lookAlike: isMimic(name, person),
    }));
    const { person } = self;
    const claimedAt = self.state().nicknameSince;
    const own = self.nickname() === name ? [{ person, claimedAt, contactsInCommon: 0, lookAlike: false }] : [];
    return { claims: [...own, ...claims.filter((claim) => claim.person !== person)], flooded };
  }

  const pool = new ActorPool({
    machine: nicknameObserverWith({ lookUpClaims, rankClaims: async ({ claims }) => rankClaims(claims) }),
    runtime: needs.runtime,
    actorsMax: LIMITS.nicknameSearchesMax.value,
    onEmit: (fact) => needs.bus.publish(fact),
    onDone: (key, output) => {
      waiting.get(key)?.resolve(output as NicknameSearch);
      waiting.delete(key);
    },
    onFailure: (key, error) => {
      waiting.get(key)?.reject(error);
      waiting.delete(key);
      needs.onFailure(key, error);
    },
  });

  return {
    start() {},
    stop() {
      pool.closeAll();
      for (const { reject } of waiting.values()) reject(new BitDustError('CANCELLED'));
      waiting.clear();
    },
    async find(name, signal) {
      requireNickname(name);
      signal.throwIfAborted();
      const key = String((searches += 1));
      const found = Promise.withResolvers<NicknameSearch>();
      waiting.set(key, found);
      if (pool.open(key, { name }) === undefined) {
        waiting.delete(key);
        throw new BitDustError('TOO_BUSY');
      }
      const cancel = (): void => void pool.send(key, { type: 'cancel' });
      signal.addEventListener('abort', cancel, { once: true });
      const answer = await found.promise.finally(() => signal.removeEventListener('abort', cancel));
      signal.throwIfAborted();
      if (answer.claims.length === 0) throw new BitDustError('NICKNAME_NOT_FOUND');
      return answer;
    },
  };
}
