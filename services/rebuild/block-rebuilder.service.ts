import type { Bus } from '../../bus/bus.ts';
import { reasonOf } from '../../machines/kit/reason.ts';
import { blockRebuilderWith } from '../../machines/rebuild/block-rebuilder.machine.ts';
import type { BlockSource } from '../../ports/catalogue.ts';
import type { Health } from '../../ports/health.ts';
import type { BlockRow, OrderLog } from '../../ports/order-logs.ts';
import type { Pipeline } from '../../ports/pipeline.ts';
import type { Suppliers } from '../../ports/suppliers.ts';
import type { ActorRuntime } from '../../ports/world.ts';
import { BitDustError } from '../../protocol/errors.ts';
import type { BlockId } from '../../protocol/ids.ts';
import { ActorPool } from '../kit/actor-pool.ts';
import type { Service } from '../kit/service.ts';
import { isPlaced, type PlaceNeeds, placePiece } from './place-piece.ts';

export interface BlockRebuildersNeeds extends PlaceNeeds {
  readonly bus: Bus;
  readonly runtime: ActorRuntime;
  readonly log: Pick<OrderLog, 'block'>;
  readonly health: Pick<Health, 'pieceHeld' | 'removeBlocks'>;
  readonly source: Pick<BlockSource, 'gather'>;
  readonly pipeline: Pick<Pipeline, 'recompute'>;
  readonly suppliers: Pick<Suppliers, 'seat' | 'challenge' | 'noteStored' | 'wantRoom'>;
  readonly onFailure: (key: string, error: unknown) => void;
}

/** How a repair ended; `reason` says why it came too short. */
export interface RebuildEnd {
  readonly end: 'repaired' | 'short' | 'obsolete';
  readonly reason: string | null;
}

export interface BlockRebuilders extends Service {
  /** Repairs the pieces of these seats; resolves with how it ended. */
  rebuild(options: {
    readonly block: BlockId;
    readonly seats: readonly number[];
    readonly signal: AbortSignal;
  }): Promise<RebuildEnd>;
  counters(): {
    readonly running: number;
    readonly repaired: number;
    readonly recomputed: number;
    readonly sentBytes: number;
  };
}

const REBUILDERS_MAX = 4;

/** The bytes of one repair: they stay here and never enter the machine. */
interface Bench {
  row?: BlockRow;
  pieces?: ReadonlyMap<number, Uint8Array>;
  made?: ReadonlyMap<number, Uint8Array>;
  release?: () => void;
}

