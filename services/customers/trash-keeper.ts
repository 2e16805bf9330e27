import type { OrderLogs } from '../../ports/order-logs.ts';
import type { PieceRef, PieceRow, PieceStore } from '../../ports/pieces.ts';
import type { PersonId } from '../../protocol/ids.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { comesBack, TRASH_MIN_MS } from '../../protocol/order-rules.ts';
import type { AgreementTable } from './agreement-table.ts';
import type { Confessions } from './confessions.ts';

export interface TrashKeeperNeeds {
  readonly clock: { now(): number };
  readonly logs: Pick<OrderLogs, 'of' | 'drop'>;
  readonly pieces: Pick<PieceStore, 'emptyTrash' | 'bringBack' | 'compact' | 'account' | 'forget'>;
  readonly table: Pick<AgreementTable, 'all' | 'get' | 'remove'>;
  readonly confessions: Pick<Confessions, 'forget'>;
}

/** Empties the trash by the rules of removal. */
export interface TrashKeeper {
  /** One step of what is due; at the end customers are forgotten of whom nothing is left. */
  sweep(): Promise<{ readonly freed: number; readonly done: boolean }>;
  /** Trash older than a day, oldest first, until so much is free. */
  free(bytes: number): Promise<number>;
}

const STEP_BYTES = 64 * 1024 * 1024;

/** What the log wants again comes back in place of being erased; while the log is forked nothing goes. */
export function createTrashKeeper(needs: TrashKeeperNeeds): TrashKeeper {
  const { clock, logs, pieces, table, confessions } = needs;

  async function verdict({ customer, block, rotten }: PieceRow): Promise<'erase' | 'keep' | 'back'> {
    const standing = table.get(customer)?.standing;
    if (standing === undefined || standing === 'ended') return 'erase';
    const log = await logs.of(customer);
    if (log.forked()) return 'keep';
    if (!comesBack(await log.block(block))) return 'erase';
    return rotten ? 'erase' : 'back';
  }

  async function empty(wanted: { dueBefore: number } | { sinceBefore: number }, bytesMax: number) {
    const back: PieceRef[] = [];
    const answer = await pieces.emptyTrash({
      ...wanted,
      bytesMax,
      mayErase: async (row) => {
        const judged = await verdict(row);
        if (judged === 'back') back.push({ customer: row.customer, block: row.block, seat: row.seat });
        return judged === 'erase';
      },
    });
    const returned = await pieces.bringBack(back);
    return { ...answer, moved: answer.pieces + returned.length };
  }

  async function forget(customer: PersonId): Promise<void> {
    const account = pieces.account(customer);
    if (account !== undefined && account.usedBytes + account.trashBytes + account.reservedBytes > 0) return;
    await logs.drop(customer);
    await confessions.forget(customer);
    await pieces.forget(customer);
    await table.remove(customer);
  }

  return {
    async sweep() {
      const { freedBytes, done, moved } = await empty({ dueBefore: clock.now() }, STEP_BYTES);
      // A step that moved nothing would only come to the same pieces again.
      if (!done && moved > 0) return { freed: freedBytes, done: false };
      for (const { customer, standing } of table.all()) if (standing === 'ended') await forget(customer);
      await pieces.compact();
      return { freed: freedBytes, done: true };
    },
    async free(bytes) {
      let freed = 0;
      while (freed < bytes) {
        const room = Math.max(bytes - freed, LIMITS.pieceBytesMax.value);
        const step = await empty({ sinceBefore: clock.now() - TRASH_MIN_MS }, room);
        freed += step.freedBytes;
        if (step.done || step.moved === 0) break;
      }
      return freed;
    },
  };
}
