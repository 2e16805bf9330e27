import type { Bus } from '../../bus/bus.ts';
import { directoryMemberWith } from '../../machines/network/directory-member.machine.ts';
import type { Directory } from '../../ports/directory.ts';
import type { ActorRuntime, Random } from '../../ports/world.ts';
import { ActorPool } from '../kit/actor-pool.ts';
import type { Service } from '../kit/service.ts';

export interface DirectoryMemberNeeds {
  readonly bus: Bus;
  readonly runtime: ActorRuntime;
  readonly random: Random;
  readonly directory: Directory;
  readonly isNetworkUp: () => boolean;
  readonly onFailure: (key: string, error: unknown) => void;
  /** A join failed: for the log and for status. */
  readonly onRefused: (error: unknown) => void;
}

export interface DirectoryMember extends Service {
  isJoined(): boolean;
  neighbours(): number;
}

const KEY = 'directory';

/** Keeps the node a member of the directory. */
export function createDirectoryMember(needs: DirectoryMemberNeeds): DirectoryMember {
  const { bus, directory } = needs;
  let isJoined = false;
  let neighbours = 0;
  let unsubscribe = (): void => {};

  const pool = new ActorPool({
    machine: directoryMemberWith({
      join: async (_, signal) => {
        try {
          const joined = await directory.join(signal);
          return { neighbours: joined.neighbours };
        } catch (error) {
          needs.onRefused(error);
          throw error;
        }
      },
      health: async () => {
        const health = await directory.health();
        neighbours = health.neighbours;
        return health;
      },
    }),
    runtime: needs.runtime,
    actorsMax: 1,
    onEmit: (fact) => {
      neighbours = fact.type === 'directory.left' ? 0 : fact.neighbours;
      isJoined = fact.type !== 'directory.left';
      bus.publish(fact);
    },
    onFailure: needs.onFailure,
  });

  return {
    start() {
      const heard = ['network.connected', 'network.disconnected', 'peer.sighted', 'link.opened'] as const;
      unsubscribe = bus.subscribe(heard, (fact) => void pool.send(KEY, fact));
      const seed = Math.floor(needs.random.fraction() * 2 ** 31);
      pool.open(KEY, { seed, connected: needs.isNetworkUp() });
    },
    async stop() {
      unsubscribe();
      pool.send(KEY, { type: 'stop' });
      pool.closeAll();
      isJoined = false;
      await directory.leave();
    },
    isJoined: () => isJoined,
    neighbours: () => neighbours,
  };
}
