import type { Bus } from '../../bus/bus.ts';
import { blockFetcherWith } from '../../machines/restore/block-fetcher.machine.ts';
import type { Health } from '../../ports/health.ts';
import type { BlockRow } from '../../ports/order-logs.ts';
import type { Suppliers } from '../../ports/suppliers.ts';
import type { ActorRuntime } from '../../ports/world.ts';
import { BitDustError } from '../../protocol/errors.ts';
import type { BlockId } from '../../protocol/ids.ts';
import { ActorPool } from '../kit/actor-pool.ts';
import type { Service } from '../kit/service.ts';
import { BlockFetch } from './block-fetch.ts';
import type { LeafSpan, RetrieveNeeds } from './retrieve.ts';

export interface BlockFetchersNeeds extends RetrieveNeeds {
  readonly bus: Bus;
  readonly runtime: ActorRuntime;
  readonly suppliers: Pick<Suppliers, 'seat'>;
  readonly health: Pick<Health, 'pieceLost' | 'block'>;
  /** A piece that still lies here, in a lane or in the cache, by index. */
  readonly cached: (row: BlockRow) => Promise<ReadonlyMap<number, Uint8Array>>;
  readonly onFailure: (key: string, error: unknown) => void;
}

/** Verified pieces of one block, all of the same leaves. */
export interface Gathered {
  readonly pieces: ReadonlyMap<number, Uint8Array>;
  readonly fetchedBytes: number;
}

export interface BlockFetchers extends Service {
  /** At least `need` pieces of the block, of these leaves; rejects with `TOO_FEW_PIECES`. */
  fetch(options: {
    readonly row: BlockRow;
    readonly span: LeafSpan;
    readonly need: number;
    /** Only these pieces; all when left out. */
    readonly only?: readonly number[];
    readonly signal: AbortSignal;
  }): Promise<Gathered>;
}

const FETCHERS_MAX = 32;
const HEDGE_MIN_MS = 300;

/** Wires `block-fetcher`: the k fastest seats first, faults into the health table before they are announced. */
export function createBlockFetchers(needs: BlockFetchersNeeds): BlockFetchers {
  const { bus, suppliers, health, speeds } = needs;
  const running = new Map<string, BlockFetch>();
  const ends = new Map<string, () => void>();
  const waiting: (() => void)[] = [];
  let turn = 0;

  const supplierOf = (seat: number) => suppliers.seat(seat)?.device ?? null;

  const pool = new ActorPool({
    machine: blockFetcherWith({
      askPieces: ({ fetch, seats, need }, signal) => running.get(fetch)!.ask(seats, { need, signal }),
      checkBlock: async () => ({ ok: true, faults: [] }),
    }),
    runtime: needs.runtime,
    actorsMax: FETCHERS_MAX,
    onEmit: (fact) => {
      void health.pieceLost(fact.seat, [fact.block]).then(
        () => bus.publish(fact),
        (error) => needs.onFailure(fact.block, error),
      );
    },
    onFailure: (key, error) => {
      ends.get(key)?.();
      needs.onFailure(key, error);
    },
    onDone: (key) => ends.get(key)?.(),
  });

  /** Seats that may have a piece, data pieces before the others where they are as fast. */
  async function seatsOf(row: BlockRow, only: readonly number[] | undefined): Promise<readonly number[]> {
    const states = await health.block(row.block);
    const usable = row.seats.filter((seat, index) => {
      if (only && !only.includes(index)) return false;
      const state = states?.pieces[index]?.state;
      return supplierOf(seat) !== null && state !== 'lost' && state !== 'owed' && state !== 'moving';
    });
    const online = usable.filter((seat) => suppliers.seat(seat)?.state === 'connected');
    const others = usable.filter((seat) => !online.includes(seat));
    const dataFirst = (seats: readonly number[]) =>
      [...speeds.rank(seats)].sort(
        (a, b) => Number(row.seats.indexOf(a) >= row.k) - Number(row.seats.indexOf(b) >= row.k),
      );
    return [...dataFirst(online), ...dataFirst(others)];
  }

  async function roomForOne(signal: AbortSignal): Promise<void> {
    while (pool.size >= FETCHERS_MAX) {
      signal.throwIfAborted();
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
  }

  return {
    start: () => undefined,
    stop() {
      pool.closeAll();
      for (const end of ends.values()) end();
    },
    async fetch({ row, span, need, only, signal }) {
      const have = span.leaf === 0 ? await needs.cached(row) : new Map<number, Uint8Array>();
      const seats = await seatsOf(row, only);
      await roomForOne(signal);
      turn += 1;
      const key = `${row.block.slice(0, 16)}:${turn}`;
      const fetch = new BlockFetch({ ...needs, row, span, supplierOf, have });
      running.set(key, fetch);
      const slowest = Math.max(0, ...seats.slice(0, need).map((seat) => speeds.p95Ms(seat)));
      try {
        await new Promise<void>((resolve) => {
          ends.set(key, resolve);
          signal.addEventListener('abort', () => pool.send(key, { type: 'cancel' }), { once: true });
          pool.open(key, {
            fetch: key,
            block: row.block,
            need,
            seats,
            hedgeAfterMs: Math.max(HEDGE_MIN_MS, 2 * slowest),
          });
        });
      } finally {
        fetch.end();
        running.delete(key);
        ends.delete(key);
        waiting.shift()?.();
      }
      signal.throwIfAborted();
      if (fetch.pieces.size < need) throw tooFew(row.block, { have: fetch.pieces.size, k: need, row, suppliers });
      return { pieces: fetch.pieces, fetchedBytes: fetch.fetchedBytes };
    },
  };
}

function tooFew(
  block: BlockId,
  found: {
    readonly have: number;
    readonly k: number;
    readonly row: BlockRow;
    readonly suppliers: Pick<Suppliers, 'seat'>;
  },
): BitDustError {
  const missed = found.row.seats.flatMap((seat) => {
    const view = found.suppliers.seat(seat);
    return view && view.state !== 'connected' ? [{ seat, device: view.device, since: view.seenAt }] : [];
  });
  return new BitDustError('TOO_FEW_PIECES', undefined, {
    details: { blocks: [{ block, have: found.have, k: found.k }], suppliers: missed },
  });
}
