import type { Health } from '../../ports/health.ts';
import type { LogSync } from '../../ports/log-sync.ts';
import type { NewBlock, Pipeline } from '../../ports/pipeline.ts';
import type { Suppliers } from '../../ports/suppliers.ts';
import type { Random } from '../../ports/world.ts';
import { encodeBlockRecord } from '../../protocol/block-record.ts';
import { fullBlockBytes, pieceBytes } from '../../protocol/block-size.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { chooseGeometry } from '../../protocol/geometry.ts';
import type { BlockId } from '../../protocol/ids.ts';
import { commitMark, type Geometry } from '../../protocol/marks.ts';
import type { CatalogueStore } from './catalogue/catalogue.ts';
import type { IntentRow, Journal, TaskRow } from './journal.ts';
import type { Lanes } from './lane-types.ts';

export interface PlaceBlocksNeeds {
  readonly journal: Journal;
  readonly catalogue: CatalogueStore;
  readonly sync: LogSync;
  readonly health: Health;
  readonly suppliers: Suppliers;
  readonly pipeline: Pick<Pipeline, 'remake'>;
  readonly lanes: Lanes;
  readonly random: Pick<Random, 'fraction'>;
  /** Pieces were staged. */
  readonly onStaged: (task: string, block: BlockId, pieces: number) => void;
}

/** Everything in one place of the file system; sources of intents are absolute paths below it. */
export const SOURCE_ROOT = '/';
const PIECE_BYTES_LEAST = 1024 * 1024;
const BLOCKS_AHEAD = 4;
const WANTED: ReadonlySet<string> = new Set(['open', 'committed']);

/** Puts new blocks into journal, log, health and lanes, in that order, and brings those of a killed run back. */
export function createBlockPlacer(needs: PlaceBlocksNeeds) {
  const { journal, catalogue, sync, health, suppliers, lanes } = needs;

  /** k and n of the next blocks; undefined while no supplier takes pieces. */
  function geometryNow(target: { readonly k: number | null; readonly n: number }): Geometry | undefined {
    const uptime = suppliers.uptime();
    const choose = (bytes: number) =>
      chooseGeometry({ domains: suppliers.seatsForBlock(bytes).length, uptime, target });
    const first = choose(PIECE_BYTES_LEAST);
    if (first === undefined) return undefined;
    return choose(pieceBytes(first.k, fullBlockBytes(first.k))) ?? first;
  }

  /** Seats of a new block; `SUPPLIERS_TOO_FEW` when some went since its geometry was chosen. */
  function seatsFor({ n, pieceBytes: bytes }: NewBlock): readonly number[] {
    const seats = suppliers.seatsForBlock(bytes).map(({ seat }) => seat);
    if (seats.length < n) throw new BitDustError('SUPPLIERS_TOO_FEW');
    const turn = seats.length === n ? 0 : Math.floor(needs.random.fraction() * seats.length);
    return Array.from({ length: n }, (_, index) => seats[(turn + index) % seats.length]!);
  }

  /**
   * No piece leaves before intent and `open` entry are durable. The pieces are owed before the log names the block: one
   * that is named and owes nothing counts as held.
   */
  async function place(task: TaskRow, built: NewBlock, signal: AbortSignal): Promise<void> {
    const { block, k, n, size, roots } = built;
    const seats = seatsFor(built);
    for (const seat of seats) suppliers.wantRoom(seat, built.pieceBytes * BLOCKS_AHEAD);
    await journal.putIntent({ task: task.task, seats, intent: built.intent }, built.copies);
    await health.addBlock({ block, k, n, size, seats });
    const record = encodeBlockRecord({ k, n, size, seats: Uint8Array.from(seats), roots });
    await sync.append([{ kind: 'open', body: { upload: task.upload, records: [record] } }]);
    await enterCopies(built.intent);
    await lanes.stage({ built, seats, isUnsure: false, signal });
    needs.onStaged(task.task, block, n);
  }

  /** Nothing of the block counts any more; its pieces may be erased. */
  async function abandon(row: IntentRow): Promise<void> {
    const { block, chunks } = row.intent;
    await catalogue.index.forget(
      block,
      chunks.map(({ chunk }) => chunk),
    );
    await lanes.drop([block]);
    if ((await sync.log.block(block))?.standing === 'open') {
      await sync.append([{ kind: 'abandon', body: { blocks: [block] } }]);
    }
    await health.removeBlocks([block]);
    await journal.removeUnindexed([block]);
    await journal.removeIntent(block);
  }

  /** One block of a run that was killed: made again, or given up when its source is another now. */
  async function resumeOne(row: IntentRow, signal: AbortSignal): Promise<'kept' | 'staged' | 'abandoned'> {
    const { block, k } = row.intent;
    const named = await sync.log.block(block);
    if (named === undefined || !WANTED.has(named.standing)) {
      await abandon(row);
      return 'abandoned';
    }
    if ((await health.block(block)) === undefined) await health.addBlock({ ...row.intent, seats: row.seats });
    await enterCopies(row.intent);
    const pieces = (await health.block(block))?.pieces ?? [];
    const owed = pieces.filter(({ state }) => state === 'owed' || state === 'moving').map(({ seat }) => seat);
    const held = row.seats.filter((seat) => !owed.includes(seat));
    if (owed.length === 0) {
      await journal.removeIntent(block);
      return 'kept';
    }
    const cached = await Promise.all(owed.map((seat) => lanes.cached(block, seat)));
    if (cached.every((bytes) => bytes !== undefined)) return 'kept';
    const made = await needs.pipeline.remake({ root: SOURCE_ROOT, intent: row.intent, signal });
    if ('block' in made) {
      await lanes.stage({ built: made.block, seats: row.seats, held, isUnsure: true, signal });
      needs.onStaged(row.task, block, owed.length);
      return 'staged';
    }
    if (held.length < k && named.standing === 'open') {
      await abandon(row);
      return 'abandoned';
    }
    await journal.removeIntent(block);
    return 'kept';
  }

  async function enterCopies(intent: IntentRow['intent']): Promise<void> {
    const { block } = intent;
    const copies = intent.chunks.map(({ source: _, kind: __, chunk, ...copy }) => ({
      chunk,
      copy: { ...copy, block },
    }));
    await catalogue.index.add(copies, { durable: true });
  }

  return {
    geometryNow,
    place,
    /** Blocks of earlier runs of these tasks go on where they stood. */
    async resume(
      chosen: (task: string) => boolean,
      signal: AbortSignal,
    ): Promise<{ readonly staged: number; readonly abandoned: number }> {
      const count = { staged: 0, abandoned: 0, kept: 0 };
      for (const row of await journal.intentsOf(chosen)) {
        signal.throwIfAborted();
        count[await resumeOne(row, signal)] += 1;
      }
      return count;
    },
    /** Blocks of a cancelled task that are not stored yet are given up; the others stay for later backups. */
    async giveUp(task: string): Promise<void> {
      for (const row of await journal.intentsOf((name) => name === task)) {
        const found = await health.block(row.intent.block);
        if (found === undefined || found.held < commitMark(row.intent)) await abandon(row);
      }
    },
  };
}

export type BlockPlacer = ReturnType<typeof createBlockPlacer>;
