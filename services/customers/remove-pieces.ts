import type { Identities } from '../../ports/identity.ts';
import type { PeerAnswer, PeerRequest } from '../../ports/messenger.ts';
import type { BlockRow, LogPlace, OrderLogs } from '../../ports/order-logs.ts';
import type { PieceRef, PieceRow, PieceStore } from '../../ports/pieces.ts';
import { checkPayload } from '../../protocol/commands.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { toHex } from '../../protocol/hash.ts';
import { deviceIdFrom, type PersonId } from '../../protocol/ids.ts';
import {
  isRemovalOrder,
  mayErase,
  mayEraseStrange,
  TRASH_MS,
  TRASH_WINDOW_MS,
  type TrashedBytes,
  trashAllowance,
} from '../../protocol/order-rules.ts';
import { inOrder } from '../kit/in-order.ts';
import type { AgreementTable } from './agreement-table.ts';
import { type CustomerDesk, refOf } from './customer-desk.ts';

export interface RemoveNeeds {
  readonly clock: { now(): number };
  readonly desk: CustomerDesk;
  readonly identities: Pick<Identities, 'lists'>;
  readonly logs: Pick<OrderLogs, 'of'>;
  readonly pieces: Pick<PieceStore, 'account' | 'row' | 'discard'>;
  readonly table: AgreementTable;
}

/** `counted`: it takes of what one device may throw away in a week. */
type Judged = { readonly take: 'counted' | 'freely' } | { readonly result: string };

const HOUR_MS = 3_600_000;

/** Answers `Delete`: into the trash goes only what the owner's log orders away, and of that no more than a share a week. */
export function createRemover(needs: RemoveNeeds): (request: PeerRequest) => Promise<PeerAnswer> {
  const { clock, desk, identities, logs, pieces, table } = needs;
  const turns = new Map<PersonId, ReturnType<typeof inOrder>>();

  function judge(options: {
    readonly piece: PieceRow | undefined;
    readonly block: BlockRow | undefined;
    readonly order: LogPlace;
    readonly forked: boolean;
  }): Judged {
    const { piece, block, order, forked } = options;
    if (piece === undefined) return { result: 'PIECE_UNKNOWN' };
    if (piece.trash !== null) return { result: 'trash' };
    const now = clock.now();
    const verdict = mayErase(block, { now, forked });
    if (verdict === 'kept' || verdict === 'too-soon') return { result: verdict };
    if (block === undefined || !isRemovalOrder(block, order)) return { result: 'ORDER_UNKNOWN' };
    if (forked) return { result: 'LOG_FORKED' };
    if (block.standing === 'abandoned') return { take: 'freely' };
    if (block.standing === 'unknown') {
      const strange = mayEraseStrange({ receivedAt: piece.storedAt, now });
      return strange === 'trash' ? { take: 'counted' } : { result: strange };
    }
    return { take: 'counted' };
  }

  async function remove(
    customer: PersonId,
    asked: { readonly refs: readonly PieceRef[]; readonly order: LogPlace },
  ): Promise<readonly string[]> {
    const { refs, order } = asked;
    const log = await logs.of(customer);
    const rows = await log.blocks(refs.map(({ block }) => block));
    const forked = log.forked();
    const now = clock.now();
    const account = pieces.account(customer);
    const allowance = trashAllowance({
      heldBytes: (account?.usedBytes ?? 0) + (account?.trashBytes ?? 0),
      trashed: table.get(customer)?.trashed ?? [],
      device: order.device,
      now,
    });
    let left = allowance.bytes;
    let oneFree = allowance.onePieceFree;
    let counted = 0;
    const results: string[] = [];
    const taken = new Map<string, PieceRef>();
    for (const [at, ref] of refs.entries()) {
      const piece = await pieces.row(ref);
      const judged = judge({ piece, block: rows[at], order, forked });
      const key = `${ref.block}/${ref.seat}`;
      if ('result' in judged || piece === undefined || taken.has(key)) {
        results.push('result' in judged ? judged.result : 'trash');
        continue;
      }
      if (judged.take === 'counted') {
        if (piece.length > left && !oneFree) {
          results.push('over-limit');
          continue;
        }
        oneFree = false;
        left = Math.max(0, left - piece.length);
        counted += piece.length;
      }
      taken.set(key, ref);
      results.push('trash');
    }
    // The count is durable first: after a crash too much is counted, never too little.
    if (counted > 0) {
      const entry = { at: now, device: order.device, bytes: counted };
      await table.change(customer, (row) => ({ ...row, trashed: withTrashed(row.trashed, entry) }));
    }
    await pieces.discard([...taken.values()].map((ref) => ({ ...ref, due: now + TRASH_MS })));
    return results;
  }

  return async (request) => {
    const customer = desk.owner(request);
    const payload = checkPayload('Delete', request.payload);
    const order = {
      device: deviceIdFrom(payload.order.device),
      log: toHex(payload.order.log),
      seq: payload.order.seq,
    };
    if (!identities.lists(customer, order.device)) throw new BitDustError('LOG_REVOKED_DEVICE');
    const refs = payload.pieces.map((piece) => refOf(customer, piece));
    const turn = turns.get(customer) ?? inOrder();
    turns.set(customer, turn);
    return { payload: { results: await turn(() => remove(customer, { refs, order })) } };
  };
}

/** One row an hour and device is kept, as long as it counts. */
function withTrashed(rows: readonly TrashedBytes[], entry: TrashedBytes): readonly TrashedBytes[] {
  const hourOf = (at: number): number => Math.floor(at / HOUR_MS);
  const counting = rows.filter(({ at }) => at > entry.at - TRASH_WINDOW_MS);
  const same = counting.find((row) => row.device === entry.device && hourOf(row.at) === hourOf(entry.at));
  if (same === undefined) return [...counting, entry];
  const sum = { ...entry, at: Math.max(same.at, entry.at), bytes: same.bytes + entry.bytes };
  return counting.map((row) => (row === same ? sum : row));
}
