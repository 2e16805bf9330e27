import type { BlockHealth, Health, Safety } from '../../ports/health.ts';
import type { OrderLog } from '../../ports/order-logs.ts';
import type { Records } from '../../ports/records.ts';
import type { Clock } from '../../ports/world.ts';
import type { BlockId } from '../../protocol/ids.ts';
import { repairMark } from '../../protocol/marks.ts';
import { inOrder } from '../kit/in-order.ts';
import { isReadable, isRescue, margin, safetyOf, weigh, worstSafety } from './health-classes.ts';
import { createHealthCounts, type HealthCounts, summaryOf } from './health-counts.ts';
import { bitOf, type HealthRow, isWhole, readRow, rowOperation, viewRow, wholeRow } from './health-rows.ts';

export interface HealthTableNeeds {
  readonly records: Records;
  readonly log: Pick<OrderLog, 'eachBlock' | 'block' | 'blocks'>;
  readonly clock: Clock;
}

const PAGE = 1_000;
const WANTED: ReadonlySet<string> = new Set(['open', 'committed']);
/** A row may be there before the log names its block, never so long. */
const UNNAMED_KEPT_MS = 24 * 3_600_000;

/** The health of our own blocks: counts per class in memory, a durable row only for blocks with missing pieces. */
export function createHealthTable(needs: HealthTableNeeds): Health {
  const { records, log, clock } = needs;
  const awaySeats = new Set<number>();
  const formerSeats = new Set<number>();
  const moving = new Map<number, Set<BlockId>>();
  const oneByOne = inOrder();
  let rows = new Map<BlockId, HealthRow>();
  let counts: HealthCounts = createHealthCounts();
  /** Blocks the log names that do not count any more. */
  let uncounted = new Set<BlockId>();
  let known = false;
  let loading: Promise<void> | undefined;

  const isAway = (seat: number): boolean => awaySeats.has(seat);
  const hasFormer = (seat: number): boolean => formerSeats.has(seat);
  const isMoving = (seat: number, block: BlockId): boolean => moving.get(seat)?.has(block) ?? false;
  const weightOf = (row: Parameters<typeof weigh>[0]) => weigh(row, isAway, hasFormer);
  const view = (block: BlockId, row: HealthRow): BlockHealth => viewRow(block, row, { isAway, hasFormer, isMoving });

  async function storedRows(): Promise<Map<BlockId, HealthRow>> {
    const stored = new Map<BlockId, HealthRow>();
    for await (const [block, bytes] of records.range({})) stored.set(block, readRow(bytes));
    return stored;
  }

  /** Rows of an earlier run count from the first call on, or a change would write over what they say. */
  function loaded(): Promise<void> {
    loading ??= storedRows().then(
      (stored) => {
        rows = stored;
      },
      (error: unknown) => {
        loading = undefined;
        throw error;
      },
    );
    return loading;
  }

  const inTurn = <T>(job: () => Promise<T>): Promise<T> =>
    oneByOne(async () => {
      await loaded();
      return job();
    });

  async function rowOf(block: BlockId): Promise<HealthRow | undefined> {
    const row = rows.get(block);
    if (row) return row;
    const named = await log.block(block);
    return named && WANTED.has(named.standing) ? wholeRow(named) : undefined;
  }

  async function change(blocks: readonly BlockId[], alter: (row: HealthRow) => HealthRow): Promise<void> {
    const changes: { readonly block: BlockId; readonly from: HealthRow; readonly to: HealthRow }[] = [];
    for (const block of new Set(blocks)) {
      const from = await rowOf(block);
      if (!from) continue;
      const to = alter(from);
      if (to.lost === from.lost && to.owed === from.owed) continue;
      changes.push({
        block,
        from,
        to: isWhole(to) ? { ...to, since: 0 } : { ...to, since: from.since || clock.now() },
      });
    }
    if (changes.length === 0) return;
    const operations = changes.map(({ block, to }) => rowOperation(block, to));
    await records.batch(operations, { durable: true });
    for (const { block, from, to } of changes) {
      if (known) counts.take(block, from);
      if (known) counts.add(block, to);
      if (isWhole(to)) rows.delete(block);
      else rows.set(block, to);
    }
  }

  async function* allRows(after?: BlockId): AsyncIterable<readonly [BlockId, HealthRow]> {
    for await (const named of log.eachBlock(after)) {
      if (WANTED.has(named.standing)) yield [named.block, rows.get(named.block) ?? wholeRow(named)];
    }
  }

  async function recountNow(): Promise<{ readonly differences: number }> {
    const stored = await storedRows();
    const fresh = createHealthCounts();
    const gone = new Set(stored.keys());
    const unwanted = new Set<BlockId>();
    for await (const named of log.eachBlock()) {
      if (!WANTED.has(named.standing)) {
        unwanted.add(named.block);
        continue;
      }
      gone.delete(named.block);
      fresh.add(named.block, stored.get(named.block) ?? wholeRow(named));
    }
    for (const block of [...gone]) {
      const row = stored.get(block)!;
      const isNamed = (await log.block(block)) !== undefined;
      if (isNamed || clock.now() - row.since > UNNAMED_KEPT_MS) continue;
      gone.delete(block);
      fresh.add(block, row);
    }
    const removals = [...gone].map((block) => ({ remove: block }));
    if (removals.length > 0) await records.batch(removals, { durable: false });
    for (const block of gone) stored.delete(block);
    const differences = known ? counts.differences(fresh) : 0;
    rows = stored;
    uncounted = unwanted;
    counts = fresh;
    known = true;
    return { differences };
  }

  /** A block whose missing pieces are on their way is not in rescue. */
  function belongs(queue: 'rescue' | 'refill', row: HealthRow, block?: BlockId): boolean {
    const weight = weightOf(row);
    if (!isReadable(row, weight)) return false;
    if (queue === 'refill') return weight.lost + weight.owed > 0;
    const coming = block === undefined ? 0 : view(block, row).pieces.filter(({ state }) => state === 'moving').length;
    return isRescue(row, weight) && (coming === 0 || weight.held + coming <= repairMark(row));
  }

  async function weakestNow(queue: 'rescue' | 'refill', most: number): Promise<readonly BlockHealth[]> {
    await loaded();
    const found = [...rows].filter(([block, row]) => belongs(queue, row, block));
    const inClasses = counts
      .all()
      .some(({ shape }) => isWhole({ ...shape, size: 0, since: 0 }) && belongs(queue, { ...shape, size: 0, since: 0 }));
    if (inClasses) {
      for await (const [block, row] of allRows()) {
        if (isWhole(row) && belongs(queue, row)) found.push([block, row]);
        if (found.length >= most + PAGE) break;
      }
    }
    return found
      .map(([block, row]) => ({ block, row, above: margin(row, weightOf(row)) }))
      .sort((a, b) => a.above - b.above || (a.block < b.block ? -1 : 1))
      .slice(0, most)
      .map(({ block, row }) => view(block, row));
  }

  /** Blocks of the seat in pages, so that a large family costs no large list. */
  async function loseSeat(seat: number, former: 'serves' | 'gone'): Promise<void> {
    const lose = (row: HealthRow): HealthRow => {
      const bit = bitOf(row, seat);
      const isHeld = ((row.lost | row.owed) & bit) === 0n;
      if (isHeld && former === 'serves') return { ...row, owed: row.owed | bit };
      return { ...row, lost: row.lost | bit, owed: row.owed & ~bit };
    };
    const unnamed = [...rows].filter(([, row]) => row.seats.includes(seat)).map(([block]) => block);
    await change(unnamed, lose);
    let page: BlockId[] = [];
    for await (const [block, row] of allRows()) {
      if (row.seats.includes(seat)) page.push(block);
      if (page.length < PAGE) continue;
      await change(page, lose);
      page = [];
    }
    await change(page, lose);
  }

  return {
    addBlock: ({ block, k, n, size, seats }) =>
      inTurn(async () => {
        const row: HealthRow = { k, n, size, seats, lost: 0n, owed: (1n << BigInt(n)) - 1n, since: clock.now() };
        const former = rows.get(block);
        await records.batch([rowOperation(block, row)], { durable: true });
        uncounted.delete(block);
        if (known && former) counts.take(block, former);
        rows.set(block, row);
        if (known) counts.add(block, row);
      }),
    removeBlocks: (blocks) =>
      inTurn(async () => {
        const found: (readonly [BlockId, HealthRow])[] = [];
        for (const block of new Set(blocks)) {
          const named = rows.has(block) || uncounted.has(block) ? undefined : await log.block(block);
          const row = rows.get(block) ?? (named && wholeRow(named));
          if (row) found.push([block, row]);
        }
        const removals = blocks.map((block) => ({ remove: block }));
        if (removals.length > 0) await records.batch(removals, { durable: true });
        for (const [block, row] of found) {
          if (known) counts.take(block, row);
          rows.delete(block);
          uncounted.add(block);
        }
      }),
    pieceHeld: (seat, blocks) =>
      inTurn(() =>
        change(blocks, (row) => ({ ...row, lost: row.lost & ~bitOf(row, seat), owed: row.owed & ~bitOf(row, seat) })),
      ),
    pieceLost: (seat, blocks) =>
      inTurn(() =>
        change(blocks, (row) => {
          const bit = bitOf(row, seat);
          if (hasFormer(seat)) return { ...row, lost: row.lost | bit, owed: row.owed & ~bit };
          return { ...row, lost: row.lost | (bit & ~row.owed) };
        }),
      ),
    pieceMoving(seat, blocks, isOnItsWay) {
      const lane = moving.get(seat) ?? new Set();
      moving.set(seat, lane);
      for (const block of blocks) isOnItsWay ? lane.add(block) : lane.delete(block);
    },
    seatAway: (seat, away) =>
      inTurn(async () => {
        if (away) awaySeats.add(seat);
        else awaySeats.delete(seat);
      }),
    seatReplaced: (seat, former = 'gone') =>
      inTurn(async () => {
        awaySeats.delete(seat);
        moving.delete(seat);
        await loseSeat(seat, former);
        if (former === 'serves') formerSeats.add(seat);
        else formerSeats.delete(seat);
      }),
    seatFormer: (seat, serves) =>
      inTurn(async () => {
        if (serves) formerSeats.add(seat);
        else formerSeats.delete(seat);
      }),
    async block(block) {
      await loaded();
      const row = await rowOf(block);
      return row && view(block, row);
    },
    summary: () => summaryOf(counts, { known, weightOf }),
    async safetyOf(blocks) {
      if (!known) return 'unknown';
      const seen: Safety[] = [];
      for (const block of blocks) {
        const row = await rowOf(block);
        seen.push(row ? safetyOf(row, weightOf(row)) : 'unreadable');
      }
      return worstSafety(seen);
    },
    weakest: weakestNow,
    async *blocksOfSeat(seat, state, after) {
      await loaded();
      for await (const [block, row] of allRows(after)) {
        if (view(block, row).pieces.some((piece) => piece.seat === seat && piece.state === state)) yield block;
      }
    },
    pieceCounts: (seat) => ({ ...counts.pieceCounts(seat), moving: moving.get(seat)?.size ?? 0 }),
    recount: () => inTurn(recountNow),
  };
}
