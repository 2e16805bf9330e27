import type { Self, StorageSecrets } from '../../ports/identity.ts';
import type { LogSync } from '../../ports/log-sync.ts';
import type { OwnLog } from '../../ports/order-logs.ts';
import type { Records } from '../../ports/records.ts';
import type { Clock } from '../../ports/world.ts';
import { sha256, textBytes } from '../../protocol/hash.ts';
import { createOrderLogs } from '../../storage/order-logs/order-logs.ts';
import { deviceOf, keyOf, NETWORK, OWNER } from './log-writer.ts';

/** Different bytes at each call, the same ones in each run; `seed` makes another sequence. */
export function countingRandom(seed = 'random') {
  let calls = 0;
  return {
    bytes(length: number): Uint8Array {
      const parts: number[] = [];
      while (parts.length < length) {
        parts.push(...sha256(textBytes(`${seed}/${calls}/${parts.length}`)));
      }
      calls += 1;
      return Uint8Array.from(parts.slice(0, length));
    },
    fraction(): number {
      calls += 1;
      return sha256(textBytes(`${seed}/${calls}`))[0]! / 256;
    },
  };
}

/** Storage secrets of the owner of the tests. */
export const SECRETS: StorageSecrets = {
  epoch: 1,
  catalogue: new Uint8Array(32).fill(1),
  dedup: new Uint8Array(32).fill(2),
  gear: new Uint8Array(32).fill(3),
  documents: new Uint8Array(32).fill(4),
};

/** What the services of the chapter need of `Self`. */
export const OWN_SELF: Pick<Self, 'secrets' | 'device' | 'person'> = {
  person: OWNER,
  device: deviceOf(10),
  secrets: () => [SECRETS],
};

/** The owner's log in these records, written by device 10. */
export function openOwnLog(records: Records, clock: Clock, seed = 'log'): Promise<OwnLog> {
  return createOrderLogs({
    records,
    networkId: NETWORK,
    clock,
    random: countingRandom(seed),
    identities: { get: () => undefined, lists: () => true },
    author: { person: OWNER, device: deviceOf(10), signer: keyOf(10), revision: () => 1 },
  }).own();
}

/** A log whose seats have every entry at once, unless `below` says that they are away. */
export function syncOf(log: OwnLog, state: { below?: boolean } = {}): LogSync {
  return {
    log,
    state: () => (state.below === true ? 'ahead' : 'in-sync'),
    append: (drafts) => log.append(drafts),
    async putDocument(name, sealed) {
      await log.append([{ kind: 'document', body: { name, sealed } }]);
    },
    documentsChanged() {},
    holders: () => (state.below === true ? 0 : 8),
    isAtQuorum: async () => state.below !== true,
    atQuorum: async () => (state.below === true ? 'below' : 'quorum'),
    pull: async () => ({ answered: 8, asked: 8, atQuorum: state.below !== true, applied: 0 }),
    standing: async (block) => (await log.block(block))?.standing ?? 'unknown',
    caughtUp: () => true,
  };
}
