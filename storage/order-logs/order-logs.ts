import type { Identities } from '../../ports/identity.ts';
import type { OrderLog, OrderLogs, OwnLog } from '../../ports/order-logs.ts';
import type { Records } from '../../ports/records.ts';
import { isPersonId, type PersonId } from '../../protocol/ids.ts';
import { keysOf, under } from './keys.ts';
import { type LogAuthor, OwnStoredLog } from './own-log.ts';
import { type LogWorld, StoredLog } from './stored-log.ts';

export interface OrderLogsNeeds {
  readonly records: Records;
  readonly networkId: Uint8Array;
  readonly clock: { now(): number };
  readonly random: { bytes(length: number): Uint8Array };
  readonly identities: Pick<Identities, 'get' | 'lists'>;
  /** Who we are; null while there is no identity, then only logs of others can be opened. */
  readonly author: LogAuthor | null;
}

const REMOVALS_PER_BATCH = 1024;

function worldOf(needs: OrderLogsNeeds): LogWorld {
  const { author, identities } = needs;
  return {
    records: needs.records,
    network: needs.networkId,
    clock: needs.clock,
    revisionOf: (owner) => {
      const known = identities.get(owner)?.revision ?? null;
      if (author?.person !== owner) return known;
      return Math.max(author.revision(), known ?? 0);
    },
    lists: (owner, device, revision) =>
      (author?.person === owner && author.device === device) || identities.lists(owner, device, revision),
  };
}

/** Keeps the order logs of ourselves and of customers in one record store. Each owner's logs are opened once. */
export function createOrderLogs(needs: OrderLogsNeeds): OrderLogs {
  const world = worldOf(needs);
  const opened = new Map<PersonId, Promise<OrderLog>>();
  let own: Promise<OwnLog> | undefined;

  function remember<Log>(promise: Promise<Log>, forget: () => void): Promise<Log> {
    promise.catch(forget);
    return promise;
  }

  function openOwn(): Promise<OwnLog> {
    const { author, random } = needs;
    if (author === null) return Promise.reject(new Error('there is no identity yet'));
    own ??= remember(OwnStoredLog.openOwn(world, { author, randomBytes: random.bytes }), () => {
      own = undefined;
    });
    return own;
  }

  function open(owner: PersonId): Promise<OrderLog> {
    if (needs.author?.person === owner) return openOwn();
    const running = opened.get(owner) ?? remember(StoredLog.open(owner, world), () => opened.delete(owner));
    opened.set(owner, running);
    return running;
  }

  return {
    own: openOwn,
    of: open,
    async drop(owner) {
      opened.delete(owner);
      for (;;) {
        const keys: string[] = [];
        for await (const [key] of needs.records.range({ ...under(keysOf(owner).all), limit: REMOVALS_PER_BATCH }))
          keys.push(key);
        if (keys.length === 0) return;
        await needs.records.batch(
          keys.map((key) => ({ remove: key })),
          { durable: true },
        );
      }
    },
    async owners() {
      const owners: PersonId[] = [];
      for (let from = ''; ; ) {
        let next: string | undefined;
        for await (const [key] of needs.records.range({ from, limit: 1 })) next = key.slice(0, key.indexOf('/'));
        if (next === undefined) return owners;
        if (isPersonId(next)) owners.push(next);
        from = under(`${next}/`).before;
      }
    },
  };
}