/** Wires `block-rebuilder`: gathers k, recomputes only what is missing, places, and lets the new seats prove it. */
export function createBlockRebuilders(needs: BlockRebuildersNeeds): BlockRebuilders {
  const { bus, log, health, suppliers } = needs;
  const benches = new Map<BlockId, Bench>();
  const ends = new Map<BlockId, (end: RebuildEnd) => void>();
  const counters = { repaired: 0, recomputed: 0, sentBytes: 0 };

  async function rowOf(block: BlockId): Promise<BlockRow> {
    const row = await log.block(block);
    if (!row) throw new BitDustError('PIECE_UNKNOWN', 'No record names the block.');
    return row;
  }

  async function isWanted(block: BlockId): Promise<'wanted' | 'obsolete'> {
    const standing = (await log.block(block))?.standing;
    if (standing === 'open' || standing === 'committed') return 'wanted';
    await health.removeBlocks([block]);
    return 'obsolete';
  }

  async function gather(block: BlockId, signal: AbortSignal): Promise<{ readonly enough: boolean }> {
    const row = await rowOf(block);
    const pieces = await needs.source.gather({ block, signal });
    benches.set(block, { row, pieces });
    return { enough: pieces.size >= row.k };
  }

  async function recode(block: BlockId, seats: readonly number[], signal: AbortSignal): Promise<void> {
    const bench = benches.get(block)!;
    const row = bench.row!;
    const want = seats.map((seat) => row.seats.indexOf(seat)).filter((index) => index >= 0);
    const options = { shape: row, pieces: bench.pieces!, want, signal, background: true };
    const { pieces, release } = await needs.pipeline.recompute(options);
    counters.recomputed += 1;
    benches.set(block, { row, made: pieces, release });
  }

  async function placeOne(block: BlockId, seat: number, signal: AbortSignal): Promise<boolean> {
    const bench = benches.get(block);
    const supplier = suppliers.seat(seat)?.device;
    const index = bench?.row?.seats.indexOf(seat) ?? -1;
    const bytes = bench?.made?.get(index);
    if (!bench?.row || !supplier || !bytes) return false;
    suppliers.wantRoom(seat, bytes.length);
    const placed = await placePiece(needs, { row: bench.row, index, supplier, bytes, signal });
    if (placed === 'stored') {
      counters.sentBytes += bytes.length;
      suppliers.noteStored(seat, bytes.length);
    }
    if (!isPlaced(placed)) reasons.set(block, placed);
    return isPlaced(placed);
  }

  /** Why the last step of a block failed, for people. */
  const reasons = new Map<BlockId, string>();
  const noting = async <T>(block: BlockId, run: () => Promise<T>): Promise<T> => {
    try {
      return await run();
    } catch (error) {
      reasons.set(block, reasonOf(error));
      throw error;
    }
  };

  const kept = async (
    block: BlockId,
    seats: readonly number[],
    test: (seat: number) => Promise<boolean>,
  ): Promise<number[]> => {
    const passed = await Promise.all(seats.map((seat) => noting(block, () => test(seat)).catch(() => false)));
    return seats.filter((_, index) => passed[index]);
  };

  const pool = new ActorPool({
    machine: blockRebuilderWith({
      isStillWanted: ({ block }) => noting(block, () => isWanted(block)),
      gather: ({ block }, signal) => noting(block, () => gather(block, signal)),
      recode: ({ block, seats }, signal) => noting(block, () => recode(block, seats, signal)),
      place: async ({ block, seats }, signal) => ({
        placed: await kept(block, seats, (seat) => placeOne(block, seat, signal)),
      }),
      confirm: async ({ block, seats }, signal) => {
        const proven = await kept(block, seats, (seat) => suppliers.challenge({ seat, block, signal }));
        for (const seat of proven) await health.pieceHeld(seat, [block]);
        return { proven };
      },
    }),
    runtime: needs.runtime,
    actorsMax: REBUILDERS_MAX,
    onEmit: (fact) => bus.publish(fact),
    onFailure: (key, error) => {
      settle(key, 'short');
      needs.onFailure(key, error);
    },
    onDone: (key, _output, state) => settle(key, state === 'repaired' || state === 'obsolete' ? state : 'short'),
  });

  function settle(block: BlockId, end: RebuildEnd['end']): void {
    benches.get(block)?.release?.();
    benches.delete(block);
    if (end === 'repaired') counters.repaired += 1;
    ends.get(block)?.({ end, reason: reasons.get(block) ?? null });
    ends.delete(block);
    reasons.delete(block);
  }

  return {
    start: () => undefined,
    stop() {
      pool.closeAll();
      for (const block of [...ends.keys()]) settle(block, 'short');
    },
    async rebuild({ block, seats, signal }) {
      if (signal.aborted || ends.has(block) || pool.size >= REBUILDERS_MAX) return { end: 'short', reason: 'TOO_BUSY' };
      return new Promise<RebuildEnd>((resolve) => {
        const cancel = (): void => void pool.send(block, { type: 'cancel' });
        ends.set(block, (end) => {
          signal.removeEventListener('abort', cancel);
          resolve(end);
        });
        signal.addEventListener('abort', cancel, { once: true });
        pool.open(block, { block, seats });
      });
    },
    counters: () => ({ running: pool.size, ...counters }),
  };
}
