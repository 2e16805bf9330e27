import type { BlockHealth, Health, PieceState, Safety } from '../../ports/health.ts';
import type { BlockRow, OrderLog } from '../../ports/order-logs.ts';
import type { RecordOperation, Records } from '../../ports/records.ts';
import type { Clock } from '../../ports/world.ts';
import type { BlockId } from '../../protocol/ids.ts';
import { decodeLocal, encodeLocal } from '../../protocol/local-codec.ts';
import { inOrder } from '../kit/in-order.ts';
import { classKey, type HealthClass, isRescue, margin, safetyOf, weigh, worstSafety } from './health-classes.ts';

export interface HealthTableNeeds {
  readonly records: Records;
  readonly log: Pick<OrderLog, 'eachBlock' | 'block' | 'blocks'>;
  readonly clock: Clock;
}

/** A block with missing pieces; whole blocks have no row. */
interface Row {
  readonly k: number;
  readonly n: number;
  readonly size: number;
  readonly seats: readonly number[];
  readonly lost: bigint;
  readonly owed: bigint;
  readonly since: number;
}

interface StoredRow {
  readonly k: number;
  readonly n: number;
  readonly size: number;
  readonly seats: readonly number[];
  readonly lost: string;
  readonly owed: string;
  readonly since: number;
}

interface Counted {
  readonly shape: HealthClass;
  blocks: number;
  bytes: number;
}

const PAGE = 1_000;
const WANTED: ReadonlySet<string> = new Set(['open', 'committed']);

const write = (row: Row): Uint8Array =>
  encodeLocal({ ...row, lost: row.lost.toString(16), owed: row.owed.toString(16) } satisfies StoredRow);

function read(bytes: Uint8Array): Row {
  const stored = decodeLocal<StoredRow>(bytes);
  return { ...stored, lost: BigInt(`0x${stored.lost}`), owed: BigInt(`0x${stored.owed}`) };
}

