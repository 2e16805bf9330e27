import type { Self } from '../../ports/identity.ts';
import type { IncomingStream, PeerAnswer, PeerRequest } from '../../ports/messenger.ts';
import type { BlockRow, FamilyView, OrderLogs } from '../../ports/order-logs.ts';
import type { PieceOffer, PieceStanding, PieceStore } from '../../ports/pieces.ts';
import type { Clock } from '../../ports/world.ts';
import { pieceBytes } from '../../protocol/block-size.ts';
import { checkPayload, type PayloadOf } from '../../protocol/commands.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { equalBytes } from '../../protocol/hash.ts';
import type { PersonId } from '../../protocol/ids.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { checkOrder } from '../../protocol/order-rules.ts';
import { type CustomerDesk, orCode, refOf } from './customer-desk.ts';

export interface ReceiveNeeds {
  readonly self: Pick<Self, 'device'>;
  readonly clock: Clock;
  readonly desk: CustomerDesk;
  readonly logs: Pick<OrderLogs, 'of'>;
  readonly pieces: Pick<PieceStore, 'standing' | 'store'>;
  /** A piece was refused because the contract has no room. */
  readonly onFull: (customer: PersonId) => void;
  readonly onUnexpected: (error: unknown) => void;
}

type Offered = PayloadOf<'Data'>['pieces'][number];

const ROOT_BYTES = 32;

/** Answers `Data`: each piece is judged by the owner's log before a byte of it is read, then stored as it comes in. */
export function createReceiver(needs: ReceiveNeeds): (request: PeerRequest) => Promise<PeerAnswer> {
  const { self, clock, desk, logs, pieces } = needs;

  function offerOf(
    customer: PersonId,
    piece: Offered,
    known: { readonly row: BlockRow | undefined; readonly family: FamilyView | undefined },
  ): PieceOffer {
    const { row, family } = known;
    const { seat, root, length } = piece;
    const verdict = checkOrder({ row, family, seat, device: self.device });
    if (verdict.verdict === 'refuse') throw new BitDustError(verdict.code);
    const at = row?.seats.indexOf(seat) ?? -1;
    const promised = row?.roots.subarray(at * ROOT_BYTES, (at + 1) * ROOT_BYTES);
    if (row === undefined || length !== pieceBytes(row.k, row.size)) throw new BitDustError('PIECE_LENGTH_WRONG');
    if (promised === undefined || !equalBytes(promised, root)) throw new BitDustError('PIECE_ROOT_WRONG');
    const { device, log, seq } = verdict.order;
    return { ...refOf(customer, piece), root, length, order: { device, log, seq } };
  }

  async function receive(offer: PieceOffer, stream: IncomingStream, signal: AbortSignal): Promise<'stored' | 'have'> {
    if (stream.length !== offer.length) throw new BitDustError('PIECE_LENGTH_WRONG');
    const stall = stallGuard(clock, signal);
    try {
      return await pieces.store(offer, stall.watch(stream.read()), { signal: stall.signal });
    } catch (error) {
      if (error instanceof BitDustError && error.code === 'QUOTA_EXCEEDED') needs.onFull(offer.customer);
      throw error;
    } finally {
      stall.end();
    }
  }

  return async (request) => {
    const customer = desk.storer(request);
    const offered = checkPayload('Data', request.payload).pieces;
    if (request.streams.length !== offered.length) {
      throw new BitDustError('ENCODING_INVALID', 'every piece has one stream');
    }
    const log = await logs.of(customer);
    const refs = offered.map((piece) => refOf(customer, piece));
    const rows = await log.blocks(refs.map(({ block }) => block));
    const standing = await pieces.standing(refs);
    const family = log.family();
    // All at once: streams that nobody reads would hold up the others of the session.
    const results = await Promise.all(
      offered.map(async (piece, at) => {
        const stream = request.streams[at]!;
        const done = await orCode<PieceStanding | 'stored'>(async () => {
          const offer = offerOf(customer, piece, { row: rows[at], family });
          const now = standing[at] ?? 'not';
          return now === 'not' ? receive(offer, stream, request.signal) : now;
        }, needs.onUnexpected);
        stream.cancel();
        return { block: piece.block, seat: piece.seat, result: typeof done === 'string' ? done : done.code };
      }),
    );
    return { payload: { results } };
  };
}

/** Ends a stream that brings nothing for too long. */
function stallGuard(clock: Clock, signal: AbortSignal) {
  const stalled = new AbortController();
  let timer: unknown;
  const arm = (): void => {
    clock.clearTimeout(timer);
    timer = clock.setTimeout(
      () => stalled.abort(new BitDustError('DEADLINE_PASSED', 'The stream stood still.')),
      LIMITS.pieceStallMs.value,
    );
  };
  arm();
  return {
    signal: AbortSignal.any([signal, stalled.signal]),
    async *watch(content: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
      for await (const chunk of content) {
        clock.clearTimeout(timer);
        yield chunk;
        arm();
      }
      clock.clearTimeout(timer);
    },
    end: () => clock.clearTimeout(timer),
  };
}
