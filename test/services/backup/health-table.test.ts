import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { VirtualClock } from '../../../node/worlds/virtual-clock.ts';
import type { Health } from '../../../ports/health.ts';
import { repairMark } from '../../../protocol/marks.ts';
import { createHealthTable } from '../../../services/backup/health-table.ts';
import { createMemoryStores } from '../../../storage/records/memory.ts';
import { blockOf, fakeBlocks } from '../../support/health-log.ts';

type Piece = 'held' | 'lost' | 'owed';
const SHAPES = [
  { k: 1, n: 1 },
  { k: 1, n: 3 },
  { k: 2, n: 4 },
  { k: 4, n: 8 },
] as const;

async function openTable() {
  const stores = createMemoryStores({ fraction: () => 0 });
  const clock = new VirtualClock({ startAt: 1_000_000 });
  const log = fakeBlocks();
  const { records } = await stores.engine().open('health');
  const again = async (): Promise<Health> => createHealthTable({ records, log, clock });
  return { log, clock, again, health: await again() };
}

/** The same rules, piece by piece. */
class NaiveHealth {
  readonly blocks = new Map<number, { readonly k: number; readonly n: number; readonly pieces: Piece[] }>();
  readonly away = new Set<number>();

  weight({ pieces }: { readonly pieces: readonly Piece[] }) {
    const of = (test: (piece: Piece, seat: number) => boolean) => pieces.filter(test).length;
    return {
      held: of((piece, seat) => piece === 'held' && !this.away.has(seat)),
      away: of((piece, seat) => piece === 'held' && this.away.has(seat)),
      missing: of((piece) => piece !== 'held'),
    };
  }

  safety(block: { readonly k: number; readonly n: number; readonly pieces: readonly Piece[] }): string {
    const { held, away } = this.weight(block);
    if (held + away < block.k) return 'unreadable';
    if (block.n > block.k && held === block.n) return 'safe';
    return block.n > block.k && held > repairMark(block) ? 'enough' : 'endangered';
  }

  queue(name: 'rescue' | 'refill'): string[] {
    return [...this.blocks]
      .filter(([, block]) => {
        const { held, away, missing } = this.weight(block);
        if (held + away < block.k) return false;
        return name === 'refill' ? missing > 0 : held <= repairMark(block) && held < block.n;
      })
      .sort(([a, x], [b, y]) => this.weight(x).held - x.k - (this.weight(y).held - y.k) || a - b)
      .map(([number]) => blockOf(number));
  }
}

const seat = fc.nat(7);
const number = fc.nat(5);
const step = fc.oneof(
  fc.record({ do: fc.constant('add' as const), number, shape: fc.nat(3), logFirst: fc.boolean() }),
  fc.record({ do: fc.constantFrom('held' as const, 'lost' as const), number, seat }),
  fc.record({ do: fc.constantFrom('away' as const, 'back' as const, 'replaced' as const), seat }),
  fc.record({ do: fc.constantFrom('recount' as const, 'restart' as const) }),
  fc.record({ do: fc.constant('remove' as const), number, abandonFirst: fc.boolean() }),
);