/** The health of our own blocks: counts per class in memory, a durable row only for blocks with missing pieces. */
export function createHealthTable(needs: HealthTableNeeds): Health {
  const { records, log, clock } = needs;
  const rows = new Map<BlockId, Row>();
  const classes = new Map<string, Counted>();
  const awaySeats = new Set<number>();
  const moving = new Map<number, Set<BlockId>>();
  const oneByOne = inOrder();
  let known = false;

  const isAway = (seat: number): boolean => awaySeats.has(seat);
  const weightOf = (shape: HealthClass) => weigh(shape, isAway);
  const bitOf = (row: { readonly seats: readonly number[] }, seat: number): bigint => {
    const index = row.seats.indexOf(seat);
    return index < 0 ? 0n : 1n << BigInt(index);
  };

  function count(shape: HealthClass, size: number, by: 1 | -1): void {
    const key = classKey(shape);
    const counted = classes.get(key) ?? { shape, blocks: 0, bytes: 0 };
    counted.blocks += by;
    counted.bytes += by * size;
    if (counted.blocks > 0) classes.set(key, counted);
    else classes.delete(key);
  }

  const whole = (row: BlockRow): Row => ({
    k: row.k,
    n: row.n,
    size: row.size,
    seats: row.seats,
    lost: 0n,
    owed: 0n,
    since: 0,
  });

  async function rowOf(block: BlockId): Promise<Row | undefined> {
    const row = rows.get(block);
    if (row) return row;
    const named = await log.block(block);
    return named && WANTED.has(named.standing) ? whole(named) : undefined;
  }

  function operation(block: BlockId, row: Row): RecordOperation {
    return row.lost === 0n && row.owed === 0n ? { remove: block } : { put: block, value: write(row) };
  }

  async function change(blocks: readonly BlockId[], alter: (row: Row) => Row): Promise<void> {
    const changes: { readonly block: BlockId; readonly from: Row; readonly to: Row }[] = [];
    for (const block of blocks) {
      const from = await rowOf(block);
      if (!from) continue;
      const to = alter(from);
      if (to.lost !== from.lost || to.owed !== from.owed) changes.push({ block, from, to });
    }
    if (changes.length === 0) return;
    await records.batch(
      changes.map(({ block, to }) => operation(block, to)),
      { durable: true },
    );
    for (const { block, from, to } of changes) {
      if (known) count(from, from.size, -1);
      if (known) count(to, to.size, 1);
      if (to.lost === 0n && to.owed === 0n) rows.delete(block);
      else rows.set(block, to);
    }
  }

  function view(block: BlockId, row: Row): BlockHealth {
    const weight = weightOf(row);
    const stateOf = (seat: number, index: number): PieceState => {
      const bit = 1n << BigInt(index);
      if (moving.get(seat)?.has(block)) return 'moving';
      if (row.lost & bit) return 'lost';
      if (row.owed & bit) return 'owed';
      return isAway(seat) ? 'away' : 'held';
    };
    const pieces = row.seats.map((seat, index) => ({ seat, state: stateOf(seat, index), since: row.since }));
    const { k, n, size } = row;
    return {
      block,
      k,
      n,
      size,
      held: weight.held,
      away: weight.away,
      lost: weight.lost + weight.owed,
      safety: safetyOf(row, weight),
      pieces,
    };
  }

  async function* allRows(after?: BlockId): AsyncIterable<readonly [BlockId, Row]> {
    for await (const named of log.eachBlock(after)) {
      if (WANTED.has(named.standing)) yield [named.block, rows.get(named.block) ?? whole(named)];
    }
  }

  async function recountNow(): Promise<{ readonly differences: number }> {
    const before = new Map([...classes].map(([key, counted]) => [key, counted.blocks]));
    rows.clear();
    for await (const [block, bytes] of records.range({})) rows.set(block, read(bytes));
    classes.clear();
    const seen = new Set<BlockId>();
    for await (const [block, row] of allRows()) {
      if (rows.has(block)) seen.add(block);
      count(row, row.size, 1);
    }
    const gone = [...rows.keys()].filter((block) => !seen.has(block));
    for (const block of gone) rows.delete(block);
    if (gone.length > 0)
      await records.batch(
        gone.map((block) => ({ remove: block })),
        { durable: false },
      );
    const differences = known ? [...classes].filter(([key, counted]) => before.get(key) !== counted.blocks).length : 0;
    known = true;
    return { differences };
  }

  async function weakestNow(queue: 'rescue' | 'refill', most: number): Promise<readonly BlockHealth[]> {
    const belongs = (row: Row): boolean => {
      const weight = weightOf(row);
      if (weight.held + weight.away < row.k) return false;
      return queue === 'rescue' ? isRescue(row, weight) : weight.lost + weight.owed > 0;
    };
    const found: (readonly [BlockId, Row])[] = [...rows].filter(([, row]) => belongs(row));
    const inClasses = [...classes.values()].some(
      ({ shape }) => shape.lost === 0n && shape.owed === 0n && belongs({ ...shape, size: 0, since: 0 }),
    );
    if (inClasses) {
      for await (const [block, row] of allRows()) {
        if (row.lost === 0n && row.owed === 0n && belongs(row)) found.push([block, row]);
        if (found.length >= most + PAGE) break;
      }
    }
    return found
      .sort(([a, x], [b, y]) => margin(x, weightOf(x)) - margin(y, weightOf(y)) || (a < b ? -1 : 1))
      .slice(0, most)
      .map(([block, row]) => view(block, row));
  }

  return {
    addBlock: (block) =>
      oneByOne(async () => {
        const { k, n, size, seats } = block;
        const row: Row = { k, n, size, seats, lost: 0n, owed: (1n << BigInt(n)) - 1n, since: clock.now() };
        await records.batch([{ put: block.block, value: write(row) }], { durable: true });
        const former = rows.get(block.block);
        if (known && former) count(former, former.size, -1);
        rows.set(block.block, row);
        if (known) count(row, size, 1);
      }),
    removeBlocks: (blocks) =>
      oneByOne(async () => {
        const found: (readonly [BlockId, Row])[] = [];
        for (const block of blocks) {
          const named = rows.get(block) ?? (await log.block(block).then((row) => (row ? whole(row) : undefined)));
          if (named) found.push([block, named]);
        }
        await records.batch(
          blocks.map((block) => ({ remove: block })),
          { durable: true },
        );
        for (const [block, row] of found) {
          if (known) count(row, row.size, -1);
          rows.delete(block);
        }
      }),
    pieceHeld: (seat, blocks) =>
      oneByOne(() =>
        change(blocks, (row) => ({ ...row, lost: row.lost & ~bitOf(row, seat), owed: row.owed & ~bitOf(row, seat) })),
      ),
    pieceLost: (seat, blocks) =>
      oneByOne(() =>
        change(blocks, (row) => ({
          ...row,
          lost: row.lost | (bitOf(row, seat) & ~row.owed),
          since: row.since || clock.now(),
        })),
      ),
    pieceMoving(seat, blocks, isMoving) {
      const lane = moving.get(seat) ?? new Set();
      moving.set(seat, lane);
      for (const block of blocks) isMoving ? lane.add(block) : lane.delete(block);
    },
    seatAway: (seat, away) =>
      oneByOne(async () => {
        if (away) awaySeats.add(seat);
        else awaySeats.delete(seat);
      }),
    seatReplaced: (seat) =>
      oneByOne(async () => {
        awaySeats.delete(seat);
        const at = clock.now();
        let page: BlockId[] = [];
        const lose = (row: Row): Row => ({
          ...row,
          lost: row.lost | bitOf(row, seat),
          owed: row.owed & ~bitOf(row, seat),
          since: row.since || at,
        });
        for await (const [block, row] of allRows()) {
          if (row.seats.includes(seat)) page.push(block);
          if (page.length < PAGE) continue;
          await change(page, lose);
          page = [];
        }
        await change(page, lose);
      }),
    async block(block) {
      const row = await rowOf(block);
      return row && view(block, row);
    },
    summary() {
      const all = [...classes.values()].map((counted) => ({ ...counted, weight: weightOf(counted.shape) }));
      const of = (safety: Safety) =>
        all.filter(({ shape, weight }) => safetyOf(shape, weight) === safety).reduce((sum, row) => sum + row.blocks, 0);
      const histogram = new Map<string, { k: number; n: number; held: number; blocks: number }>();
      for (const { shape, weight, blocks } of all) {
        const key = `${shape.k}/${shape.n}:${weight.held}`;
        const row = histogram.get(key) ?? { k: shape.k, n: shape.n, held: weight.held, blocks: 0 };
        histogram.set(key, { ...row, blocks: row.blocks + blocks });
      }
      const weakest = [...rows]
        .map(([block, row]) => view(block, row))
        .sort((a, b) => a.held - a.k - (b.held - b.k))[0];
      return {
        known,
        safety: known ? worstSafety(all.map(({ shape, weight }) => safetyOf(shape, weight))) : 'unknown',
        blocks: {
          total: all.reduce((sum, row) => sum + row.blocks, 0),
          safe: of('safe'),
          enough: of('enough'),
          endangered: of('endangered'),
          unreadable: of('unreadable'),
        },
        histogram: [...histogram.values()].sort((a, b) => a.held - b.held),
        weakest: weakest
          ? { block: weakest.block, k: weakest.k, n: weakest.n, held: weakest.held, away: weakest.away }
          : null,
        storedBytes: all.reduce((sum, row) => sum + (row.bytes / row.shape.k) * (row.weight.held + row.weight.away), 0),
      };
    },
    async safetyOf(blocks) {
      if (!known) return 'unknown';
      const seen: Safety[] = [];
      for (const block of blocks) {
        const row = await rowOf(block);
        seen.push(row ? safetyOf(row, weightOf(row)) : 'unreadable');
      }
      return worstSafety(seen);
    },
    weakest: (queue, most) => weakestNow(queue, most),
    async *blocksOfSeat(seat, state, after) {
      for await (const [block, row] of allRows(after)) {
        if (view(block, row).pieces.some((piece) => piece.seat === seat && piece.state === state)) yield block;
      }
    },
    pieceCounts(seat) {
      let wanted = 0;
      let held = 0;
      let lost = 0;
      for (const { shape, blocks } of classes.values()) {
        const bit = bitOf(shape, seat);
        if (bit === 0n) continue;
        wanted += blocks;
        if (shape.lost & bit) lost += blocks;
        else if (!(shape.owed & bit)) held += blocks;
      }
      return { wanted, held, moving: moving.get(seat)?.size ?? 0, lost };
    },
    recount: () => oneByOne(recountNow),
  };
}
