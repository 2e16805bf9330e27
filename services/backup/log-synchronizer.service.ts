import type { Bus } from '../../bus/bus.ts';
import { logSynchronizerWith } from '../../machines/backup/log-synchronizer.machine.ts';
import type { LogSync, LogSyncState, Pulled } from '../../ports/log-sync.ts';
import type { Messenger } from '../../ports/messenger.ts';
import type { OwnLog } from '../../ports/order-logs.ts';
import type { Records } from '../../ports/records.ts';
import type { Suppliers } from '../../ports/suppliers.ts';
import type { ActorRuntime, Clock, Random } from '../../ports/world.ts';
import { ActorPool } from '../kit/actor-pool.ts';
import type { WholeDocument } from '../kit/log-requests.ts';
import type { Service } from '../kit/service.ts';
import { gatherEdits } from './log-documents.ts';
import { createLogHolders } from './log-holders.ts';
import { createLogQuorum, isMajority } from './log-quorum.ts';
import { createLogSeats } from './log-seats.ts';
import { createLogShrink } from './log-shrink.ts';
import { createPullWaiters } from './pull-waiters.ts';

export interface LogSynchronizerNeeds {
  readonly bus: Bus;
  readonly runtime: ActorRuntime;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: OwnLog;
  readonly network: Uint8Array;
  readonly messenger: Messenger;
  readonly suppliers: Pick<Suppliers, 'seat'>;
  /** A part of the records of its own: receipts and what each seat holds. */
  readonly records: Records;
  /** Documents every seat keeps whole: identity first, family, keychain, records. */
  readonly documents: () => readonly WholeDocument[];
  readonly graceMs: (seat: number) => number;
  /** Hashes of version and document entries that need not be carried on by a checkpoint. */
  readonly forgotten: () => Promise<ReadonlySet<string>>;
  readonly onFailure: (key: string, error: unknown) => void;
}

const STATES: Readonly<Record<string, LogSyncState>> = {
  unknown: 'unknown',
  inSync: 'in-sync',
  ahead: 'ahead',
  alone: 'alone',
  forked: 'forked',
};

/** Wires the log-synchronizer of our own log. */
export function createLogSynchronizer(needs: LogSynchronizerNeeds): LogSync & Service {
  const { bus, log, clock, network, messenger, suppliers, documents } = needs;
  const holders = createLogHolders(needs.records);
  const quorum = createLogQuorum({ ...needs, holders });
  const seats = createLogSeats({ log, holders, messenger, suppliers, network, clock, documents });
  const shrink = createLogShrink({ log, holders, quorum, clock, forgotten: needs.forgotten });
  const edits = gatherEdits(log);
  const pulls = createPullWaiters();
  let more: () => void = () => undefined;

  async function answeredAtQuorum(): Promise<boolean> {
    const groups = await quorum.voters(Number.MAX_SAFE_INTEGER);
    const heard = seats.answered();
    return (
      groups.length > 0 &&
      groups.every((voters) => isMajority(voters.filter(({ device }) => heard.has(device)).length, voters.length))
    );
  }

  const newestSeq = () => log.heads().find((head) => head.log === log.own.log)?.seq ?? 0;

  const pool = new ActorPool({
    machine: logSynchronizerWith({
      fetchHeads: async (_, signal) => {
        pulls.begin();
        try {
          const heads = await seats.fetchHeads(signal);
          const { asked, answered } = heads;
          pulls.heard({ asked, answered, atQuorum: await answeredAtQuorum(), applied: 0 });
          return heads;
        } catch (error) {
          pulls.end();
          throw error;
        }
      },
      pullEntries: async (_, signal) => {
        const pulled = await seats.pullEntries(signal);
        pulls.read(pulled.applied);
        return pulled;
      },
      appendEntries: async () => ({ kinds: await edits.flush() }),
      pushEntries: async (_, signal) => {
        pulls.end();
        const wake = new Promise<void>((resolve) => {
          more = resolve;
        });
        const pushed = await seats.push(signal, wake);
        const reached = newestSeq() === 0 || (await quorum.isAtQuorum(newestSeq()));
        return { ...pushed, quorum: reached, canShrink: reached && (await shrink.canShrink()) };
      },
      writeCheckpoint: () => shrink.shrink(),
    }),
    runtime: needs.runtime,
    actorsMax: 128,
    onEmit: (fact) => bus.publish(fact),
    onFailure: needs.onFailure,
  });
  let endings: readonly (() => void)[] = [];

  function appended(kinds: readonly string[]): void {
    more();
    pool.send(log.owner, { type: 'append', kinds });
  }

  return {
    log,
    async start() {
      await holders.load();
      pool.open(log.owner, {
        owner: log.owner,
        device: log.own.device,
        forked: log.forked(),
        seed: Math.floor(needs.random.fraction() * 2 ** 31),
      });
      endings = [
        bus.subscribe(['log.noticed', 'supplier.connected'], (fact) => void pool.send(fact.owner, fact)),
        bus.subscribe(['suppliers.changed', 'network.connected', 'document.changed'], (fact) => pool.sendAll(fact)),
      ];
    },
    stop() {
      for (const end of endings) end();
      pool.closeAll();
      seats.stop();
      pulls.end();
    },
    state: () => STATES[String(pool.get(log.owner)?.getSnapshot().value)] ?? 'syncing',
    async append(drafts) {
      const places = await log.append(drafts);
      appended([...new Set(drafts.map(({ kind }) => kind))]);
      return places;
    },
    putDocument(name, sealed) {
      const written = edits.add(name, sealed);
      bus.publish({ type: 'document.changed', document: name });
      return written;
    },
    documentsChanged: () => appended([]),
    holders: quorum.holders,
    isAtQuorum: quorum.isAtQuorum,
    atQuorum: quorum.wait,
    pull(signal): Promise<Pulled> {
      const pulled = pulls.next(signal);
      more();
      pool.send(log.owner, { type: 'pull' });
      return pulled;
    },
    standing: async (block) => (await log.block(block))?.standing ?? 'unknown',
    caughtUp: (device) => holders.of(device).caughtUpAt !== null,
  };
}