test('the table is always what a naive count piece by piece is, and a recount finds no difference', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), async (steps) => {
      const opened = await openTable();
      const { log, again } = opened;
      let { health } = opened;
      const naive = new NaiveHealth();
      await health.recount();
      for (const one of steps) {
        if (one.do === 'add') {
          if (naive.blocks.has(one.number) || (await log.block(blockOf(one.number)))) continue;
          const row = { block: blockOf(one.number), ...SHAPES[one.shape]!, size: 1024 * 1024 };
          const seats = Array.from({ length: row.n }, (_, index) => index);
          if (one.logFirst) log.put(row);
          await health.addBlock({ ...row, seats });
          if (!one.logFirst) log.put(row);
          naive.blocks.set(one.number, { k: row.k, n: row.n, pieces: seats.map(() => 'owed') });
        } else if (one.do === 'held' || one.do === 'lost') {
          const state = one.do;
          await (state === 'held' ? health.pieceHeld : health.pieceLost)(one.seat, [blockOf(one.number)]);
          const pieces = naive.blocks.get(one.number)?.pieces;
          const before = pieces?.[one.seat];
          if (pieces && before && (state === 'held' || before === 'held')) pieces[one.seat] = state;
        } else if (one.do === 'away' || one.do === 'back') {
          await health.seatAway(one.seat, one.do === 'away');
          one.do === 'away' ? naive.away.add(one.seat) : naive.away.delete(one.seat);
        } else if (one.do === 'replaced') {
          await health.seatReplaced(one.seat);
          naive.away.delete(one.seat);
          for (const { pieces } of naive.blocks.values()) if (one.seat < pieces.length) pieces[one.seat] = 'lost';
        } else if (one.do === 'remove') {
          if (one.abandonFirst) log.stand(blockOf(one.number), 'abandoned');
          await health.removeBlocks([blockOf(one.number)]);
          await health.removeBlocks([blockOf(one.number)]);
          log.stand(blockOf(one.number), 'abandoned');
          naive.blocks.delete(one.number);
        } else if (one.do === 'recount') {
          assert.deepEqual(await health.recount(), { differences: 0 });
        } else {
          health = await again();
          for (const away of naive.away) await health.seatAway(away, true);
          await health.recount();
        }
        const all = [...naive.blocks.values()];
        const { blocks } = health.summary();
        const of = (safety: string) => all.filter((block) => naive.safety(block) === safety).length;
        const counted = { total: all.length, safe: of('safe'), enough: of('enough') };
        assert.deepEqual(blocks, { ...counted, endangered: of('endangered'), unreadable: of('unreadable') });
        for (const queue of ['rescue', 'refill'] as const) {
          assert.deepEqual(
            (await health.weakest(queue, 100)).map(({ block }) => block),
            naive.queue(queue),
          );
        }
        for (let index = 0; index < 8; index += 1) {
          const wanted = all.filter(({ n }) => index < n).length;
          const held = all.filter(({ pieces }) => pieces[index] === 'held').length;
          const lost = all.filter(({ pieces }) => pieces[index] === 'lost').length;
          assert.deepEqual(health.pieceCounts(index), { wanted, held, lost, moving: 0 });
        }
      }
    }),
    { numRuns: 150 },
  );
});

test('a piece lost in an earlier run stays lost when the first word of this run is about another piece', async () => {
  const { log, health, again } = await openTable();
  log.put({ block: blockOf(1), k: 2, n: 4 });
  await health.pieceLost(0, [blockOf(1)]);
  const next = await again();
  await next.pieceLost(3, [blockOf(1)]);
  const states = (await (await again()).block(blockOf(1)))?.pieces.map(({ state }) => state);
  assert.deepEqual(states, ['lost', 'held', 'held', 'lost']);
});

test('a block of which nothing was sent is not taken for whole when its record reached the log later', async () => {
  const { log, health, again } = await openTable();
  const block = { block: blockOf(1), k: 2, n: 4, size: 1024 * 1024, seats: [0, 1, 2, 3] };
  await health.addBlock(block);
  await health.recount();
  log.put(block);
  const next = await again();
  await next.recount();
  assert.equal((await next.block(block.block))?.safety, 'unreadable');
});

test('a row whose block no log ever named is dropped after a day', async () => {
  const { health, clock, again } = await openTable();
  await health.addBlock({ block: blockOf(1), k: 2, n: 4, size: 1024, seats: [0, 1, 2, 3] });
  clock.advance(25 * 3_600_000);
  await health.recount();
  assert.equal(health.summary().blocks.total, 0);
  assert.equal(await (await again()).block(blockOf(1)), undefined);
});

test('a block whose missing pieces are on their way waits for no rescue', async () => {
  const { log, health } = await openTable();
  const block = { block: blockOf(1), k: 4, n: 8, size: 1024, seats: [0, 1, 2, 3, 4, 5, 6, 7] };
  log.put(block);
  await health.addBlock(block);
  for (const seat of [0, 1, 2, 3]) await health.pieceHeld(seat, [block.block]);
  for (const seat of [4, 5, 6]) health.pieceMoving(seat, [block.block], true);
  assert.deepEqual(await health.weakest('rescue', 10), []);
  health.pieceMoving(6, [block.block], false);
  assert.equal((await health.weakest('rescue', 10)).length, 1);
});

test('the weakest block is named also when it is weak only by seats that are away', async () => {
  const { log, health } = await openTable();
  log.put({ block: blockOf(1), k: 2, n: 4 });
  await health.recount();
  await health.seatAway(1, true);
  assert.deepEqual(health.summary().weakest, { block: blockOf(1), k: 2, n: 4, held: 3, away: 1 });
});
