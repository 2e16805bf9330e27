import type { Bus } from '../../bus/bus.ts';
import type { Health } from '../../ports/health.ts';
import type { Self } from '../../ports/identity.ts';
import type { Messenger, PeerRequest } from '../../ports/messenger.ts';
import type { Clock } from '../../ports/world.ts';
import { checkPayload } from '../../protocol/commands.ts';
import { parseConfession } from '../../protocol/confession.ts';
import { noticeEnds, parseContract, parseNotice } from '../../protocol/contract.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { equalBytes } from '../../protocol/hash.ts';
import type { BlockId } from '../../protocol/ids.ts';
import type { Notices } from '../kit/notices.ts';
import type { SeatRecord, SeatTable } from './seat-table.ts';

export interface SupplierWordsNeeds {
  readonly bus: Bus;
  readonly self: Self;
  readonly clock: Clock;
  readonly messenger: Pick<Messenger, 'handle'>;
  readonly notices: Notices;
  readonly health: Pick<Health, 'pieceLost'>;
  readonly seats: SeatTable;
}

/** Hears what suppliers say of themselves: pieces they lost, and that they will leave. Recorded first, then announced. */
export function listenToSuppliers(needs: SupplierWordsNeeds): () => void {
  const { bus, self, seats, health } = needs;

  function seatOf(request: PeerRequest): SeatRecord {
    const row = seats.ofDevice(request.from.device);
    if (!row) throw new BitDustError('NOT_ENTITLED');
    return row;
  }

  async function confess(request: PeerRequest) {
    const row = seatOf(request);
    const confession = parseConfession(checkPayload('Confess', request.payload).statement);
    const isHis =
      equalBytes(confession.network, self.networkId) &&
      confession.owner === self.person &&
      confession.supplier === row.device;
    if (!isHis) throw new BitDustError('NOT_ENTITLED');
    const blocks: BlockId[] = confession.pieces.filter(({ seat }) => seat === row.seat).map(({ block }) => block);
    if (blocks.length > 0) {
      await health.pieceLost(row.seat, blocks);
      bus.publish({ type: 'supplier.confessed', supplier: row.device, pieces: blocks.length });
    }
    return { payload: {} };
  }

  /** Only the contract that stands can be given notice of, and never sooner than the least notice. */
  async function leaving(request: PeerRequest, signed: Uint8Array): Promise<void> {
    const row = seatOf(request);
    const notice = parseNotice(signed);
    const isHis =
      notice.by === 'supplier' &&
      notice.from === row.device &&
      row.contract !== null &&
      notice.contract === parseContract(row.contract).hash;
    if (!isHis) throw new BitDustError('CONTRACT_INVALID', 'The notice is not for the contract that stands.');
    const until = noticeEnds(notice, { receivedAt: needs.clock.now(), away: false });
    await seats.change(row.seat, (record) => ({ ...record, noticeUntil: record.noticeUntil ?? until }));
    bus.publish({ type: 'supplier.gave-notice', owner: self.person, supplier: row.device, until });
  }

  const ends = [
    needs.messenger.handle('Confess', confess),
    needs.notices.on('leaving', async (request, notice) => {
      if (notice.kind === 'leaving' && notice.notice && seats.ofDevice(request.from.device))
        await leaving(request, notice.notice);
    }),
  ];
  return () => {
    for (const end of ends) end();
  };
}
