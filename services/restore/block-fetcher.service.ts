import type { Bus } from '../../bus/bus.ts';
import { blockFetcherWith } from '../../machines/restore/block-fetcher.machine.ts';
import type { Health } from '../../ports/health.ts';
import type { BlockRow } from '../../ports/order-logs.ts';
import type { Suppliers } from '../../ports/suppliers.ts';
import type { ActorRuntime } from '../../ports/world.ts';
import { pieceBytes } from '../../protocol/block-size.ts';
import { BitDustError } from '../../protocol/errors.ts';
import type { BlockId, DeviceId } from '../../protocol/ids.ts';
import { LEAF_BYTES } from '../../protocol/piece-tree.ts';
import { ActorPool } from '../kit/actor-pool.ts';
import { pause } from '../kit/pause.ts';
import type { Service } from '../kit/service.ts';
import { BlockFetch } from './block-fetch.ts';
import type { LeafSpan, RetrieveNeeds } from './retrieve.ts';

export interface BlockFetchersNeeds extends RetrieveNeeds {
  readonly bus: Bus;
  readonly runtime: ActorRuntime;
  readonly suppliers: Pick<Suppliers, 'seat' | 'former'>;
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
  /** Resolves when the seat's answer is late by its own measure; rejects when the signal fires. */
  late(seat: number, signal: AbortSignal): Promise<void>;
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
  const formerOf = (seat: number) => suppliers.former?.(seat) ?? null;
  const hedgeMs = (seats: readonly number[]): number =>
    Math.max(HEDGE_MIN_MS, 2 * Math.max(0, ...seats.map((seat) => speeds.p95Ms(seat))));

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

  /** Who may have a piece: online ones first, data pieces before the others; last of all former holders of moved seats. */
  async function holdersOf(
    row: BlockRow,
    only: readonly number[] | undefined,
  ): Promise<{ readonly seats: readonly number[]; readonly givers: ReadonlyMap<number, DeviceId> }> {
    const states = await health.block(row.block);
    const givers = new Map<number, DeviceId>();
    const formers: number[] = [];
    for (const [index, seat] of row.seats.entries()) {
      if (only && !only.includes(index)) continue;
      const state = states?.pieces[index]?.state;
      const isMissing = state === 'lost' || state === 'owed' || state === 'moving';
      const giver = isMissing ? formerOf(seat) : supplierOf(seat);
      if (giver === null || state === 'lost') continue;
      givers.set(seat, giver);
      if (isMissing) formers.push(seat);
    }
    const usable = [...givers.keys()].filter((seat) => !formers.includes(seat));
    const online = usable.filter((seat) => suppliers.seat(seat)?.state === 'connected');
    const others = usable.filter((seat) => !online.includes(seat));
    const isParity = (seat: number): boolean => row.seats.indexOf(seat) >= row.k;
    // The slowest of all is asked last, also when his is a data piece: decoding costs less than waiting.
    const dataFirst = (seats: readonly number[]): readonly number[] => {
      const ranked = speeds.rank(seats);
      const preferred = seats.length > row.k ? ranked.slice(0, -1) : ranked;
      const sorted = [...preferred].sort((x, y) => Number(isParity(x)) - Number(isParity(y)));
      return [...sorted, ...ranked.slice(preferred.length)];
    };
    return { seats: [...dataFirst(online), ...dataFirst(others), ...formers], givers };
  }

  /** The wanted leaves of pieces that lie here. */
  async function haveOf(
    row: BlockRow,
    span: LeafSpan,
    only: readonly number[] | undefined,
  ): Promise<ReadonlyMap<number, Uint8Array>> {
    const cached = await needs.cached(row);
    const length = pieceBytes(row.k, row.size);
    const from = span.leaf * LEAF_BYTES;
    const to = Math.min(length, from + span.leaves * LEAF_BYTES);
    return new Map(
      [...cached]
        .filter(([index, bytes]) => bytes.length === length && (!only || only.includes(index)))
        .map(([index, bytes]) => [index, bytes.subarray(from, to)] as const),
    );
  }

  async function roomForOne(signal: AbortSignal): Promise<void> {
    while (pool.size >= FETCHERS_MAX) {
      await new Promise<void>((resolve) => waiting.push(resolve));
      // Who gives up hands the place on.
      if (signal.aborted) waiting.shift()?.();
      signal.throwIfAborted();
    }
  }

  return {
    start: () => undefined,
    stop() {
      pool.closeAll();
      for (const end of ends.values()) end();
    },
    late: (seat, signal) => pause(needs.clock, hedgeMs([seat]), signal),
    async fetch({ row, span, need, only, signal }) {
      signal.throwIfAborted();
      const have = await haveOf(row, span, only);
      const { seats, givers } = await holdersOf(row, only);
      await roomForOne(signal);
      turn += 1;
      const key = `${row.block.slice(0, 16)}:${turn}`;
      const fetch = new BlockFetch({ ...needs, row, span, supplierOf: (seat) => givers.get(seat) ?? null, have });
      running.set(key, fetch);
      const cancel = (): void => void pool.send(key, { type: 'cancel' });
      try {
        await new Promise<void>((resolve) => {
          ends.set(key, resolve);
          signal.addEventListener('abort', cancel, { once: true });
          pool.open(key, {
            fetch: key,
            block: row.block,
            need,
            seats,
            hedgeAfterMs: hedgeMs(seats.slice(0, need)),
          });
        });
      } finally {
        signal.removeEventListener('abort', cancel);
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
