import type { Bus } from '../../bus/bus.ts';
import { nicknameHolderWith } from '../../machines/identity/nickname-holder.machine.ts';
import type { Messenger } from '../../ports/messenger.ts';
import type { Publisher } from '../../ports/publishing.ts';
import type { ActorRuntime, Random } from '../../ports/world.ts';
import { checkPayload } from '../../protocol/commands.ts';
import { nicknameTarget } from '../../protocol/directory-values.ts';
import { ActorPool } from '../kit/actor-pool.ts';
import type { Service } from '../kit/service.ts';
import type { ClaimSearch } from './claim-search.ts';
import { ownClaims } from './own-claims.ts';
import type { OwnSelf } from './self.ts';

export interface NicknameHolderNeeds {
  readonly bus: Bus;
  readonly runtime: ActorRuntime;
  readonly random: Random;
  readonly self: OwnSelf;
  readonly publisher: Pick<Publisher, 'keep' | 'withdraw' | 'published'>;
  readonly messenger: Pick<Messenger, 'handle'>;
  readonly search: ClaimSearch;
  readonly isJoined: () => boolean;
  readonly onFailure: (key: string, error: unknown) => void;
}

export interface NicknameHolder extends Service {
  hold(name: string): void;
  release(name: string): Promise<void>;
}

const NICKNAMES_MAX = 3;

/** Claims our nickname in the directory, and gives the signed claim to those who ask this device. */
export function createNicknameHolder(needs: NicknameHolderNeeds): NicknameHolder {
  const { bus, self, publisher, messenger, random } = needs;
  const recordOf = (name: string): string => `nickname:${name}`;
  let endings: readonly (() => void)[] = [];

  const pool = new ActorPool({
    machine: nicknameHolderWith({
      async publishClaim({ name }, signal) {
        const { deviceKey: publicKey, networkId } = self;
        const sign = (message: Uint8Array): Uint8Array => self.signer.sign(message);
        publisher.keep({
          kind: 'announce',
          name: recordOf(name),
          target: nicknameTarget(networkId, name),
          publicKey,
          sign,
        });
        await publisher.published(recordOf(name), signal);
      },
      async readClaims({ name }, signal) {
        const { others, ours, flooded } = await needs.search(name, signal);
        // An answer that was cut may have left us out.
        return { others: others.length, ours: ours || flooded };
      },
    }),
    runtime: needs.runtime,
    actorsMax: NICKNAMES_MAX,
    onEmit: (fact) => bus.publish(fact),
    onFailure: needs.onFailure,
  });

  function hold(name: string): void {
    const seed = Math.floor(random.fraction() * 2 ** 31);
    pool.open(name, { name, seed, joined: needs.isJoined() });
  }

  return {
    start() {
      endings = [
        bus.subscribe(['directory.joined'], (fact) => pool.sendAll(fact)),
        messenger.handle('FindNickname', async ({ payload }) => ({
          payload: { claims: ownClaims(self, checkPayload('FindNickname', payload).name) },
        })),
      ];
      const name = self.nickname();
      if (name !== null) hold(name);
    },
    stop() {
      for (const end of endings) end();
      pool.closeAll();
    },
    hold,
    async release(name) {
      pool.send(name, { type: 'release' });
      await publisher.withdraw(recordOf(name));
    },
  };
}
