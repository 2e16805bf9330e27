import type { OwnLog } from '../../ports/order-logs.ts';
import type { LogHolders } from './log-holders.ts';
import type { LogQuorum } from './log-quorum.ts';

const DROP_AFTER_MS = 90 * 86_400_000;
/** Below this nothing is worth a checkpoint. */
const SHRINK_FROM_BYTES = 4 * 1024 * 1024;

export interface LogShrinkNeeds {
  readonly log: OwnLog;
  readonly holders: LogHolders;
  readonly quorum: LogQuorum;
  readonly clock: { now(): number };
  /** Entries of versions and documents that nobody needs any more; their hashes. */
  readonly forgotten: () => Promise<ReadonlySet<string>>;
}

/** Takes the place of old entries by a checkpoint when half of them no longer matter, and drops them 90 d after it is at the quorum. */
export interface LogShrink {
  canShrink(): Promise<boolean>;
  shrink(): Promise<{ readonly wrote: boolean }>;
}

/** Decides by the bytes of the entries against those of the state. */
export function createLogShrink(needs: LogShrinkNeeds): LogShrink {
  const { log, holders, quorum, clock, forgotten } = needs;
  /** Entries when it was last found that more than half matters. */
  let judgedBytes = 0;

  const ownCheckpoint = () => log.checkpoints().find((one) => one.device === log.own.device && one.log === log.own.log);

  async function isDropDue(): Promise<boolean> {
    const checkpoint = ownCheckpoint();
    if (checkpoint === undefined || checkpoint.dropped) return false;
    const reachedAt = await holders.checkpointAt(checkpoint.seq);
    if (reachedAt !== null) return clock.now() - reachedAt >= DROP_AFTER_MS;
    if (await quorum.isAtQuorum(checkpoint.seq)) await holders.noteCheckpoint(checkpoint.seq, clock.now());
    return false;
  }

  /** A checkpoint that waits for its 90 d is enough for now. */
  const isWaiting = () => ownCheckpoint()?.dropped === false;

  return {
    async canShrink() {
      if (await isDropDue()) return true;
      const bytes = log.entryBytes();
      return bytes >= Math.max(SHRINK_FROM_BYTES, judgedBytes * 1.25) && !isWaiting();
    },
    async shrink() {
      const checkpoint = ownCheckpoint();
      if (checkpoint !== undefined && (await isDropDue())) {
        await log.dropBefore(checkpoint);
        return { wrote: false };
      }
      const without = await forgotten();
      const bytes = log.entryBytes();
      if ((await log.liveBytes({ without })) * 2 > bytes) {
        judgedBytes = bytes;
        return { wrote: false };
      }
      await log.writeCheckpoint({ without });
      return { wrote: true };
    },
  };
}
